#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace atelier {

// The ids of the requests that began last, for the report of a crash: written by any thread without a lock, and read by
// a signal's handler, which may find one half written.
class RecentRequests {
 public:
  static constexpr std::size_t kCount = 16, kIdBytesMax = 40;

  void note(std::string_view id) noexcept {
    Place& place = places_[next_.fetch_add(1, std::memory_order_relaxed) % kCount];
    for (std::size_t i = 0; i < kIdBytesMax; ++i)
      place[i].store(i < id.size() ? id[i] : '\0', std::memory_order_relaxed);
  }
  // Calls `write` with each id's characters, the newest first. For signal handlers.
  template <class Write>
  void each(Write write) const noexcept {
    const std::uint32_t next = next_.load(std::memory_order_relaxed);
    for (std::uint32_t i = 1; i <= kCount; ++i) {
      std::array<char, kIdBytesMax> id;
      std::size_t size = 0;
      for (const auto& c : places_[(next - i) % kCount])
        if ((id[size] = c.load(std::memory_order_relaxed)) == '\0' || ++size == id.size()) break;
      if (size > 0) write(std::string_view(id.data(), size));
    }
  }

 private:
  using Place = std::array<std::atomic<char>, kIdBytesMax>;
  std::array<Place, kCount> places_{};
  std::atomic<std::uint32_t> next_ = 0;
};

// Those of this process.
inline RecentRequests recent_requests;

}  // namespace atelier

#pragma once

#include <array>
#include <cstdint>

namespace atelier::net {

// The streams that were opened last, and which of them the client has itself ended: what it still sends on one of those
// is an error. What comes for a stream that the server ended may have been on its way, and is ignored.
class StreamHistory {
 public:
  enum class Known : std::uint8_t { opened, ended_by_client, never_opened, forgotten };
  void on_opened(std::int32_t stream) noexcept;
  void on_ended_by_client(std::int32_t stream) noexcept;
  // Of a client's stream not above the newest.
  Known look_up(std::int32_t stream) const noexcept;
  std::int32_t newest() const noexcept { return newest_; }

 private:
  struct Entry {
    std::int32_t stream = 0;
    bool is_ended_by_client = false;
  };
  static constexpr std::size_t kKept = 128;
  // Each stream has one place, which it takes from those that came 128 before it, or as many times that.
  static std::size_t place_of(std::int32_t stream) noexcept { return static_cast<std::size_t>(stream) / 2 % kKept; }
  std::array<Entry, kKept> entries_{};
  std::int32_t newest_ = 0;
};

}  // namespace atelier::net

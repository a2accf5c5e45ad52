#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace atelier::net {

// So many at once, and so many a second after that. Times are given, so that it needs no clock.
class TokenBucket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  TokenBucket(double burst, double per_second) noexcept : burst_(burst), per_second_(per_second), left_(burst) {}
  // False: nothing is left, and nothing was taken.
  bool take(TimePoint now) noexcept;

 private:
  const double burst_, per_second_;
  double left_;
  TimePoint since_{};
};

// What a client may cost a connection of HTTP/2 besides its requests. Each of these frames is allowed by RFC 9113, and
// each has been used to keep servers busy: resets (CVE-2023-44487, and those the server is made to send,
// CVE-2025-8671), CONTINUATION (CVE-2024-28182), PING, SETTINGS and empty DATA (CVE-2019-9512 to 9518). The functions
// return the reason for which the connection must end, or "".
class FrameBudget {
 public:
  using TimePoint = TokenBucket::TimePoint;
  // The head of any frame, before its payload is looked at.
  std::string_view on_frame(std::uint8_t type, std::uint8_t flags, std::size_t length_bytes, TimePoint now) noexcept;
  // A frame that was malformed or out of place.
  std::string_view on_glitch(TimePoint now) noexcept { return glitches_.take(now) ? "" : "http2_glitches"; }
  // A stream that was reset: by the client, or by us for what the client did.
  std::string_view on_reset(TimePoint now) noexcept { return resets_.take(now) ? "" : "http2_resets"; }
  // DATA without data, or with padding alone.
  std::string_view on_empty_data(TimePoint now) noexcept {
    return empty_data_.take(now) ? "" : "http2_empty_data_flood";
  }
  // The client may acknowledge what it gets, however late.
  void on_data_sent() noexcept { earned_updates_ += kUpdatesPerData; }

 private:
  static constexpr std::uint64_t kUpdatesPerData = 4;  // of the stream and of the connection, and as many to spare
  TokenBucket resets_{200, 20}, glitches_{1000, 50};
  TokenBucket pings_{100, 10}, settings_{100, 10}, empty_data_{100, 10}, priorities_{100, 10}, window_updates_{200, 10};
  std::uint64_t earned_updates_ = 0;
  std::size_t block_bytes_ = 0;  // of the fields that are coming in, as they are encoded
  std::uint32_t continuation_count_ = 0;
};

}  // namespace atelier::net

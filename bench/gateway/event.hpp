#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

// What the bench's upstream says in an event of a stream, and its client reads: a number from 0 on, and when it was
// sent.
namespace atelier::bench {

inline constexpr std::string_view kEventBefore =
    R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"bench","choices":[{"index":0,"delta":{"content":")";
inline constexpr std::string_view kEventAfter = R"( "},"finish_reason":null}]})";
inline constexpr std::size_t kNumberDigits = 8, kTimeDigits = 19;

struct EventStamp {
  std::uint64_t number = 0;
  std::int64_t sent_ns = 0;  // CLOCK_MONOTONIC
};

// nullopt: an event without content, such as the one that ends an answer.
inline std::optional<EventStamp> stamp_of(std::string_view event) {
  constexpr std::string_view kContent = R"("content":")";
  const std::size_t at = event.find(kContent);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view text = event.substr(at + kContent.size());
  if (text.size() < kNumberDigits + 1 + kTimeDigits) return std::nullopt;
  EventStamp stamp;
  const char* const digits = text.data();
  const bool is_good =
      std::from_chars(digits, digits + kNumberDigits, stamp.number).ec == std::errc() &&
      std::from_chars(digits + kNumberDigits + 1, digits + kNumberDigits + 1 + kTimeDigits, stamp.sent_ns).ec ==
          std::errc();
  return is_good ? std::optional(stamp) : std::nullopt;
}

}  // namespace atelier::bench

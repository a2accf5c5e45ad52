#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::watch {

// What of a metric's series is kept over time.
enum class Stat : std::uint8_t {
  value,  // of a gauge: the mean of the time
  rate,   // of a counter, and of what a histogram counted: per second
  p50,    // of what came in the time
  p95,
  p99,
};
std::string_view to_string(Stat stat) noexcept;
std::optional<Stat> parse_stat(std::string_view text) noexcept;

// One line of a chart. Written "atelier_http_request_seconds{route=\"/api/threads\"}:p95"; without labels there are no
// braces.
struct FigureName {
  std::string metric;
  std::string labels = {};  // as Prometheus writes them, without the braces
  Stat stat = Stat::value;
  friend auto operator<=>(const FigureName&, const FigureName&) = default;
  std::string to_string() const;
  static std::optional<FigureName> parse(std::string_view text);
};

// How finely and how long figures are kept. A point is of the time that begins at its number times the step.
struct Tier {
  std::chrono::seconds step;
  std::chrono::seconds kept;
};
inline constexpr std::array<Tier, 3> kTiers = {{{std::chrono::seconds(1), std::chrono::hours(1)},
                                                {std::chrono::seconds(10), std::chrono::hours(24)},
                                                {std::chrono::minutes(5), std::chrono::hours(24 * 90)}}};
inline constexpr std::int64_t kBlockPoints = 60;

}  // namespace atelier::watch

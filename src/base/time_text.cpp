#include "base/time_text.hpp"

#include <charconv>
#include <chrono>

namespace atelier {
namespace {

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  if (text.size() < from + count) return std::nullopt;
  int number = 0;
  const char* end = text.data() + from + count;
  const auto [stop, error] = std::from_chars(text.data() + from, end, number);
  if (error != std::errc() || stop != end || text[from] == '-') return std::nullopt;
  return number;
}

bool has(std::string_view text, std::size_t at, std::string_view any_of) {
  return at < text.size() && any_of.find(text[at]) != std::string_view::npos;
}

// Minutes east of UTC, of "Z" or "+02:00".
std::optional<int> offset_of(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  const auto hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
  if (zone.size() != 6 || !has(zone, 0, "+-") || !has(zone, 3, ":") || !hours || !minutes || *hours > 23 ||
      *minutes > 59)
    return std::nullopt;
  const int offset = *hours * 60 + *minutes;
  return zone[0] == '-' ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> parse_day(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (text.size() != 10 || !has(text, 4, "-") || !has(text, 7, "-") || !year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<UnixMs> parse_rfc3339(std::string_view text) {
  const auto day = parse_day(text.substr(0, 10));
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!day || !has(text, 10, "Tt") || !hour || !has(text, 13, ":") || !minute || !has(text, 16, ":") || !second)
    return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::int64_t fraction_ms = 0;
  std::size_t at = 19;
  if (has(text, at, ".")) {
    std::int64_t weight = 100;
    const std::size_t first = ++at;
    for (; has(text, at, "0123456789"); ++at, weight /= 10) fraction_ms += (text[at] - '0') * weight;
    if (at == first) return std::nullopt;
  }
  const auto offset = offset_of(text.substr(at));
  if (!offset) return std::nullopt;
  return ((*day * 24 + *hour) * 60 + *minute - *offset) * 60'000 + *second * 1000 + fraction_ms;
}

}  // namespace atelier

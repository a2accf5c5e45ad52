#include "model/provider/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "net/conditional.hpp"

namespace atelier::model {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

std::int64_t clamp_ms(double milliseconds) noexcept {
  if (!(milliseconds > 0)) return 0;
  if (milliseconds >= static_cast<double>(kDayMs)) return kDayMs;
  return static_cast<std::int64_t>(std::ceil(milliseconds));
}

// A decimal number at the front of `text`, taken off it. No exponents, no infinities.
std::optional<double> take_number(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find_first_not_of("0123456789.-"), text.size());
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc() || stop != text.data() + end || end == 0 || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(end);
  return number;
}

std::optional<double> take_unit_ms(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find_first_of("0123456789.-"), text.size());
  const std::string_view unit = text.substr(0, end);
  text.remove_prefix(end);
  if (unit == "ms") return 1.0;
  if (unit == "s") return 1e3;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  return std::nullopt;
}

// retry-after-ms, else a Retry-After that is a number.
std::optional<std::int64_t> relative_wait(const HttpHead& head) {
  if (const auto field = head.find("retry-after-ms")) {
    std::string_view text = trim(*field);
    const auto number = take_number(text);
    if (number && text.empty()) return clamp_ms(*number);
  }
  if (const auto field = head.find("retry-after")) return parse_wait(trim(*field));
  return std::nullopt;
}

std::optional<std::int64_t> until_date(const HttpHead& head, std::int64_t now_unix_ms) {
  const auto field = head.find("retry-after");
  const auto date_s = field ? net::parse_http_date(trim(*field)) : std::nullopt;
  if (!date_s) return std::nullopt;
  return std::clamp<std::int64_t>(*date_s * 1000 - now_unix_ms, 0, kDayMs);
}

}  // namespace

std::optional<std::int64_t> parse_wait(std::string_view text) noexcept {
  double sum_ms = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    if (text.empty() && sum_ms == 0) return clamp_ms(*number * 1e3);
    const auto unit_ms = take_unit_ms(text);
    if (!unit_ms) return std::nullopt;
    sum_ms += *number * *unit_ms;
  }
  return clamp_ms(sum_ms);
}

std::optional<std::int64_t> retry_after_of(const HttpHead& head, std::int64_t now_unix_ms) {
  if (const auto wait_ms = relative_wait(head)) return wait_ms;
  return until_date(head, now_unix_ms);
}

std::optional<std::int64_t> retry_after_of(const HttpHead& head) {
  if (const auto wait_ms = relative_wait(head)) return wait_ms;
  const auto date = head.find("date");
  const auto now_s = date ? net::parse_http_date(trim(*date)) : std::nullopt;
  return now_s ? until_date(head, *now_s * 1000) : std::nullopt;
}

}  // namespace atelier::model

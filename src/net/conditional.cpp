#include "net/conditional.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/text.hpp"

namespace atelier::net {
namespace {

constexpr std::size_t kRangesMax = 4;

std::optional<std::uint64_t> parse_number(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// One of "a-b", "a-", "-n". Malformed: nullopt. Outside: an empty inner optional.
std::optional<std::optional<ByteRange>> parse_one(std::string_view spec, std::uint64_t size) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view left = spec.substr(0, dash), right = spec.substr(dash + 1);
  if (left.empty()) {
    const auto suffix = parse_number(right);
    if (!suffix) return std::nullopt;
    if (*suffix == 0 || size == 0) return std::optional<ByteRange>();
    return ByteRange{size - std::min(*suffix, size), size - 1};
  }
  const auto first = parse_number(left);
  const auto last = right.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : parse_number(right);
  if (!first || !last || *last < *first) return std::nullopt;
  if (*first >= size) return std::optional<ByteRange>();
  return ByteRange{*first, std::min(*last, size - 1)};
}

std::string_view opaque(std::string_view etag) noexcept { return etag.starts_with("W/") ? etag.substr(2) : etag; }

template <class Same>
bool matches_any(std::string_view list, std::string_view etag, Same same) noexcept {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    list.remove_prefix(std::min(list.find_first_not_of(", \t"), list.size()));
    const std::size_t open = list.find('"');
    if (open == std::string_view::npos) return false;
    const std::size_t close = list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (same(list.substr(0, close + 1), etag)) return true;
    list.remove_prefix(close + 1);
  }
  return false;
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

bool is_modified_after(std::string_view last_modified, std::string_view date) noexcept {
  const auto modified = parse_http_date(last_modified), limit = parse_http_date(date);
  return !modified || !limit || *modified > *limit;
}

}  // namespace

RangeAnswer parse_range(std::string_view field, std::uint64_t size_bytes) {
  using Kind = RangeAnswer::Kind;
  field = trim(field);
  if (!field.starts_with("bytes=")) return {};
  field.remove_prefix(6);
  std::vector<ByteRange> ranges;
  for (std::size_t count = 0;; ++count) {
    if (count == kRangesMax) return {};
    const std::size_t comma = field.find(',');
    const auto range = parse_one(trim(field.substr(0, comma)), size_bytes);
    if (!range) return {};
    if (*range) {
      if (!ranges.empty() && (**range).first <= ranges.back().last) return {};  // not ascending or overlapping
      ranges.push_back(**range);
    }
    if (comma == std::string_view::npos) break;
    field.remove_prefix(comma + 1);
  }
  return ranges.empty() ? RangeAnswer{Kind::outside, {}} : RangeAnswer{Kind::partial, std::move(ranges)};
}

bool matches_strong(std::string_view list, std::string_view etag) noexcept {
  return matches_any(list, etag, [](std::string_view left, std::string_view right) {
    return left == right && !left.starts_with("W/");
  });
}

bool matches_weak(std::string_view list, std::string_view etag) noexcept {
  return matches_any(list, etag,
                     [](std::string_view left, std::string_view right) { return opaque(left) == opaque(right); });
}

Conditions Conditions::of(const Request& request) {
  Conditions conditions;
  conditions.method = request.method;
  const auto copy = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = request.headers.find(name);
    return value ? std::optional<std::string>(*value) : std::nullopt;
  };
  conditions.if_match = copy("if-match");
  conditions.if_none_match = copy("if-none-match");
  conditions.if_modified_since = copy("if-modified-since");
  conditions.if_unmodified_since = copy("if-unmodified-since");
  conditions.if_range = copy("if-range");
  conditions.range = copy("range");
  return conditions;
}

bool Conditions::is_plain() const noexcept {
  return !if_match && !if_none_match && !if_modified_since && !if_unmodified_since && !range;
}

Outcome check_preconditions(const Conditions& conditions, const Representation& representation) {
  const bool reads = conditions.method == Method::get || conditions.method == Method::head;
  if (conditions.if_match) {
    if (!matches_strong(*conditions.if_match, representation.etag)) return Outcome::precondition_failed;
  } else if (conditions.if_unmodified_since && !representation.last_modified.empty() &&
             parse_http_date(*conditions.if_unmodified_since)) {
    if (is_modified_after(representation.last_modified, *conditions.if_unmodified_since))
      return Outcome::precondition_failed;
  }
  if (conditions.if_none_match) {
    if (matches_weak(*conditions.if_none_match, representation.etag))
      return reads ? Outcome::not_modified : Outcome::precondition_failed;
  } else if (reads && conditions.if_modified_since && !representation.last_modified.empty()) {
    if (!is_modified_after(representation.last_modified, *conditions.if_modified_since)) return Outcome::not_modified;
  }
  return Outcome::send;
}

RangeAnswer choose_range(const Conditions& conditions, const Representation& representation) {
  if (conditions.method != Method::get || !conditions.range) return {};
  if (conditions.if_range) {
    const std::string_view wanted = trim(*conditions.if_range);
    const bool is_tag = wanted.find('"') != std::string_view::npos;
    const bool holds = is_tag
                           ? !representation.etag.empty() && wanted == representation.etag && !wanted.starts_with("W/")
                           : !representation.last_modified.empty() && wanted == representation.last_modified;
    if (!holds) return {};
  }
  return parse_range(*conditions.range, representation.size_bytes);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT") || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  const auto day = parse_number(text.substr(5, 2)), year = parse_number(text.substr(12, 4)),
             hour = parse_number(text.substr(17, 2)), minute = parse_number(text.substr(20, 2)),
             second = parse_number(text.substr(23, 2));
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (!day || !year || !hour || !minute || !second || month == kMonths.end()) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date(std::chrono::year(static_cast<int>(*year)),
                            std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto days = sys_days(date).time_since_epoch();
  return duration_cast<seconds>(days).count() + static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second);
}

std::string format_http_date(std::int64_t unix_seconds) {
  using namespace std::chrono;
  const sys_seconds time{seconds(unix_seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace atelier::net

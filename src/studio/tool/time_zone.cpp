#include "studio/tool/time_zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace atelier::studio {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kHeaderBytes = 44;
constexpr std::int64_t kDayS = 86'400;

// Names are paths below the database's folder: nothing in them leads out of it.
bool is_zone_name(std::string_view name) noexcept {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '/' && name.back() != '/' &&
         std::ranges::all_of(name, is_fine);
}

std::unexpected<Error> unreadable() { return fail(ErrorCode::internal, "the time zone's file cannot be read"); }

std::int64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  if (bytes.size() == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

// Of a block of transitions: how many of each there are.
struct Counts {
  std::size_t utc_flags = 0, standard_flags = 0, leaps = 0, times = 0, types = 0, letters = 0;
  std::size_t bytes(std::size_t time_bytes) const noexcept {
    return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + standard_flags + utc_flags;
  }
};

std::optional<Counts> read_header(std::string_view bytes) noexcept {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return std::nullopt;
  std::array<std::size_t, 6> counts{};
  for (std::size_t at = 0; at < counts.size(); ++at) {
    const std::int64_t count = big_endian(bytes.substr(20 + 4 * at, 4));
    if (count < 0 || count > static_cast<std::int64_t>(kFileBytesMax)) return std::nullopt;
    counts[at] = static_cast<std::size_t>(count);
  }
  return Counts{.utc_flags = counts[0],
                .standard_flags = counts[1],
                .leaps = counts[2],
                .times = counts[3],
                .types = counts[4],
                .letters = counts[5]};
}

// --- what holds after the last transition: a rule as POSIX writes it, "CET-1CEST,M3.5.0,M10.5.0/3" ---

class Rule {
 public:
  explicit Rule(std::string_view text) : rest_(text) {}

  // nullopt: it cannot be read.
  std::optional<ZoneTime> at(std::int64_t unix_s) {
    const auto standard = name();
    const auto offset = seconds();
    if (!standard || !offset) return std::nullopt;
    const ZoneTime winter{.offset_s = -*offset, .short_name = *standard};
    if (rest_.empty()) return winter;
    const auto summer_name = name();
    if (!summer_name) return std::nullopt;
    ZoneTime summer{.offset_s = winter.offset_s + 3'600, .short_name = *summer_name};
    if (!rest_.empty() && rest_.front() != ',') {
      const auto given = seconds();
      if (!given) return std::nullopt;
      summer.offset_s = -*given;
    }
    const std::int64_t year = year_of(unix_s + winter.offset_s);
    const auto begin = change(year), end = change(year);
    if (!begin || !end || !rest_.empty()) return std::nullopt;
    // Each is told in the time that holds before it.
    const std::int64_t from = *begin - winter.offset_s, until = *end - summer.offset_s;
    const bool is_summer =
        from < until ? unix_s >= from && unix_s < until : unix_s >= from || unix_s < until;  // south of the equator
    return is_summer ? summer : winter;
  }

 private:
  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> name() {
    const bool is_quoted = take('<');
    std::size_t end = 0;
    const auto is_letter = [&](char c) {
      return is_quoted ? c != '>' : (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    while (end < rest_.size() && is_letter(rest_[end])) ++end;
    if (end == 0) return std::nullopt;
    std::string found(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (is_quoted && !take('>')) return std::nullopt;
    return found;
  }
  std::optional<std::int64_t> number() noexcept {
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < 4 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++digits;
    }
    return digits == 0 ? std::nullopt : std::optional(value);
  }
  // "[+-]hh[:mm[:ss]]"
  std::optional<std::int64_t> seconds() noexcept {
    const std::int64_t sign = take('-') ? -1 : 1;
    if (sign == 1) (void)take('+');
    const auto hours = number();
    if (!hours) return std::nullopt;
    std::int64_t total = *hours * 3'600;
    for (const std::int64_t unit : {60, 1}) {
      if (!take(':')) break;
      const auto more = number();
      if (!more) return std::nullopt;
      total += *more * unit;
    }
    return sign * total;
  }
  // ",Mm.w.d[/time]", ",Jn[/time]" or ",n[/time]": local seconds since 1970.
  std::optional<std::int64_t> change(std::int64_t year) noexcept {
    if (!take(',')) return std::nullopt;
    std::int64_t day = 0;
    if (take('M')) {
      const auto month = number();
      if (!month || *month < 1 || *month > 12 || !take('.')) return std::nullopt;
      const auto week = number();
      if (!week || *week < 1 || *week > 5 || !take('.')) return std::nullopt;
      const auto weekday = number();
      if (!weekday || *weekday > 6) return std::nullopt;
      const std::int64_t first = days_to(year, *month);
      const std::int64_t next = *month == 12 ? days_to(year + 1, 1) : days_to(year, *month + 1);
      day = first + (*weekday - (first + 4) % 7 + 7) % 7 + (*week - 1) * 7;  // 1970 began on a Thursday
      while (day >= next) day -= 7;
    } else {
      const bool skips_leap_day = take('J');
      const auto of_year = number();
      if (!of_year || *of_year > 366) return std::nullopt;
      day = days_to(year, 1) + *of_year;
      if (skips_leap_day) {
        const bool is_leap = days_to(year, 3) - days_to(year, 2) == 29;
        day += is_leap && *of_year >= 60 ? 0 : -1;
      }
    }
    std::int64_t time = 7'200;
    if (take('/')) {
      const auto given = seconds();
      if (!given) return std::nullopt;
      time = *given;
    }
    return day * kDayS + time;
  }
  // Days from 1970 to the first of a month of a year after that.
  static std::int64_t days_to(std::int64_t year, std::int64_t month) noexcept {
    const std::int64_t shifted = month <= 2 ? year - 1 : year;
    const std::int64_t era = shifted / 400, of_era = shifted % 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
  }
  static std::int64_t year_of(std::int64_t local_s) noexcept {
    std::int64_t year = 1970 + local_s / (366 * kDayS);
    while (days_to(year + 1, 1) * kDayS <= local_s) ++year;
    return year;
  }

  std::string_view rest_;
};

}  // namespace

Result<ZoneTime> read_zone(std::string_view file, std::int64_t unix_s) {
  const auto first = read_header(file);
  if (!first || file[4] < '2') return unreadable();
  // The first block holds what fits 32 bits; the second holds all.
  const std::size_t begin = kHeaderBytes + first->bytes(4);
  if (file.size() < begin) return unreadable();
  file.remove_prefix(begin);
  const auto counts = read_header(file);
  if (!counts || counts->types == 0 || file.size() < kHeaderBytes + counts->bytes(8)) return unreadable();
  const std::string_view times = file.substr(kHeaderBytes, counts->times * 8);
  const std::string_view kinds = file.substr(kHeaderBytes + times.size(), counts->times);
  const std::string_view types = file.substr(kHeaderBytes + times.size() + kinds.size(), counts->types * 6);
  const std::string_view letters =
      file.substr(kHeaderBytes + times.size() + kinds.size() + types.size(), counts->letters);
  const auto time_at = [&](std::size_t at) { return big_endian(times.substr(at * 8, 8)); };

  std::string_view rule = file.substr(kHeaderBytes + counts->bytes(8));
  if (rule.starts_with('\n')) rule.remove_prefix(1);
  rule = rule.substr(0, rule.find('\n'));
  const bool is_after = counts->times == 0 || unix_s >= time_at(counts->times - 1);
  if (is_after && unix_s >= 0 && !rule.empty()) {
    Rule last(rule);
    if (auto found = last.at(unix_s)) return *found;
    return unreadable();
  }
  std::size_t low = 0, high = counts->times;  // how many transitions were before
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (time_at(middle) <= unix_s)
      low = middle + 1;
    else
      high = middle;
  }
  const std::size_t kind = low == 0 ? 0 : static_cast<unsigned char>(kinds[low - 1]);
  if (kind >= counts->types) return unreadable();
  const std::string_view type = types.substr(kind * 6, 6);
  const auto name_at = static_cast<unsigned char>(type[5]);
  if (name_at > letters.size()) return unreadable();
  const std::string_view name = letters.substr(name_at);
  return ZoneTime{.offset_s = big_endian(type.substr(0, 4)),
                  .short_name = std::string(name.substr(0, name.find('\0')))};
}

Result<ZoneTime> zone_time(std::string_view zone, std::int64_t unix_s) {
  if (zone == "UTC") return ZoneTime{.offset_s = 0, .short_name = "UTC"};
  const auto unknown = [&] {
    return fail(ErrorCode::invalid_argument,
                fmt::format("\"{}\" is no time zone: give a name such as Europe/Rome, or UTC", zone),
                {.reason = "field_invalid", .where = "/zone"});
  };
  if (!is_zone_name(zone)) return unknown();
  const std::filesystem::path path = std::filesystem::path("/usr/share/zoneinfo") / std::string(zone);
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return unknown();
  const auto size = std::filesystem::file_size(path, failed);
  if (failed || size > kFileBytesMax) return unknown();
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!bytes.starts_with("TZif")) return unknown();
  return read_zone(bytes, unix_s);
}

}  // namespace atelier::studio

#include "model/price/money.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr int kPicoDigits = 12;
// A 128-bit integer holds 38 decimal digits; what stands behind the 36th cannot matter to a picodollar.
constexpr int kDigitsMax = 36;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

struct Decimal {
  bool is_negative = false;
  unsigned __int128 digits = 0;
  int exponent = 0;  // value = digits * 10^exponent
};

// JSON's numbers, with a leading + allowed.
bool read_decimal(std::string_view text, Decimal& out) noexcept {
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) out.is_negative = text[at++] == '-';
  int kept = 0, seen = 0;
  bool is_fraction = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !is_fraction)); ++at) {
    if (text[at] == '.') {
      is_fraction = true;
      continue;
    }
    ++seen;
    if (kept < kDigitsMax) {
      out.digits = out.digits * 10 + static_cast<unsigned>(text[at] - '0');
      if (out.digits != 0) ++kept;
      if (is_fraction) --out.exponent;
    } else if (!is_fraction) {
      ++out.exponent;
    }
  }
  if (seen == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int exponent = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (error != std::errc() || exponent > 1000 || exponent < -1000) return false;
    at = static_cast<std::size_t>(stop - text.data());
    out.exponent += exponent;
  }
  return at == text.size();
}

}  // namespace

Result<Picodollars> parse_dollars(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" {}", printable(text, 40), why));
  };
  Decimal decimal;
  if (!read_decimal(trim(text), decimal)) return refuse("is no amount of dollars");
  int exponent = decimal.exponent + kPicoDigits;
  unsigned __int128 value = decimal.digits;
  const bool is_nothing = value == 0;
  for (; exponent > 0 && value != 0; --exponent) {
    value *= 10;
    if (value > static_cast<unsigned __int128>(kMoneyMax)) return refuse("dollars are more than can be counted");
  }
  bool rounds_up = false;
  for (; exponent < 0 && (value != 0 || rounds_up); ++exponent) {
    rounds_up = value % 10 >= 5;
    value /= 10;
  }
  if (rounds_up) ++value;
  if (value == 0 && !is_nothing) value = 1;
  if (value > static_cast<unsigned __int128>(kMoneyMax)) return refuse("dollars are more than can be counted");
  const auto amount = static_cast<Picodollars>(value);
  return decimal.is_negative ? -amount : amount;
}

std::string format_dollars(Picodollars amount) {
  const bool is_negative = amount < 0;
  const auto magnitude = is_negative ? 0 - static_cast<std::uint64_t>(amount) : static_cast<std::uint64_t>(amount);
  constexpr auto kWhole = static_cast<std::uint64_t>(kDollar);
  std::string text = fmt::format("{}{}.{:012}", is_negative ? "-" : "", magnitude / kWhole, magnitude % kWhole);
  const std::size_t least = text.find('.') + 3;
  while (text.size() > least && text.back() == '0') text.pop_back();
  return text;
}

Picodollars times(std::int64_t count, Picodollars price) noexcept {
  Picodollars product = 0;
  return __builtin_mul_overflow(count, price, &product) ? kMoneyMax : product;
}

Picodollars plus(Picodollars left, Picodollars right) noexcept {
  Picodollars sum = 0;
  return __builtin_add_overflow(left, right, &sum) ? kMoneyMax : sum;
}

}  // namespace atelier::model

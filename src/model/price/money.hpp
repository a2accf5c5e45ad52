#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::model {

// Money is counted in whole picodollars (10^-12 US dollars): the smallest prices of a token, such as 5.46875e-07
// dollars, are exact in them, and 64 bits hold nine million dollars.
using Picodollars = std::int64_t;

inline constexpr Picodollars kDollar = 1'000'000'000'000;
inline constexpr Picodollars kCent = kDollar / 100;
// What nobody can pay: sums that would leave 64 bits stop here.
inline constexpr Picodollars kMoneyMax = std::numeric_limits<Picodollars>::max();

// "5.46875e-07" -> 546'875. Decimal, never through a double. What is finer than a picodollar is rounded to the nearest
// one, but a price is never rounded to nothing. Refuses what is no number, and what 64 bits cannot hold.
Result<Picodollars> parse_dollars(std::string_view text);

// "0.000146625", "12.50", "-3.00": at least two decimals, and as many as there are.
std::string format_dollars(Picodollars amount);

// count * price and sums of such, stopping at kMoneyMax. For counts and prices that are not negative.
Picodollars times(std::int64_t count, Picodollars price) noexcept;
Picodollars plus(Picodollars left, Picodollars right) noexcept;

}  // namespace atelier::model

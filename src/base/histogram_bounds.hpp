#pragma once

#include <string_view>

namespace atelier {

// Between which powers of two others are told the bounds of a histogram, by the unit its metric's name ends in. What is
// kept is finer, and knows more than these.
struct HistogramBounds {
  int lowest, highest;
};
constexpr HistogramBounds histogram_bounds(std::string_view name) noexcept {
  if (name.ends_with("_bytes")) return {16, 36};       // 64 KiB to 64 GiB
  if (name.ends_with("_per_second")) return {-2, 14};  // a quarter to 16 thousand
  return {-11, 6};                                     // half a millisecond to a minute; shares of one
}

}  // namespace atelier

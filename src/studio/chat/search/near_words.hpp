#pragma once

#include <cstddef>
#include <string_view>

namespace atelier::studio {

// By how many letters a word may be mistyped and still be meant: none of 3 letters, 1 of 4 to 7, 2 of longer ones. None
// of words with digits.
std::size_t typos_allowed(std::string_view word) noexcept;

// How many letters differ: one missing, too many, another, or two swapped. More than `max` is max + 1.
std::size_t typo_distance(std::string_view left, std::string_view right, std::size_t max);

}  // namespace atelier::studio

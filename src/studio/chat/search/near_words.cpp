#include "studio/chat/search/near_words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "store/words.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kLettersMax = store::kWordBytesMax;
using Letters = std::array<char32_t, kLettersMax>;

// Returns how many there are.
std::size_t read_letters(std::string_view word, Letters& letters) noexcept {
  std::size_t count = 0;
  for (const char byte : word) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value & 0xC0U) == 0x80 && count > 0)
      letters[count - 1] = letters[count - 1] << 6 | (value & 0x3FU);
    else if (count < kLettersMax)
      letters[count++] = value;
  }
  return count;
}

}  // namespace

std::size_t typos_allowed(std::string_view word) noexcept {
  std::size_t count = 0;
  for (const char byte : word) {
    if (byte >= '0' && byte <= '9') return 0;
    count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80 ? 1 : 0;
  }
  return count < 4 ? 0 : count < 8 ? 1 : 2;
}

std::size_t typo_distance(std::string_view left, std::string_view right, std::size_t max) {
  Letters from, to;
  const std::size_t rows = read_letters(left, from), columns = read_letters(right, to);
  if (std::max(rows, columns) - std::min(rows, columns) > max) return max + 1;
  // Three rows of the table of optimal string alignment, one after another in a ring.
  std::array<std::array<std::uint8_t, kLettersMax + 1>, 3> table;
  for (std::size_t column = 0; column <= columns; ++column) table[0][column] = static_cast<std::uint8_t>(column);
  for (std::size_t row = 1; row <= rows; ++row) {
    auto& now = table[row % 3];
    const auto& before = table[(row + 2) % 3];
    const auto& two_before = table[(row + 1) % 3];
    now[0] = static_cast<std::uint8_t>(row);
    std::uint8_t least = now[0];
    for (std::size_t column = 1; column <= columns; ++column) {
      const bool is_same = from[row - 1] == to[column - 1];
      int best = std::min({before[column] + 1, now[column - 1] + 1, before[column - 1] + (is_same ? 0 : 1)});
      if (row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1])
        best = std::min(best, two_before[column - 2] + 1);
      now[column] = static_cast<std::uint8_t>(best);
      least = std::min(least, now[column]);
    }
    if (least > max) return max + 1;
  }
  return std::min<std::size_t>(table[rows % 3][columns], max + 1);
}

}  // namespace atelier::studio

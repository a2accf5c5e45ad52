#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace atelier::studio::exchange {

// Backticks that can stand around a text in Markdown: more than it has in a row itself.
inline std::string code_fence(std::string_view text) {
  std::size_t longest = 2, row = 0;
  for (const char letter : text) {
    row = letter == '`' ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  return std::string(longest + 1, '`');
}

}  // namespace atelier::studio::exchange

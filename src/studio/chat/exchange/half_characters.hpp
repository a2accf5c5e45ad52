#pragma once

#include <string>
#include <string_view>

namespace atelier::studio::exchange {

struct Mended {
  std::string text = {};  // only where there was something to mend
  std::size_t count = 0;
};

// JavaScript and Python write half a character as "\ud83d" where an answer was cut in the middle of an emoji, which is
// no text in UTF-8. Each becomes "\ufffd"; all the rest of the JSON stays as it is.
Mended mend_half_characters(std::string_view json);

}  // namespace atelier::studio::exchange

#pragma once

#include <string_view>

#include "studio/chat/exchange/part_list.hpp"

namespace atelier::studio::exchange {

// An answer of Open WebUI as it keeps it in one text: <details type="reasoning">, "tool_calls" and "code_interpreter"
// among what was said. Any other markup, and a block without an end, is text like the rest.
void read_blocks(std::string_view content, PartList& parts);

}  // namespace atelier::studio::exchange

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"

namespace atelier::studio {

// One message of a thread, whose parts hold the calls a model made and what they gave, as the turns that providers
// take: every call is followed by a result, and every result follows its call. A call that has none (it was stopped,
// or the person went on without deciding) is told that it was not run; a result without a call is left out.
std::vector<model::Message> turns_of(model::Role role, std::vector<model::Part> parts);

// A tool's name in letters, digits, '_' and '-' alone: what came from elsewhere may have others, which providers
// refuse.
std::string plain_tool_name(std::string_view name);

}  // namespace atelier::studio

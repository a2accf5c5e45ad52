#pragma once

#include <string>
#include <string_view>

#include "model/chat.hpp"

// Tool calls in protocols that are narrower than the canonical form.
namespace atelier::model {

// A call's arguments where the protocol wants an object. What a model wrote that is none stands in {"INVALID_JSON":
// text}, a custom tool's free text in {"input": text}.
json::Object arguments_object(const ToolCall& call);
// Of a tool, for protocols where every tool takes an object.
json::Object parameters_object(const Tool& tool);
// A call's id of letters, digits, '_' and '-' alone, which is all that Anthropic takes. Equal ids stay equal.
std::string plain_call_id(std::string_view id);
// Whether the caller lets this tool be called. Tools that the provider runs always are.
bool is_allowed(const Tool& tool, const ChatRequest& request);

}  // namespace atelier::model

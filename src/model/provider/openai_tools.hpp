#pragma once

#include "model/chat.hpp"

// Tools, the choice among them and the answer's format in the two spellings of OpenAI: chat nests
// ({"type":"function","function":{...}}), Responses is flat.
namespace atelier::model::openai {

enum class Spelling : std::uint8_t { nested, flat };

// A custom tool's format is kept flat in Tool::extra["format"].
json::Value flatten_grammar(const json::Value& format);

struct ToolForm {
  Spelling spelling = Spelling::nested;
  Protocol protocol = Protocol::openai_chat;  // whose own tools are sent on
  bool has_extra = false;                     // the request came in this protocol
  bool has_cache_control = false;
};
// The request's tools that can be said in this form.
json::Array write_tools(const std::vector<Tool>& tools, const ToolForm& form);
// `tools` tells which names take free text.
json::Value write_tool_choice(const ToolChoice& choice, const std::vector<Tool>& tools, Spelling spelling);
json::Object write_format(const AnswerFormat& format, Spelling spelling);

// The effort that a budget of thinking tokens stands for, where only efforts can be said.
std::string effort_of(const ReasoningWish& wish);

}  // namespace atelier::model::openai

#pragma once

#include "model/face/anthropic_reading.hpp"
#include "model/provider/openai_tools.hpp"

// Reading requests of OpenAI's protocols: what both spell alike but for the nesting.
namespace atelier::model::openai {

using anthropic::Complaint;
using anthropic::Place;

// What `from` has under `name`, unless it is null, which is as good as absent.
const json::Value* present(const json::Object& from, std::string_view name);
// Fields of `from` that must be of a kind where they are there.
std::string required_text(const json::Object& from, const Place& at, std::string_view name, Complaint& complaint);
std::optional<bool> optional_flag(const json::Object& from, const Place& at, std::string_view name,
                                  Complaint& complaint);

Tool read_tool(const json::Value& value, const Place& at, Spelling spelling, Complaint& complaint);
// nullopt: a choice the canonical form has no word for, such as one of Responses' hosted tools.
std::optional<ToolChoice> read_tool_choice(const json::Value& value, const Place& at, Spelling spelling,
                                           Complaint& complaint);
AnswerFormat read_format(const json::Value& value, const Place& at, Spelling spelling, Complaint& complaint);

// The numbers and flags that both protocols have under the same names: model, stream, temperature, top_p, top_logprobs,
// parallel_tool_calls, user, safety_identifier.
void read_common_settings(json::ObjectReader& reader, const json::Object& body, ChatRequest& request);
std::optional<std::int64_t> read_token_limit(json::ObjectReader& reader, std::string_view name);

}  // namespace atelier::model::openai

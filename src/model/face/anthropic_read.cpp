#include <fmt/format.h>

#include "base/text.hpp"
#include "model/face/anthropic_parts.hpp"
#include "model/face/anthropic_reading.hpp"
#include "model/loose_json.hpp"

namespace atelier::model::anthropic {
namespace {

constexpr std::size_t kMessagesMax = 100'000;  // as the protocol's own
constexpr std::size_t kToolsMax = 10'000;
constexpr std::size_t kStopsMax = 8191;
constexpr std::int64_t kTokensMax = 100'000'000;
constexpr std::size_t kNameBytesMax = 1024;

Tool read_tool(const json::Value& value, const Place& at, Complaint& complaint) {
  const json::Object* object = value.if_object();
  if (!object) {
    complaint.add(at, "must be an object");
    return {};
  }
  const std::string_view type = loose::view_at(*object, "type");
  if (!type.empty() && type != "custom")
    return Tool{.name = {}, .foreign = Foreign{.protocol = Protocol::anthropic, .block = value}};
  Tool tool{.name = loose::text_at(*object, "name"), .description = loose::text_at(*object, "description")};
  if (tool.name.empty()) complaint.add(Place{&at, "name"}, "is required");
  if (const json::Object* schema = loose::object_at(*object, "input_schema"))
    tool.parameters = *schema;
  else
    complaint.add(Place{&at, "input_schema"}, "must be an object");
  if (const json::Value* strict = object->if_contains("strict"); strict && strict->is_bool())
    tool.is_strict = strict->get_bool();
  tool.extra = loose::rest_of(*object, {"type", "name", "description", "input_schema", "strict"});
  return tool;
}

void read_tool_choice(const json::Value& value, const Place& at, Complaint& complaint, ChatRequest& request) {
  const json::Object* object = value.if_object();
  if (!object) return complaint.add(at, "must be an object");
  ToolChoice choice;
  const std::string_view type = loose::view_at(*object, "type");
  if (type == "any") {
    choice.mode = ToolChoice::Mode::required;
  } else if (type == "none") {
    choice.mode = ToolChoice::Mode::none;
  } else if (type == "tool") {
    choice.mode = ToolChoice::Mode::named;
    choice.name = loose::text_at(*object, "name");
    if (choice.name.empty()) complaint.add(Place{&at, "name"}, "is required");
  } else if (type != "auto") {
    complaint.add(Place{&at, "type"}, fmt::format("is \"{}\", not one of auto, any, tool, none", printable(type, 32)));
  }
  request.tool_choice = std::move(choice);
  if (const json::Value* flag = object->if_contains("disable_parallel_tool_use"); flag && flag->is_bool())
    request.has_parallel_tool_calls = !flag->get_bool();
}

void read_thinking(const json::Value& value, const Place& at, Complaint& complaint, ChatRequest& request) {
  const json::Object* object = value.if_object();
  if (!object) return complaint.add(at, "must be an object");
  ReasoningWish wish{.summary = loose::text_at(*object, "display")};
  const std::string_view type = loose::view_at(*object, "type");
  if (type == "enabled") {
    const json::Value* budget = object->if_contains("budget_tokens");
    wish.budget_tokens = loose::integer_at(*object, "budget_tokens");
    if (!budget || !budget->is_number()) complaint.add(Place{&at, "budget_tokens"}, "must be a whole number");
  } else if (type == "disabled") {
    wish.effort = "none";
  } else if (type != "adaptive") {
    // Of a later version: sent on to those who know it.
    request.extra["thinking"] = value;
    return;
  }
  request.reasoning = std::move(wish);
}

// What has no place in the canonical form stays in extra's output_config.
void read_output_config(const json::Value& value, const Place& at, Complaint& complaint, ChatRequest& request) {
  const json::Object* object = value.if_object();
  if (!object) return complaint.add(at, "must be an object");
  json::Object rest = loose::rest_of(*object, {"effort", "format"});
  if (const std::string_view effort = loose::view_at(*object, "effort"); !effort.empty()) {
    // An effort without thinking, or beside thinking that is off, says how wordy the answer is.
    if (!request.reasoning || request.reasoning->effort == "none") rest["effort"] = effort;
    if (!request.reasoning) request.reasoning.emplace();
    if (request.reasoning->effort.empty()) request.reasoning->effort = effort;
  }
  if (const json::Object* format = loose::object_at(*object, "format")) {
    const json::Object* schema = loose::object_at(*format, "schema");
    if (loose::view_at(*format, "type") == "json_schema" && schema)
      request.format = AnswerFormat{.kind = AnswerFormat::Kind::json_schema, .schema = *schema};
    else
      rest["format"] = *format;
  }
  if (!rest.empty()) request.extra["output_config"] = std::move(rest);
}

void read_metadata(const json::Value& value, ChatRequest& request) {
  const json::Object* object = value.if_object();
  if (!object) return;
  request.end_user = loose::text_at(*object, "user_id");
  json::Object rest = loose::rest_of(*object, {"user_id"});
  if (!rest.empty()) request.extra["metadata"] = std::move(rest);
}

// Numbers and flags.
void read_settings(json::ObjectReader& reader, Asked asked, ChatRequest& request) {
  request.model = reader.required_string("model", {.bytes_min = 1, .bytes_max = kNameBytesMax});
  if (asked == Asked::message)
    request.output_tokens_max = reader.required_integer("max_tokens", 0, kTokensMax);
  else
    request.output_tokens_max = reader.optional_integer("max_tokens", 0, kTokensMax);
  request.is_streamed = reader.optional_bool("stream").value_or(false);
  request.temperature = reader.optional_number("temperature", 0, 2);
  request.top_p = reader.optional_number("top_p", 0, 1);
  request.top_k = reader.optional_integer("top_k", 0, kTokensMax);
}

void read_stops(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Array* stops = reader.optional_array("stop_sequences", kStopsMax);
  const Place at{&root, "stop_sequences"};
  for (std::size_t i = 0; stops && i < stops->size(); ++i) {
    if ((*stops)[i].is_string())
      request.stop.emplace_back(loose::view_of((*stops)[i]));
    else
      complaint.add(Place{&at, {}, i}, "must be a string");
  }
}

void read_conversation(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  MessageReader messages(complaint);
  if (const json::Value* system = reader.optional_value("system")) {
    Message message{.role = Role::system,
                    .parts = messages.read_content(*system, Place{&root, "system"}, Role::system)};
    if (!message.parts.empty()) request.messages.push_back(std::move(message));
  }
  const json::Array* list = reader.required_array("messages", kMessagesMax);
  if (!list) return;
  const Place at{&root, "messages"};
  if (list->empty()) complaint.add(at, "must not be empty");
  for (std::size_t i = 0; i < list->size(); ++i) messages.read((*list)[i], Place{&at, {}, i}, request.messages);
}

void read_tools(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  if (const json::Array* tools = reader.optional_array("tools", kToolsMax)) {
    const Place at{&root, "tools"};
    request.tools.reserve(tools->size());
    for (std::size_t i = 0; i < tools->size(); ++i)
      request.tools.push_back(read_tool((*tools)[i], Place{&at, {}, i}, complaint));
  }
  if (const json::Value* choice = reader.optional_value("tool_choice"))
    read_tool_choice(*choice, Place{&root, "tool_choice"}, complaint, request);
}

}  // namespace

Result<ChatRequest> read_request(const json::Value& body, Asked asked) {
  json::ObjectReader reader(body);
  Complaint complaint;
  const Place root;
  ChatRequest request{.protocol = Protocol::anthropic, .model = {}, .messages = {}};
  if (const json::Object* object = body.if_object())
    request.extra =
        loose::rest_of(*object, {"model", "max_tokens", "messages", "system", "stream", "stop_sequences", "temperature",
                                 "top_p", "top_k", "tools", "tool_choice", "thinking", "output_config", "metadata"});
  read_settings(reader, asked, request);
  read_stops(reader, root, complaint, request);
  read_conversation(reader, root, complaint, request);
  read_tools(reader, root, complaint, request);
  if (const json::Value* thinking = reader.optional_value("thinking"))
    read_thinking(*thinking, Place{&root, "thinking"}, complaint, request);
  if (const json::Value* config = reader.optional_value("output_config"))
    read_output_config(*config, Place{&root, "output_config"}, complaint, request);
  if (const json::Value* metadata = reader.optional_value("metadata")) read_metadata(*metadata, request);
  if (auto done = reader.finish_lenient(); !done) return error_of(done);
  if (complaint.error()) return std::unexpected(*complaint.error());
  return request;
}

}  // namespace atelier::model::anthropic

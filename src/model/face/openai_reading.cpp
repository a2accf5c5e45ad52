#include "model/face/openai_reading.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "model/loose_json.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::size_t kNameBytesMax = 1024;
constexpr std::int64_t kTokensMax = 100'000'000;

// The object a tool's fields stand in, by spelling; null and a complaint where it is missing.
const json::Object* body_of(const json::Object& tool, const Place& at, std::string_view type, Spelling spelling,
                            Complaint& complaint) {
  if (spelling == Spelling::flat) return &tool;
  const json::Object* inner = loose::object_at(tool, type);
  if (!inner) complaint.add(Place{&at, type}, "must be an object");
  return inner;
}

std::string read_tool_name(const json::Value& value, const Place& at, Spelling spelling, Complaint& complaint) {
  const json::Object* object = value.if_object();
  if (!object) {
    complaint.add(at, "must be an object");
    return {};
  }
  const std::string_view type = loose::view_at(*object, "type");
  if (type != "function" && type != "custom") return {};
  const json::Object* body = body_of(*object, at, type, spelling, complaint);
  if (!body) return {};
  const Place inner = spelling == Spelling::flat ? at : Place{&at, type};
  return required_text(*body, inner, "name", complaint);
}

std::optional<ToolChoice> read_allowed(const json::Object& object, const Place& at, Spelling spelling,
                                       Complaint& complaint) {
  const json::Object* body = body_of(object, at, "allowed_tools", spelling, complaint);
  if (!body) return ToolChoice();
  ToolChoice choice;
  const std::string_view mode = loose::view_at(*body, "mode");
  if (mode == "required")
    choice.mode = ToolChoice::Mode::required;
  else if (mode != "auto")
    complaint.add(Place{&at, "mode"}, fmt::format("is \"{}\", not one of auto, required", printable(mode, 32)));
  const json::Array* tools = loose::array_at(*body, "tools");
  if (!tools || tools->empty()) {
    complaint.add(Place{&at, "tools"}, "must name at least one tool");
    return choice;
  }
  const Place list{&at, "tools"};
  for (std::size_t i = 0; i < tools->size(); ++i) {
    std::string name = read_tool_name((*tools)[i], Place{&list, {}, i}, spelling, complaint);
    if (name.empty() && !complaint.error()) return std::nullopt;  // a hosted tool
    choice.allowed.push_back(std::move(name));
  }
  return choice;
}

}  // namespace

const json::Value* present(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::string required_text(const json::Object& from, const Place& at, std::string_view name, Complaint& complaint) {
  const json::Value* value = from.if_contains(name);
  if (!value || !value->is_string()) complaint.add(Place{&at, name}, value ? "must be a string" : "is required");
  return value ? std::string(loose::view_of(*value)) : std::string();
}

std::optional<bool> optional_flag(const json::Object& from, const Place& at, std::string_view name,
                                  Complaint& complaint) {
  const json::Value* value = present(from, name);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  complaint.add(Place{&at, name}, "must be true or false");
  return std::nullopt;
}

Tool read_tool(const json::Value& value, const Place& at, Spelling spelling, Complaint& complaint) {
  const json::Object* object = value.if_object();
  if (!object) {
    complaint.add(at, "must be an object");
    return {};
  }
  const Protocol protocol = spelling == Spelling::nested ? Protocol::openai_chat : Protocol::openai_responses;
  std::string type = loose::text_at(*object, "type");
  if (type.empty() && object->contains("function")) type = "function";
  if (type.empty()) complaint.add(Place{&at, "type"}, "is required");
  if (type != "function" && type != "custom")
    return Tool{.name = {}, .foreign = Foreign{.protocol = protocol, .block = value}};
  const json::Object* body = body_of(*object, at, type, spelling, complaint);
  if (!body) return {};

  const Place inner = spelling == Spelling::flat ? at : Place{&at, type};
  Tool tool{.name = required_text(*body, inner, "name", complaint),
            .description = loose::text_at(*body, "description")};
  if (tool.name.empty()) complaint.add(Place{&inner, "name"}, "must not be empty");
  json::Object rest = loose::rest_of(*body, {"type", "name", "description", "parameters", "strict", "format"});
  tool.is_custom = type == "custom";
  if (tool.is_custom) {
    if (const json::Value* format = present(*body, "format")) tool.extra["format"] = flatten_grammar(*format);
  } else {
    if (const json::Value* parameters = present(*body, "parameters")) {
      if (!parameters->is_object()) complaint.add(Place{&inner, "parameters"}, "must be an object");
      tool.parameters = *parameters;
    }
    tool.is_strict = optional_flag(*body, inner, "strict", complaint);
  }
  if (spelling == Spelling::nested) {
    if (!rest.empty()) tool.extra[type] = std::move(rest);
    rest = loose::rest_of(*object, {"type", "function", "custom"});
  }
  for (auto& [name, field] : rest) tool.extra[name] = field;
  return tool;
}

std::optional<ToolChoice> read_tool_choice(const json::Value& value, const Place& at, Spelling spelling,
                                           Complaint& complaint) {
  if (value.is_string()) {
    const std::string_view mode = loose::view_of(value);
    if (mode == "auto") return ToolChoice();
    if (mode == "none") return ToolChoice{.mode = ToolChoice::Mode::none};
    if (mode == "required" || mode == "any") return ToolChoice{.mode = ToolChoice::Mode::required};
    complaint.add(at, fmt::format("is \"{}\", not one of auto, none, required", printable(mode, 32)));
    return ToolChoice();
  }
  const json::Object* object = value.if_object();
  if (!object) {
    complaint.add(at, "must be a string or an object");
    return ToolChoice();
  }
  const std::string_view type = loose::view_at(*object, "type");
  if (type == "allowed_tools") return read_allowed(*object, at, spelling, complaint);
  if (type == "function" || type == "custom")
    return ToolChoice{.mode = ToolChoice::Mode::named, .name = read_tool_name(value, at, spelling, complaint)};
  if (type.empty() || spelling == Spelling::nested)
    complaint.add(Place{&at, "type"},
                  fmt::format("is \"{}\", not one of function, custom, allowed_tools", printable(type, 32)));
  return std::nullopt;
}

AnswerFormat read_format(const json::Value& value, const Place& at, Spelling spelling, Complaint& complaint) {
  const json::Object* object = value.if_object();
  AnswerFormat format;
  if (!object) {
    complaint.add(at, "must be an object");
    return format;
  }
  const std::string_view type = loose::view_at(*object, "type");
  if (type == "text") return format;
  // llama.cpp and Together take a schema beside json_object.
  const json::Object* bare = type == "json_object" ? loose::object_at(*object, "schema") : nullptr;
  if (type == "json_object" && !bare) {
    format.kind = AnswerFormat::Kind::json;
    return format;
  }
  if (type != "json_schema" && !bare) {
    complaint.add(Place{&at, "type"},
                  fmt::format("is \"{}\", not one of text, json_object, json_schema", printable(type, 32)));
    return format;
  }
  format.kind = AnswerFormat::Kind::json_schema;
  const json::Object* body =
      bare || loose::object_at(*object, "schema") ? object : body_of(*object, at, "json_schema", spelling, complaint);
  if (!body) return format;
  const Place inner = body == object ? at : Place{&at, "json_schema"};
  format.name = loose::text_at(*body, "name");
  format.description = loose::text_at(*body, "description");
  if (const json::Value* schema = present(*body, "schema")) {
    if (!schema->is_object()) complaint.add(Place{&inner, "schema"}, "must be an object");
    format.schema = *schema;
  } else {
    complaint.add(Place{&inner, "schema"}, "is required");
  }
  format.is_strict = optional_flag(*body, inner, "strict", complaint);
  return format;
}

void read_common_settings(json::ObjectReader& reader, const json::Object& body, ChatRequest& request) {
  request.model = reader.required_string("model", {.bytes_min = 1, .bytes_max = kNameBytesMax});
  request.is_streamed = reader.optional_bool("stream").value_or(false);
  request.temperature = reader.optional_number("temperature", 0, 2);
  request.top_p = reader.optional_number("top_p", 0, 1);
  request.top_logprobs = reader.optional_integer("top_logprobs", 0, 20);
  request.has_parallel_tool_calls = reader.optional_bool("parallel_tool_calls");
  auto user = reader.optional_string("user");
  auto safety = reader.optional_string("safety_identifier");
  request.end_user = user.value_or(safety.value_or(""));
  // Under its own name for those who know it.
  if (safety) request.extra["safety_identifier"] = body.at("safety_identifier");
}

std::optional<std::int64_t> read_token_limit(json::ObjectReader& reader, std::string_view name) {
  return reader.optional_integer(name, 1, kTokensMax);
}

}  // namespace atelier::model::openai

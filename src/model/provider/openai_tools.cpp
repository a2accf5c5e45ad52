#include "model/provider/openai_tools.hpp"

#include <algorithm>

#include "model/loose_json.hpp"

namespace atelier::model::openai {
namespace {

json::Value nest_grammar(const json::Value& format) {
  const json::Object* flat = format.if_object();
  if (!flat || loose::view_at(*flat, "type") != "grammar" || flat->contains("grammar")) return format;
  return json::Object{{"type", "grammar"}, {"grammar", loose::rest_of(*flat, {"type"})}};
}

json::Object write_function(const Tool& tool, const ToolForm& form) {
  json::Object out{{"name", tool.name}};
  if (!tool.description.empty()) out["description"] = tool.description;
  if (tool.is_custom) {
    if (const json::Value* format = tool.extra.if_contains("format"))
      out["format"] = form.spelling == Spelling::nested ? nest_grammar(*format) : *format;
    return out;
  }
  if (!tool.parameters.is_null())
    out["parameters"] = tool.parameters;
  else if (form.spelling == Spelling::flat)
    out["parameters"] =
        form.has_extra ? json::Value() : json::Value(json::Object{{"type", "object"}, {"properties", json::Object()}});
  // Responses makes schemas strict unless it is told not to; elsewhere they are not.
  if (tool.is_strict)
    out["strict"] = *tool.is_strict;
  else if (form.spelling == Spelling::flat && !form.has_extra)
    out["strict"] = false;
  return out;
}

void add_missing(json::Object& out, const json::Object& from) {
  for (const auto& [name, value] : from) out.emplace(name, value);
}

json::Object write_tool(const Tool& tool, const ToolForm& form) {
  const std::string_view type = tool.is_custom ? "custom" : "function";
  json::Object function = write_function(tool, form);
  json::Object extra = form.has_extra ? loose::rest_of(tool.extra, {"format"}) : json::Object();
  if (form.has_cache_control)
    if (const json::Value* mark = tool.extra.if_contains("cache_control")) extra["cache_control"] = *mark;
  json::Object out{{"type", type}};
  if (form.spelling == Spelling::flat) {
    add_missing(out, function);
  } else {
    // What a function had beside its known fields was kept under its own name.
    if (const json::Object* inner = loose::object_at(extra, type)) add_missing(function, *inner);
    out[type] = std::move(function);
  }
  add_missing(out, extra);
  return out;
}

json::Object named_tool(std::string_view name, const std::vector<Tool>& tools, Spelling spelling) {
  const bool is_custom =
      std::ranges::any_of(tools, [&](const Tool& tool) { return tool.name == name && tool.is_custom; });
  const std::string_view type = is_custom ? "custom" : "function";
  if (spelling == Spelling::flat) return {{"type", type}, {"name", name}};
  return {{"type", type}, {type, json::Object{{"name", name}}}};
}

}  // namespace

json::Value flatten_grammar(const json::Value& format) {
  const json::Object* object = format.if_object();
  const json::Object* grammar = object ? loose::object_at(*object, "grammar") : nullptr;
  if (!grammar) return format;
  json::Object flat{{"type", "grammar"}};
  add_missing(flat, *grammar);
  return flat;
}

json::Array write_tools(const std::vector<Tool>& tools, const ToolForm& form) {
  json::Array out;
  for (const Tool& tool : tools) {
    if (!tool.foreign)
      out.push_back(write_tool(tool, form));
    else if (tool.foreign->protocol == form.protocol)
      out.push_back(tool.foreign->block);
  }
  return out;
}

json::Value write_tool_choice(const ToolChoice& choice, const std::vector<Tool>& tools, Spelling spelling) {
  if (choice.mode == ToolChoice::Mode::named) return named_tool(choice.name, tools, spelling);
  std::string_view mode = "auto";
  if (choice.mode == ToolChoice::Mode::none) mode = "none";
  if (choice.mode == ToolChoice::Mode::required) mode = "required";
  if (choice.allowed.empty() || choice.mode == ToolChoice::Mode::none) return json::Value(mode);
  json::Array allowed;
  for (const std::string& name : choice.allowed) allowed.push_back(named_tool(name, tools, spelling));
  json::Object what{{"mode", mode}, {"tools", std::move(allowed)}};
  if (spelling == Spelling::nested) return json::Object{{"type", "allowed_tools"}, {"allowed_tools", std::move(what)}};
  what["type"] = "allowed_tools";
  return what;
}

json::Object write_format(const AnswerFormat& format, Spelling spelling) {
  if (format.kind == AnswerFormat::Kind::text) return {{"type", "text"}};
  if (format.kind == AnswerFormat::Kind::json) return {{"type", "json_object"}};
  json::Object schema{{"name", format.name.empty() ? "answer" : format.name}};
  if (!format.description.empty()) schema["description"] = format.description;
  schema["schema"] = format.schema;
  if (format.is_strict) schema["strict"] = *format.is_strict;
  if (spelling == Spelling::nested) return {{"type", "json_schema"}, {"json_schema", std::move(schema)}};
  json::Object flat{{"type", "json_schema"}};
  add_missing(flat, schema);
  return flat;
}

std::string effort_of(const ReasoningWish& wish) {
  if (!wish.effort.empty() || !wish.budget_tokens) return wish.effort;
  if (*wish.budget_tokens <= 0) return "none";
  if (*wish.budget_tokens <= 2048) return "low";
  return *wish.budget_tokens <= 16'384 ? "medium" : "high";
}

}  // namespace atelier::model::openai

#include "model/tool_text.hpp"

#include <algorithm>

#include "model/loose_json.hpp"

namespace atelier::model {

json::Object arguments_object(const ToolCall& call) {
  if (call.is_custom) return {{"input", call.arguments}};
  if (call.arguments.empty()) return {};
  auto arguments = loose::parse_object(call.arguments);
  return arguments ? std::move(*arguments) : json::Object{{"INVALID_JSON", call.arguments}};
}

json::Object parameters_object(const Tool& tool) {
  if (tool.is_custom)
    return {{"type", "object"},
            {"properties", json::Object{{"input", json::Object{{"type", "string"}}}}},
            {"required", json::Array{"input"}}};
  if (tool.parameters.is_object()) return tool.parameters.get_object();
  return {{"type", "object"}, {"properties", json::Object()}};
}

std::string plain_call_id(std::string_view id) {
  std::string out(id.empty() ? "call" : id);
  for (char& c : out) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!is_plain) c = '_';
  }
  return out;
}

bool is_allowed(const Tool& tool, const ChatRequest& request) {
  if (tool.foreign || !request.tool_choice || request.tool_choice->allowed.empty()) return true;
  return std::ranges::find(request.tool_choice->allowed, tool.name) != request.tool_choice->allowed.end();
}

}  // namespace atelier::model

#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::anthropic {
namespace {

constexpr std::int64_t kBudgetMin = 1024;  // of the protocol

std::int64_t budget_for(std::string_view effort) noexcept {
  if (effort == "minimal") return kBudgetMin;
  if (effort == "low") return 2048;
  if (effort == "medium") return 8192;
  if (effort == "high") return 16'384;
  if (effort == "xhigh") return 24'576;
  if (effort == "max") return 32'768;
  return 0;
}

bool forces_a_tool(const ChatRequest& request) noexcept {
  if (!request.tool_choice) return false;
  return request.tool_choice->mode == ToolChoice::Mode::required ||
         request.tool_choice->mode == ToolChoice::Mode::named;
}

bool is_signed_here(const Part& part) {
  const auto* reasoning = std::get_if<Reasoning>(&part);
  return reasoning && reasoning->origin == Protocol::anthropic;
}

// Thinking by a budget wants every step of a tool loop to begin with a thought. One that another provider began has
// none.
bool lacks_thought(const ChatRequest& request) {
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role == Role::tool) continue;
    if (message->role != Role::assistant) return false;
    const auto is_call = [](const Part& part) { return std::holds_alternative<ToolCall>(part); };
    if (std::ranges::any_of(message->parts, is_call) && std::ranges::none_of(message->parts, is_signed_here))
      return true;
  }
  return false;
}

void write_display(json::Object& thinking, const ChatRequest& request) {
  const ReasoningWish& wish = *request.reasoning;
  // Chat has no word for it, and its programs expect the thoughts they wished for; newer models leave them out unasked.
  if (wish.summary.empty() && request.protocol == Protocol::openai_chat) thinking["display"] = "summarized";
  if (wish.summary == "summarized" || wish.summary == "omitted") thinking["display"] = wish.summary;
  if (wish.summary == "auto" || wish.summary == "concise" || wish.summary == "detailed")
    thinking["display"] = "summarized";
}

void write_thinking_budget(const ChatRequest& request, const Target& target, json::Object& body) {
  const ReasoningWish& wish = *request.reasoning;
  std::int64_t budget = wish.budget_tokens.value_or(budget_for(wish.effort));
  if (!is_own(request)) {
    if (forces_a_tool(request)) return;  // a budget leaves that to the model
    if (budget < kBudgetMin) return;
    if (request.output_tokens_max) budget = std::min(budget, *request.output_tokens_max - 1);
    if (budget < kBudgetMin) return;  // no room to think in
  }
  if (lacks_thought(request)) return;
  if (!request.output_tokens_max) body["max_tokens"] = target.quirks.output_tokens_default + budget;
  json::Object thinking{{"type", "enabled"}, {"budget_tokens", budget}};
  write_display(thinking, request);
  body["thinking"] = std::move(thinking);
  if (is_own(request) && !wish.effort.empty()) body["output_config"] = json::Object{{"effort", wish.effort}};
}

void write_thinking(const ChatRequest& request, const Target& target, json::Object& body) {
  if (!request.reasoning) return;
  const ReasoningWish& wish = *request.reasoning;
  if (wish.effort == "none") {
    body["thinking"] = json::Object{{"type", "disabled"}};
    return;
  }
  const json::Object* config = is_own(request) ? loose::object_at(request.extra, "output_config") : nullptr;
  if (config && config->contains("effort")) return;  // an effort without thinking: sent with the rest of extra
  if (wish.budget_tokens || !target.quirks.has_adaptive_thinking) return write_thinking_budget(request, target, body);
  json::Object thinking{{"type", "adaptive"}};
  write_display(thinking, request);
  body["thinking"] = std::move(thinking);
  if (!wish.effort.empty())
    body["output_config"] = json::Object{{"effort", wish.effort == "minimal" ? "low" : wish.effort}};
}

// Models that think, and all newer ones, refuse most values: sent only where the caller set them, and to callers of
// other protocols only where they may hold.
void write_sampling(const ChatRequest& request, json::Object& body) {
  if (is_own(request)) {
    if (request.temperature) body["temperature"] = *request.temperature;
    if (request.top_p) body["top_p"] = *request.top_p;
    if (request.top_k) body["top_k"] = *request.top_k;
    return;
  }
  const json::Object* thinking = loose::object_at(body, "thinking");
  if (thinking && loose::view_at(*thinking, "type") != "disabled") return;
  if (request.temperature)
    body["temperature"] = std::min(*request.temperature, 1.0);
  else if (request.top_p)
    body["top_p"] = *request.top_p;  // not beside a temperature
  if (request.top_k) body["top_k"] = *request.top_k;
}

json::Object write_tool(const Tool& tool, const ChatRequest& request) {
  json::Object out{{"name", tool.name}};
  if (!tool.description.empty()) out["description"] = tool.description;
  out["input_schema"] = parameters_object(tool);
  if (tool.is_strict && !tool.is_custom) out["strict"] = *tool.is_strict;
  append_extra(out, tool.extra, request);
  return out;
}

void write_tools(const ChatRequest& request, json::Object& body) {
  json::Array tools;
  for (const Tool& tool : request.tools) {
    if (!tool.foreign && is_allowed(tool, request)) tools.push_back(write_tool(tool, request));
    if (tool.foreign && tool.foreign->protocol == Protocol::anthropic) tools.push_back(tool.foreign->block);
  }
  if (tools.empty()) return;
  body["tools"] = std::move(tools);
  json::Object choice;
  const ToolChoice::Mode mode = request.tool_choice ? request.tool_choice->mode : ToolChoice::Mode::automatic;
  switch (mode) {
    case ToolChoice::Mode::automatic:
      choice["type"] = "auto";
      break;
    case ToolChoice::Mode::none:
      choice["type"] = "none";
      break;
    case ToolChoice::Mode::required:
      choice["type"] = "any";
      break;
    case ToolChoice::Mode::named:
      choice["type"] = "tool";
      choice["name"] = request.tool_choice->name;
      break;
  }
  if (request.has_parallel_tool_calls && mode != ToolChoice::Mode::none &&
      (is_own(request) || !*request.has_parallel_tool_calls))
    choice["disable_parallel_tool_use"] = !*request.has_parallel_tool_calls;
  if (request.tool_choice || choice.contains("disable_parallel_tool_use")) body["tool_choice"] = std::move(choice);
}

json::Object& object_in(json::Object& body, std::string_view name) {
  json::Value& value = body[name];
  return value.is_object() ? value.get_object() : value.emplace_object();
}

void write_format(const ChatRequest& request, json::Object& body) {
  if (!request.format || request.format->kind != AnswerFormat::Kind::json_schema) return;
  object_in(body, "output_config")["format"] =
      json::Object{{"type", "json_schema"}, {"schema", request.format->schema}};
}

// What the caller of this protocol sent that has no place in the canonical form. Ours stands where both have a field.
void write_extra(const ChatRequest& request, json::Object& body) {
  if (!is_own(request)) {
    if (const json::Object* mark = loose::object_at(request.extra, "cache_control")) body["cache_control"] = *mark;
    return;
  }
  for (const auto& [name, value] : request.extra) {
    const bool is_merged = (name == "output_config" || name == "metadata") && value.is_object();
    if (is_merged) {
      json::Object& into = object_in(body, name);
      for (const auto& [inner, inner_value] : value.get_object()) into.emplace(inner, inner_value);
    } else {
      body.emplace(name, value);
    }
  }
}

}  // namespace

void append_extra(json::Object& out, const json::Object& extra, const ChatRequest& request) {
  for (const auto& [name, value] : extra)
    if (is_own(request) || name == "cache_control") out.emplace(name, value);
}

Result<json::Object> write_request(const ChatRequest& request, const Target& target) {
  if (request.answer_count > 1)
    return fail(ErrorCode::invalid_argument, "this provider gives one answer to a request",
                {.reason = "field_invalid", .where = "/n"});
  json::Object body{{"model", target.model},
                    {"max_tokens", request.output_tokens_max.value_or(target.quirks.output_tokens_default)}};
  if (auto written = write_conversation(request, body); !written) return error_of(written);
  write_tools(request, body);
  write_thinking(request, target, body);
  write_format(request, body);
  write_sampling(request, body);
  if (!request.stop.empty()) {
    json::Array stops;
    for (const std::string& stop : request.stop) stops.emplace_back(stop);
    body["stop_sequences"] = std::move(stops);
  }
  if (!request.end_user.empty()) object_in(body, "metadata")["user_id"] = request.end_user;
  write_extra(request, body);
  if (request.is_streamed) body["stream"] = true;
  return body;
}

}  // namespace atelier::model::anthropic

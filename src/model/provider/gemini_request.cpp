#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::gemini {
namespace {

std::string_view bare_name(std::string_view model) noexcept {
  return model.starts_with("models/") ? model.substr(std::string_view("models/").size()) : model;
}

// Of models that think by a budget. 24,576 is the most that all of them take.
std::int64_t budget_for(std::string_view effort) noexcept {
  if (effort == "none") return 0;
  if (effort == "minimal") return 512;
  if (effort == "low") return 1024;
  if (effort == "medium") return 8192;
  return 24'576;
}

std::string_view level_for(std::string_view effort) noexcept {
  if (effort == "none" || effort == "minimal") return "MINIMAL";  // these models cannot be kept from thinking
  if (effort == "low") return "LOW";
  if (effort == "medium") return "MEDIUM";
  return "HIGH";
}

void write_thinking(const ChatRequest& request, std::string_view model, json::Object& config) {
  if (!request.reasoning) return;
  const std::string_view name = bare_name(model);
  if (name.starts_with("gemini-1.") || name.starts_with("gemini-2.0")) return;  // do not think
  const ReasoningWish& wish = *request.reasoning;
  json::Object thinking;
  if (wish.budget_tokens)
    thinking["thinkingBudget"] = *wish.budget_tokens;
  else if (!wish.effort.empty() && is_early(model))
    thinking["thinkingBudget"] = budget_for(wish.effort);
  else if (!wish.effort.empty())
    thinking["thinkingLevel"] = level_for(wish.effort);
  if (wish.effort != "none" && wish.summary != "omitted") thinking["includeThoughts"] = true;
  if (!thinking.empty()) config["thinkingConfig"] = std::move(thinking);
}

void write_format(const ChatRequest& request, json::Object& config) {
  if (!request.format || request.format->kind == AnswerFormat::Kind::text) return;
  config["responseMimeType"] = "application/json";
  if (request.format->kind == AnswerFormat::Kind::json_schema) config["responseJsonSchema"] = request.format->schema;
}

json::Object write_config(const ChatRequest& request, std::string_view model) {
  json::Object config;
  if (request.output_tokens_max) config["maxOutputTokens"] = *request.output_tokens_max;
  if (request.temperature) config["temperature"] = *request.temperature;
  if (request.top_p) config["topP"] = *request.top_p;
  if (request.top_k) config["topK"] = *request.top_k;
  if (request.seed) config["seed"] = *request.seed;
  if (request.presence_penalty) config["presencePenalty"] = *request.presence_penalty;
  if (request.frequency_penalty) config["frequencyPenalty"] = *request.frequency_penalty;
  if (request.answer_count > 1) config["candidateCount"] = request.answer_count;
  if (!request.stop.empty()) {
    json::Array stops;
    for (const std::string& stop : request.stop) stops.emplace_back(stop);
    config["stopSequences"] = std::move(stops);
  }
  write_format(request, config);
  write_thinking(request, model, config);
  return config;
}

json::Object calling_config(const ToolChoice& choice) {
  json::Object config;
  json::Array names;
  switch (choice.mode) {
    case ToolChoice::Mode::automatic:
      config["mode"] = "AUTO";
      break;
    case ToolChoice::Mode::none:
      config["mode"] = "NONE";
      break;
    case ToolChoice::Mode::required:
      config["mode"] = "ANY";
      for (const std::string& name : choice.allowed) names.emplace_back(name);
      break;
    case ToolChoice::Mode::named:
      config["mode"] = "ANY";
      names.emplace_back(choice.name);
      break;
  }
  if (!names.empty()) config["allowedFunctionNames"] = std::move(names);
  return config;
}

void write_tools(const ChatRequest& request, json::Object& body) {
  json::Array tools, declarations;
  for (const Tool& tool : request.tools) {
    if (tool.foreign) {
      if (tool.foreign->protocol == Protocol::gemini) tools.push_back(tool.foreign->block);
      continue;
    }
    if (!is_allowed(tool, request)) continue;
    json::Object declaration{{"name", tool.name}};
    if (!tool.description.empty()) declaration["description"] = tool.description;
    declaration["parametersJsonSchema"] = parameters_object(tool);
    declarations.push_back(std::move(declaration));
  }
  const bool has_functions = !declarations.empty();
  if (has_functions) tools.push_back(json::Object{{"functionDeclarations", std::move(declarations)}});
  if (!tools.empty()) body["tools"] = std::move(tools);
  if (has_functions && request.tool_choice)
    body["toolConfig"] = json::Object{{"functionCallingConfig", calling_config(*request.tool_choice)}};
}

// Of a caller within this house who speaks this protocol: no face does.
void write_extra(const ChatRequest& request, json::Object& body) {
  if (request.protocol != Protocol::gemini) return;
  for (const auto& [name, value] : request.extra) {
    json::Object* into = name == "generationConfig" && body.contains(name) ? body[name].if_object() : nullptr;
    if (into && value.is_object())
      for (const auto& [inner, inner_value] : value.get_object()) into->emplace(inner, inner_value);
    else
      body.emplace(name, value);
  }
}

}  // namespace

bool is_early(std::string_view model) noexcept {
  const std::string_view name = bare_name(model);
  return name.starts_with("gemini-1.") || name.starts_with("gemini-2.");
}

Result<json::Object> write_request(const ChatRequest& request, const Target& target) {
  json::Object body;
  if (auto written = write_conversation(request, target, body); !written) return error_of(written);
  write_tools(request, body);
  json::Object config = write_config(request, target.model);
  if (!config.empty()) body["generationConfig"] = std::move(config);
  write_extra(request, body);
  return body;
}

}  // namespace atelier::model::gemini

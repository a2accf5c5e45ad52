#include "tests/model/chat_json.hpp"

namespace atelier::model::testing {
namespace {

json::Object to_json(const Part& part);

template <class T>
void put(json::Object& out, std::string_view name, const std::optional<T>& value) {
  if (value) out[name] = *value;
}

json::Object media_json(const Media& media) {
  return {{"media", static_cast<int>(media.kind)},
          {"url", media.url},
          {"base64", media.base64},
          {"file_id", media.file_id},
          {"media_type", media.media_type},
          {"name", media.file_name},
          {"detail", media.detail},
          {"extra", media.extra}};
}

json::Object text_json(const Text& text) {
  return {{"text", text.text}, {"extra", text.extra}, {"signature", text.signature}};
}

json::Object to_json(const Part& part) {
  if (const auto* text = std::get_if<Text>(&part)) return text_json(*text);
  if (const auto* media = std::get_if<Media>(&part)) return media_json(*media);
  if (const auto* refusal = std::get_if<Refusal>(&part)) return {{"refusal", refusal->text}};
  if (const auto* foreign = std::get_if<Foreign>(&part))
    return {{"foreign", to_string(foreign->protocol)}, {"block", foreign->block}};
  if (const auto* reasoning = std::get_if<Reasoning>(&part))
    return {{"reasoning", reasoning->text},
            {"signature", reasoning->signature},
            {"is_redacted", reasoning->is_redacted},
            {"id", reasoning->id},
            {"origin", reasoning->origin ? to_string(*reasoning->origin) : ""}};
  if (const auto* call = std::get_if<ToolCall>(&part))
    return {{"call", call->id},
            {"name", call->name},
            {"arguments", call->arguments},
            {"is_custom", call->is_custom},
            {"item", call->item_id},
            {"signature", call->signature},
            {"extra", call->extra}};
  const auto& result = std::get<ToolResult>(part);
  json::Array parts;
  for (const auto& inner : result.parts)
    parts.push_back(std::holds_alternative<Text>(inner) ? text_json(std::get<Text>(inner))
                                                        : media_json(std::get<Media>(inner)));
  return {{"result", result.call_id},
          {"name", result.name},
          {"parts", parts},
          {"is_error", result.is_error},
          {"extra", result.extra}};
}

json::Array parts_json(const std::vector<Part>& parts) {
  json::Array out;
  for (const Part& part : parts) out.push_back(to_json(part));
  return out;
}

json::Array strings(const std::vector<std::string>& list) {
  json::Array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

json::Object tool_json(const Tool& tool) {
  json::Object out{{"name", tool.name},
                   {"description", tool.description},
                   {"parameters", tool.parameters},
                   {"is_custom", tool.is_custom},
                   {"extra", tool.extra}};
  put(out, "is_strict", tool.is_strict);
  if (tool.foreign) out["foreign"] = tool.foreign->block;
  return out;
}

json::Object usage_json(const Usage& usage) {
  json::Object out{{"input", usage.input},
                   {"cached_read", usage.cached_read},
                   {"cached_write", usage.cached_write},
                   {"cached_write_hour", usage.cached_write_hour},
                   {"output", usage.output},
                   {"reasoning", usage.reasoning},
                   {"input_audio", usage.input_audio},
                   {"output_audio", usage.output_audio},
                   {"input_image", usage.input_image},
                   {"output_image", usage.output_image},
                   {"is_estimated", usage.is_estimated},
                   {"tier", static_cast<int>(usage.tier)}};
  put(out, "cost", usage.cost_picodollars);
  return out;
}

json::Object event_json(const ChatEvent& what) {
  if (const auto* started = std::get_if<event::Started>(&what))
    return {{"started", started->id},
            {"model", started->model},
            {"created_s", started->created_s},
            {"extra", started->extra}};
  if (const auto* part = std::get_if<event::PartStarted>(&what))
    return {{"part_started", part->part},
            {"choice", part->choice},
            {"kind", static_cast<int>(part->kind)},
            {"whole", to_json(part->whole)}};
  if (const auto* delta = std::get_if<event::Delta>(&what))
    return {{"delta", delta->part}, {"choice", delta->choice}, {"text", delta->text}, {"logprobs", delta->logprobs}};
  if (const auto* amended = std::get_if<event::PartAmended>(&what))
    return {{"amended", amended->part}, {"choice", amended->choice}, {"whole", to_json(amended->whole)}};
  if (const auto* ended = std::get_if<event::PartEnded>(&what))
    return {{"part_ended", ended->part}, {"choice", ended->choice}};
  if (const auto* finished = std::get_if<event::Finished>(&what))
    return {{"finished", finished->choice},
            {"stop", static_cast<int>(finished->stop)},
            {"sequence", finished->stop_sequence}};
  if (const auto* told = std::get_if<event::UsageTold>(&what)) return {{"usage", usage_json(told->usage)}};
  if (const auto* failed = std::get_if<event::Failed>(&what)) return {{"failed", failed->error.message}};
  return {{"ended", true}};
}

}  // namespace

std::string describe(const std::vector<Part>& parts) { return json::write_canonical(parts_json(parts)); }

std::string describe(const std::vector<ChatEvent>& events) {
  json::Array out;
  for (const ChatEvent& event : events) out.push_back(event_json(event));
  return json::write_canonical(out);
}

std::string describe(const ChatAnswer& answer) {
  json::Array choices;
  for (const Choice& choice : answer.choices)
    choices.push_back(json::Object{{"index", choice.index},
                                   {"parts", parts_json(choice.parts)},
                                   {"stop", static_cast<int>(choice.stop)},
                                   {"sequence", choice.stop_sequence},
                                   {"logprobs", choice.logprobs}});
  return json::write_canonical(json::Object{{"id", answer.id},
                                            {"model", answer.model},
                                            {"created_s", answer.created_s},
                                            {"choices", choices},
                                            {"usage", usage_json(answer.usage)},
                                            {"extra", answer.extra}});
}

std::string describe(const ChatRequest& request) {
  json::Array messages, tools;
  for (const Message& message : request.messages)
    messages.push_back(json::Object{{"role", static_cast<int>(message.role)},
                                    {"parts", parts_json(message.parts)},
                                    {"name", message.name},
                                    {"extra", message.extra}});
  for (const Tool& tool : request.tools) tools.push_back(tool_json(tool));
  json::Object out{{"protocol", to_string(request.protocol)},
                   {"model", request.model},
                   {"messages", messages},
                   {"tools", tools},
                   {"stop", strings(request.stop)},
                   {"n", request.answer_count},
                   {"end_user", request.end_user},
                   {"is_streamed", request.is_streamed},
                   {"extra", request.extra}};
  if (request.tool_choice)
    out["tool_choice"] = json::Object{{"mode", static_cast<int>(request.tool_choice->mode)},
                                      {"name", request.tool_choice->name},
                                      {"allowed", strings(request.tool_choice->allowed)}};
  if (request.format)
    out["format"] = json::Object{{"kind", static_cast<int>(request.format->kind)},
                                 {"name", request.format->name},
                                 {"schema", request.format->schema}};
  if (request.reasoning) {
    json::Object wish{{"effort", request.reasoning->effort}, {"summary", request.reasoning->summary}};
    put(wish, "budget", request.reasoning->budget_tokens);
    out["reasoning"] = wish;
  }
  put(out, "parallel", request.has_parallel_tool_calls);
  put(out, "max", request.output_tokens_max);
  put(out, "temperature", request.temperature);
  put(out, "top_p", request.top_p);
  put(out, "top_k", request.top_k);
  put(out, "presence", request.presence_penalty);
  put(out, "frequency", request.frequency_penalty);
  put(out, "seed", request.seed);
  return json::write_canonical(out);
}

}  // namespace atelier::model::testing

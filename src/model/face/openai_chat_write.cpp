#include <algorithm>

#include "model/face/openai_chat_parts.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_chat_message.hpp"
#include "model/provider/openai_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kExtraFields[] = {"service_tier", "system_fingerprint", "provider", "citations"};

// The one call, as it was called before there were tools.
void speak_of_functions(json::Object& message, json::Object& choice) {
  const json::Array* calls = loose::array_at(message, "tool_calls");
  if (!calls || calls->empty()) return;
  const json::Object* function = loose::object_at(calls->front().as_object(), "function");
  if (function) message["function_call"] = json::Object(*function);
  message.erase("tool_calls");
  if (loose::view_at(choice, "finish_reason") == "tool_calls") choice["finish_reason"] = "function_call";
}

json::Object write_choice(const Choice& choice, const ChatRequest& request) {
  json::Object message{{"role", "assistant"}};
  write_assistant(choice.parts, {.is_answer = true, .has_reasoning_text = true, .has_reasoning_details = true},
                  message);
  const bool has_refusal = !message.at("refusal").is_null();
  json::Object out{{"index", choice.index},
                   {"message", nullptr},
                   {"logprobs", choice.logprobs},
                   {"finish_reason", write_stop(choice.stop, has_refusal)}};
  if (is_of_functions(request)) speak_of_functions(message, out);
  out["message"] = std::move(message);
  return out;
}

}  // namespace

std::string chat_id(std::string_view given, const AnswerHead& head) {
  const bool is_of_another = given.empty() || given.starts_with("msg_") || given.starts_with("resp_");
  return is_of_another ? "chatcmpl-" + head.id : std::string(given);
}

json::Object chat_extra(const json::Object& extra) {
  json::Object out;
  for (const std::string_view name : kExtraFields)
    if (const json::Value* value = extra.if_contains(name); value && !value->is_null()) out[name] = *value;
  return out;
}

std::string write_chat_answer(const ChatAnswer& answer, const ChatRequest& request, const AnswerHead& head) {
  json::Array choices;
  for (const Choice& choice : answer.choices) choices.push_back(write_choice(choice, request));
  json::Object out{{"id", chat_id(answer.id, head)},
                   {"object", "chat.completion"},
                   {"created", answer.created_s > 0 ? answer.created_s : head.created_s},
                   {"model", answer.model.empty() ? head.model : answer.model},
                   {"choices", std::move(choices)},
                   {"usage", write_chat_usage(answer.usage)}};
  for (const auto& [name, value] : chat_extra(answer.extra)) out.emplace(name, value);
  return json::write(out);
}

}  // namespace atelier::model::openai

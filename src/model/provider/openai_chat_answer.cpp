#include <fmt/format.h>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/openai_chat_message.hpp"
#include "model/provider/openai_chat_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

std::expected<Choice, Fault> read_choice(const json::Object& object, std::size_t place, std::string_view answer_id,
                                         const Quirks& quirks) {
  const std::string_view reason = loose::view_at(object, "finish_reason");
  if (is_failed_stop(reason)) {
    const auto fault = find_fault(object, 200);
    return std::unexpected(fault ? *fault : fault_of_stop(reason));
  }
  const json::Object* message = loose::object_at(object, "message");
  if (!message) return std::unexpected(broken_answer(fmt::format("the answer's choice {} has no message", place)));
  Choice choice{
      .index = object.contains("index") ? loose::integer_at(object, "index") : static_cast<std::int64_t>(place),
      .parts = read_assistant(*message, quirks.has_think_tags)};
  std::size_t call_place = 0;
  for (Part& part : choice.parts)
    if (auto* call = std::get_if<ToolCall>(&part)) {
      if (call->id.empty()) call->id = made_call_id(answer_id, call->name, call_place);
      ++call_place;
    }
  choice.stop = settle_stop(read_stop(reason), choice.parts);
  if (const json::Object* logprobs = loose::object_at(object, "logprobs")) choice.logprobs = *logprobs;
  return choice;
}

}  // namespace

Fault fault_of_stop(std::string_view reason) {
  return fault_of_words(reason == "error" ? "" : reason, "", fmt::format("the provider stopped with \"{}\"", reason),
                        200);
}

json::Object read_chat_extra(const json::Object& answer) {
  return loose::rest_of(answer,
                        {"id", "object", "created", "model", "choices", "usage", "error", "obfuscation", "x_groq"});
}

std::expected<ChatAnswer, Fault> read_chat_answer(const HttpHead& head, std::string_view body, const Quirks& quirks) {
  if (head.status >= 400) return std::unexpected(read_fault(head, body));
  const auto value = json::parse(trim(body));
  if (!value) return std::unexpected(broken_answer(fmt::format("the answer is {}", value.error().message)));
  if (auto fault = find_fault(*value, head.status)) return std::unexpected(std::move(*fault));
  const json::Object* object = value->if_object();
  const json::Array* choices = object ? loose::array_at(*object, "choices") : nullptr;
  if (!choices || choices->empty()) return std::unexpected(broken_answer("the answer has no choices"));

  ChatAnswer answer{.id = loose::text_at(*object, "id"),
                    .model = loose::text_at(*object, "model"),
                    .created_s = loose::integer_at(*object, "created"),
                    .choices = {}};
  for (std::size_t i = 0; i < choices->size(); ++i) {
    const json::Object* one = (*choices)[i].if_object();
    if (!one) return std::unexpected(broken_answer(fmt::format("the answer's choice {} is no object", i)));
    auto choice = read_choice(*one, i, answer.id, quirks);
    if (!choice) return std::unexpected(std::move(choice.error()));
    answer.choices.push_back(std::move(*choice));
  }
  if (const json::Object* usage = loose::object_at(*object, "usage")) answer.usage = read_usage(*usage, quirks);
  answer.usage.tier = told_tier(*object).value_or(ServiceTier::standard);
  answer.extra = read_chat_extra(*object);
  return answer;
}

}  // namespace atelier::model::openai

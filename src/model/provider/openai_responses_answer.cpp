#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_items.hpp"
#include "model/provider/openai_responses_parts.hpp"
#include "model/provider/openai_usage.hpp"

namespace atelier::model::openai {
namespace {

template <class T>
bool has_part(const std::vector<Part>& parts) {
  return std::ranges::any_of(parts, [](const Part& part) { return std::holds_alternative<T>(part); });
}

// Log probabilities stand on each block; the canonical form has one list.
json::Value logprobs_of(const json::Array& output) {
  json::Array tokens;
  for (const json::Value& value : output) {
    const json::Object* item = value.if_object();
    const json::Array* content = item ? loose::array_at(*item, "content") : nullptr;
    for (std::size_t i = 0; content && i < content->size(); ++i) {
      const json::Object* block = (*content)[i].if_object();
      const json::Array* some = block ? loose::array_at(*block, "logprobs") : nullptr;
      if (some) tokens.insert(tokens.end(), some->begin(), some->end());
    }
  }
  if (tokens.empty()) return nullptr;
  return json::Object{{"content", std::move(tokens)}, {"refusal", nullptr}};
}

}  // namespace

// Some servers tell fractions.
std::int64_t created_s_of(const json::Object& response) {
  const json::Value* value = response.if_contains("created_at");
  if (!value || !value->is_double()) return loose::integer_at(response, "created_at");
  const double seconds = value->get_double();
  return std::isfinite(seconds) && std::abs(seconds) < 1e15 ? static_cast<std::int64_t>(seconds) : 0;
}

json::Object read_responses_extra(const json::Object& response) {
  json::Object extra;
  if (const std::string_view tier = loose::view_at(response, "service_tier"); !tier.empty())
    extra["service_tier"] = tier;
  return extra;
}

StopReason stop_of_response(const json::Object& response, Said said) {
  if (loose::view_at(response, "status") == "incomplete") {
    const json::Object* details = loose::object_at(response, "incomplete_details");
    const std::string_view reason = details ? loose::view_at(*details, "reason") : std::string_view();
    return reason == "content_filter" ? StopReason::content_filter : StopReason::length;
  }
  if (said.has_call) return StopReason::tool_calls;
  return said.has_refusal ? StopReason::refusal : StopReason::stop;
}

std::optional<Fault> fault_of_response(const json::Object& response) {
  if (const json::Object* error = loose::object_at(response, "error"))
    return fault_of_words(loose::view_at(*error, "code"), loose::view_at(*error, "type"),
                          loose::view_at(*error, "message"), 200);
  const std::string_view status = loose::view_at(response, "status");
  if (status.empty() || status == "completed" || status == "incomplete") return std::nullopt;
  if (status == "failed") return fault_of_words("", "", "the response failed without a reason", 200);
  return broken_answer(fmt::format("the response is not done: its status is \"{}\"", printable(status, 32)));
}

std::expected<ChatAnswer, Fault> read_responses_answer(const HttpHead& head, std::string_view body,
                                                       const Quirks& quirks) {
  if (head.status >= 400) return std::unexpected(read_fault(head, body));
  const auto value = json::parse(trim(body));
  if (!value) return std::unexpected(broken_answer(fmt::format("the answer is {}", value.error().message)));
  if (auto fault = find_fault(*value, head.status)) return std::unexpected(std::move(*fault));
  const json::Object* response = value->if_object();
  if (auto fault = response ? fault_of_response(*response) : std::nullopt) return std::unexpected(std::move(*fault));
  const json::Array* output = response ? loose::array_at(*response, "output") : nullptr;
  if (!output) return std::unexpected(broken_answer("the answer has no output"));

  ItemReader items;
  for (std::size_t i = 0; i < output->size(); ++i) {
    const json::Object* item = (*output)[i].if_object();
    if (!item) return std::unexpected(broken_answer(fmt::format("the answer's item {} is no object", i)));
    items.take(*item);
  }
  Choice choice{.parts = items.finish(), .logprobs = logprobs_of(*output)};
  choice.stop = stop_of_response(
      *response, {.has_call = has_part<ToolCall>(choice.parts), .has_refusal = has_part<Refusal>(choice.parts)});
  ChatAnswer answer{.id = loose::text_at(*response, "id"),
                    .model = loose::text_at(*response, "model"),
                    .created_s = created_s_of(*response),
                    .choices = {}};
  answer.choices.push_back(std::move(choice));
  if (const json::Object* usage = loose::object_at(*response, "usage")) answer.usage = read_usage(*usage, quirks);
  answer.usage.tier = told_tier(*response).value_or(ServiceTier::standard);
  answer.extra = read_responses_extra(*response);
  return answer;
}

}  // namespace atelier::model::openai

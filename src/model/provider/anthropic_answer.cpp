#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::anthropic {
namespace {

void take_count(const json::Object& usage, std::string_view name, std::int64_t& count) {
  const json::Value* value = usage.if_contains(name);
  if (value && value->is_number()) count = std::max<std::int64_t>(0, loose::integer_at(usage, name));
}

}  // namespace

void Counts::take(const json::Object& told) {
  is_told = true;
  if (const std::string_view word = loose::view_at(told, "service_tier"); !word.empty())
    tier = parse_service_tier(word);
  take_count(told, "input_tokens", input);
  take_count(told, "output_tokens", output);
  take_count(told, "cache_read_input_tokens", cache_read);
  if (const json::Object* creation = loose::object_at(told, "cache_creation")) {
    std::int64_t minutes = 0;
    take_count(*creation, "ephemeral_1h_input_tokens", cache_creation_hour);
    take_count(*creation, "ephemeral_5m_input_tokens", minutes);
    cache_creation = minutes + cache_creation_hour;
  }
  take_count(told, "cache_creation_input_tokens", cache_creation);
  if (const json::Object* details = loose::object_at(told, "output_tokens_details"))
    take_count(*details, "thinking_tokens", thinking);
  const json::Array* iterations = loose::array_at(told, "iterations");
  if (!iterations) return;
  beside_input = beside_output = 0;
  for (const json::Value& value : *iterations) {
    const json::Object* iteration = value.if_object();
    if (!iteration) continue;
    const std::string_view type = loose::view_at(*iteration, "type");
    if (type != "compaction" && type != "advisor_message") continue;
    beside_input += std::max<std::int64_t>(0, loose::integer_at(*iteration, "input_tokens"));
    beside_output += std::max<std::int64_t>(0, loose::integer_at(*iteration, "output_tokens"));
  }
}

Usage Counts::usage() const noexcept {
  const std::int64_t thought = std::min(thinking, output);
  const std::int64_t hour = std::min(cache_creation_hour, cache_creation);
  return Usage{.input = input + beside_input,
               .cached_read = cache_read,
               .cached_write = cache_creation - hour,
               .cached_write_hour = hour,
               .output = output - thought + beside_output,
               .reasoning = thought,
               .tier = tier};
}

std::optional<StopReason> stop_of(std::string_view reason) noexcept {
  if (reason.empty()) return std::nullopt;
  if (reason == "stop_sequence") return StopReason::stop_sequence;
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return StopReason::length;
  if (reason == "tool_use") return StopReason::tool_calls;
  if (reason == "refusal") return StopReason::refusal;
  if (reason == "pause_turn") return StopReason::pause;
  return StopReason::stop;
}

Part part_of(const json::Object& block) {
  const std::string_view type = loose::view_at(block, "type");
  if (type == "text") {
    Text text{.text = loose::text_at(block, "text")};
    const json::Array* citations = loose::array_at(block, "citations");
    if (citations && !citations->empty()) text.extra["citations"] = *citations;
    return text;
  }
  if (type == "thinking" || type == "redacted_thinking") {
    const bool is_redacted = type == "redacted_thinking";
    Reasoning reasoning{.text = loose::text_at(block, "thinking"),
                        .signature = loose::text_at(block, is_redacted ? "data" : "signature"),
                        .is_redacted = is_redacted};
    if (!reasoning.signature.empty()) reasoning.origin = Protocol::anthropic;
    return reasoning;
  }
  if (type == "tool_use") {
    ToolCall call{.id = loose::text_at(block, "id"), .name = loose::text_at(block, "name"), .arguments = "{}"};
    if (const json::Object* input = loose::object_at(block, "input")) call.arguments = json::write(*input);
    if (const json::Object* caller = loose::object_at(block, "caller")) call.extra["caller"] = *caller;
    return call;
  }
  return Foreign{.protocol = Protocol::anthropic, .block = block};
}

json::Object extra_of(const json::Object& message) {
  json::Object extra;
  if (const json::Object* container = loose::object_at(message, "container")) extra["container"] = *container;
  const json::Object* usage = loose::object_at(message, "usage");
  if (const std::string_view tier = usage ? loose::view_at(*usage, "service_tier") : ""; !tier.empty())
    extra["service_tier"] = tier;
  return extra;
}

std::string explanation_in(const json::Object& holder) {
  const json::Object* details = loose::object_at(holder, "stop_details");
  return details ? loose::text_at(*details, "explanation") : std::string();
}

std::expected<ChatAnswer, Fault> read_answer(const HttpHead& head, std::string_view body) {
  if (head.status >= 400 || !has_json(head, body)) return std::unexpected(read_fault(head, body));
  const auto message = loose::parse_object(body);
  if (!message) return std::unexpected(broken_answer("the answer is no JSON object"));
  if (loose::view_at(*message, "type") == "error" || loose::object_at(*message, "error"))
    return std::unexpected(read_fault(head, body));
  const json::Array* content = loose::array_at(*message, "content");
  if (!content) return std::unexpected(broken_answer("the answer has no content"));
  ChatAnswer answer{.id = loose::text_at(*message, "id"), .model = loose::text_at(*message, "model"), .choices = {}};
  Choice choice;
  for (const json::Value& block : *content)
    if (const json::Object* object = block.if_object()) choice.parts.push_back(part_of(*object));
  choice.stop = stop_of(loose::view_at(*message, "stop_reason")).value_or(StopReason::stop);
  if (choice.stop == StopReason::stop_sequence) choice.stop_sequence = loose::text_at(*message, "stop_sequence");
  if (choice.stop == StopReason::refusal)
    if (std::string words = explanation_in(*message); !words.empty())
      choice.parts.emplace_back(Refusal{.text = std::move(words)});
  answer.choices.push_back(std::move(choice));
  if (const json::Object* usage = loose::object_at(*message, "usage")) {
    Counts counts;
    counts.take(*usage);
    answer.usage = counts.usage();
  }
  answer.extra = extra_of(*message);
  return answer;
}

}  // namespace atelier::model::anthropic

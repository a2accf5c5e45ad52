#include <fmt/format.h>

#include "model/face/anthropic_parts.hpp"
#include "model/face/anthropic_seal.hpp"
#include "model/loose_json.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::anthropic {
namespace {

json::Object text_block(const Text& text) {
  json::Object block{{"type", "text"}, {"text", text.text}};
  if (const json::Array* citations = loose::array_at(text.extra, "citations")) block["citations"] = *citations;
  return block;
}

json::Object sealed_block(Sealed::Place place, const std::string& signature) {
  return thinking_block("", seal(Sealed{.origin = Protocol::gemini, .place = place, .signature = signature}));
}

void append_blocks(json::Array& content, const Part& part) {
  if (const auto* text = std::get_if<Text>(&part)) {
    if (!text->text.empty()) content.push_back(text_block(*text));
    if (!text->signature.empty())
      content.push_back(sealed_block(text->text.empty() ? Sealed::Place::part : Sealed::Place::text, text->signature));
  } else if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
    if (reasoning->is_redacted)
      content.push_back(json::Object{{"type", "redacted_thinking"}, {"data", shown_signature(*reasoning)}});
    else if (!reasoning->text.empty() || !reasoning->signature.empty())
      content.push_back(thinking_block(reasoning->text, shown_signature(*reasoning)));
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    if (!call->signature.empty()) content.push_back(sealed_block(Sealed::Place::call, call->signature));
    json::Object block{{"type", "tool_use"},
                       {"id", plain_call_id(call->id)},
                       {"name", call->name},
                       {"input", arguments_object(*call)}};
    if (const json::Object* caller = loose::object_at(call->extra, "caller")) block["caller"] = *caller;
    content.push_back(std::move(block));
  } else if (const auto* refusal = std::get_if<Refusal>(&part)) {
    if (!refusal->text.empty()) content.push_back(json::Object{{"type", "text"}, {"text", refusal->text}});
  } else if (const auto* media = std::get_if<Media>(&part)) {
    content.push_back(json::Object{{"type", "text"}, {"text", words_for(*media)}});
  } else if (const auto* foreign = std::get_if<Foreign>(&part)) {
    if (foreign->protocol == Protocol::anthropic) content.push_back(foreign->block);
  }
}

}  // namespace

std::string message_id(std::string_view given, const AnswerHead& head) {
  if (given.starts_with("msg_")) return std::string(given);
  return "msg_" + head.id;
}

std::string_view stop_reason(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::stop:
      return "end_turn";
    case StopReason::stop_sequence:
      return "stop_sequence";
    case StopReason::length:
      return "max_tokens";
    case StopReason::tool_calls:
      return "tool_use";
    case StopReason::content_filter:
    case StopReason::refusal:
      return "refusal";
    case StopReason::pause:
      return "pause_turn";
  }
  return "end_turn";
}

json::Object usage_block(const Usage& usage, const json::Object& extra) {
  json::Object block{{"input_tokens", usage.input + usage.input_audio + usage.input_image},
                     {"cache_creation_input_tokens", usage.cached_write + usage.cached_write_hour},
                     {"cache_read_input_tokens", usage.cached_read},
                     {"cache_creation", json::Object{{"ephemeral_5m_input_tokens", usage.cached_write},
                                                     {"ephemeral_1h_input_tokens", usage.cached_write_hour}}},
                     {"output_tokens", usage.output_total()}};
  if (usage.reasoning > 0) block["output_tokens_details"] = json::Object{{"thinking_tokens", usage.reasoning}};
  const std::string_view tier = loose::view_at(extra, "service_tier");
  if (tier == "standard" || tier == "priority" || tier == "batch") block["service_tier"] = tier;
  return block;
}

std::string shown_signature(const Reasoning& reasoning) {
  if (reasoning.signature.empty() || !reasoning.origin || *reasoning.origin == Protocol::anthropic)
    return reasoning.signature;
  return seal(Sealed{
      .origin = *reasoning.origin, .place = Sealed::Place::part, .id = reasoning.id, .signature = reasoning.signature});
}

json::Object thinking_block(std::string_view text, std::string_view signature) {
  return {{"type", "thinking"}, {"thinking", text}, {"signature", signature}};
}

std::string words_for(const Media& media) {
  std::string_view kind = "image";
  if (media.kind == Media::Kind::audio) kind = "audio";
  if (media.kind == Media::Kind::video) kind = "video";
  if (media.kind == Media::Kind::document) kind = "document";
  if (!media.url.empty()) return fmt::format("[{}: {}]", kind, media.url);
  return fmt::format("[{} {}, which this protocol cannot carry]", kind, media.media_type);
}

std::string write_answer(const ChatAnswer& answer, const AnswerHead& head) {
  json::Array content;
  json::Value stop = nullptr, sequence = nullptr;
  if (!answer.choices.empty()) {
    const Choice& choice = answer.choices.front();
    for (const Part& part : choice.parts) append_blocks(content, part);
    stop = stop_reason(choice.stop);
    if (choice.stop == StopReason::stop_sequence) sequence = choice.stop_sequence;
  }
  json::Object message{{"id", message_id(answer.id, head)},
                       {"type", "message"},
                       {"role", "assistant"},
                       {"model", answer.model.empty() ? head.model : answer.model},
                       {"content", std::move(content)},
                       {"stop_reason", std::move(stop)},
                       {"stop_sequence", std::move(sequence)},
                       {"usage", usage_block(answer.usage, answer.extra)}};
  if (const json::Object* container = loose::object_at(answer.extra, "container")) message["container"] = *container;
  return json::write(message);
}

}  // namespace atelier::model::anthropic

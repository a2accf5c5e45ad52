#include "model/provider/openai_items.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/openai_parts.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kMadeMark = "_atelier_";

std::string_view state_name(ItemState state) { return state == ItemState::completed ? "completed" : "in_progress"; }

std::string joined(const json::Array* blocks) {
  std::string out;
  for (std::size_t i = 0; blocks && i < blocks->size(); ++i) {
    const json::Object* block = (*blocks)[i].if_object();
    if (!block) continue;
    if (i > 0) out += kSummaryBreak;
    out += loose::view_at(*block, "text");
  }
  return out;
}

}  // namespace

json::Object text_block(const Text& text, const json::Value& logprobs) {
  json::Array tokens;
  if (const json::Object* object = logprobs.if_object())
    if (const json::Array* content = loose::array_at(*object, "content")) tokens = *content;
  const json::Array* annotations = loose::array_at(text.extra, "annotations");
  return {{"type", "output_text"},
          {"text", text.text},
          {"annotations", annotations ? *annotations : json::Array()},
          {"logprobs", std::move(tokens)}};
}

json::Object refusal_block(std::string_view text) { return {{"type", "refusal"}, {"refusal", text}}; }

json::Object message_item(std::string_view id, json::Array content, const json::Object& known, ItemState state) {
  json::Object out{{"type", "message"},
                   {"id", id},
                   {"status", state_name(state)},
                   {"role", "assistant"},
                   {"content", std::move(content)}};
  if (const json::Value* phase = known.if_contains("phase")) out["phase"] = *phase;
  return out;
}

json::Object reasoning_item(std::string_view id, std::string_view text, std::string_view encrypted_content) {
  json::Array summary;
  if (!text.empty()) summary.push_back(json::Object{{"type", "summary_text"}, {"text", text}});
  return {{"type", "reasoning"},
          {"id", id},
          {"summary", std::move(summary)},
          {"encrypted_content", encrypted_content.empty() ? json::Value() : json::Value(encrypted_content)}};
}

json::Object call_item(const ToolCall& call, std::string_view id, ItemState state) {
  const bool is_empty = call.arguments.empty() && !call.is_custom && state == ItemState::completed;
  return {{"type", call.is_custom ? "custom_tool_call" : "function_call"},
          {"id", id},
          {"call_id", call.id},
          {"name", call.name},
          {call.is_custom ? "input" : "arguments", is_empty ? "{}" : call.arguments},
          {"status", state_name(state)}};
}

json::Object image_item(const Media& media, std::string_view id) {
  json::Object out{{"type", "image_generation_call"}, {"id", id}, {"status", "completed"}, {"result", media.base64}};
  for (const auto& [name, value] : media.extra)
    if (name == "output_format") out[name] = value;
  return out;
}

std::string encrypted_content_of(const Reasoning& reasoning) {
  if (reasoning.origin == Protocol::openai_responses) return reasoning.signature;
  if (reasoning.signature.empty() && !reasoning.origin) return {};
  return seal(Sealed{.reasoning = {.signature = reasoning.signature,
                                   .is_redacted = reasoning.is_redacted,
                                   .id = reasoning.id,
                                   .origin = reasoning.origin,
                                   .extra = reasoning.extra}});
}

std::string made_item_id(std::string_view prefix, std::string_view answer_id, std::size_t place) {
  return fmt::format("{}{}{}_{}", prefix, kMadeMark, answer_id, place);
}

bool is_made_item_id(std::string_view id) noexcept { return id.find(kMadeMark) != std::string_view::npos; }

json::Object kept_item(const json::Object& item) {
  json::Object out;
  const std::string_view id = loose::view_at(item, "id");
  if (!id.empty() && !is_made_item_id(id)) out["id"] = id;
  if (const json::Value* phase = item.if_contains("phase"); phase && phase->is_string()) out["phase"] = *phase;
  return out;
}

std::string_view kept_item_id(const Text& text) {
  const json::Object* item = loose::object_at(text.extra, "item");
  return item ? loose::view_at(*item, "id") : std::string_view();
}

json::Value read_logprobs(const json::Object& block) {
  const json::Array* tokens = loose::array_at(block, "logprobs");
  if (!tokens || tokens->empty()) return nullptr;
  return json::Object{{"content", *tokens}, {"refusal", nullptr}};
}

Text read_text_block(const json::Object& block, const json::Object& item) {
  Text text{.text = loose::text_at(block, "text")};
  if (const json::Array* annotations = loose::array_at(block, "annotations"); annotations && !annotations->empty())
    text.extra["annotations"] = *annotations;
  if (json::Object kept = kept_item(item); !kept.empty()) text.extra["item"] = std::move(kept);
  return text;
}

Reasoning read_reasoning_item(const json::Object& item) {
  Reasoning reasoning;
  const std::string_view encrypted = loose::view_at(item, "encrypted_content");
  if (auto sealed = unseal(encrypted)) {
    reasoning = std::move(sealed->reasoning);
  } else {
    reasoning.signature = encrypted;
    reasoning.id = loose::text_at(item, "id");
    if (is_made_item_id(reasoning.id)) reasoning.id.clear();
    if (!reasoning.signature.empty() || !reasoning.id.empty()) reasoning.origin = Protocol::openai_responses;
  }
  reasoning.text = joined(loose::array_at(item, "summary"));
  if (reasoning.text.empty()) reasoning.text = joined(loose::array_at(item, "content"));
  return reasoning;
}

ToolCall read_call_item(const json::Object& item) {
  const bool is_custom = loose::view_at(item, "type") == "custom_tool_call";
  ToolCall call{.id = loose::text_at(item, "call_id"),
                .name = loose::text_at(item, "name"),
                .arguments = read_arguments(item.if_contains(is_custom ? "input" : "arguments")),
                .is_custom = is_custom,
                .item_id = loose::text_at(item, "id")};
  if (call.id.empty()) call.id = call.item_id;
  if (is_made_item_id(call.item_id)) call.item_id.clear();
  return call;
}

std::optional<Media> read_image_item(const json::Object& item) {
  Media media{.kind = Media::Kind::image, .base64 = loose::text_at(item, "result")};
  if (media.base64.empty()) return std::nullopt;
  const std::string_view format = loose::view_at(item, "output_format");
  media.media_type = fmt::format("image/{}", format.empty() ? "png" : format);
  media.extra = loose::rest_of(item, {"type", "status", "result"});
  return media;
}

void ItemReader::take_message(const json::Object& item) {
  const json::Value* content = item.if_contains("content");
  if (content && content->is_string()) {
    parts_.emplace_back(read_text_block({{"text", *content}}, item));
    return;
  }
  const json::Array* blocks = content ? content->if_array() : nullptr;
  for (std::size_t i = 0; blocks && i < blocks->size(); ++i) {
    const json::Object* block = (*blocks)[i].if_object();
    if (!block) continue;
    const std::string_view type = loose::view_at(*block, "type");
    if (type == "refusal")
      parts_.emplace_back(Refusal{.text = loose::text_at(*block, "refusal")});
    else if (type == "output_text" || type == "text" || type == "input_text")
      parts_.emplace_back(read_text_block(*block, item));
  }
}

void ItemReader::take_reasoning(const json::Object& item) {
  auto sealed = unseal(loose::view_at(item, "encrypted_content"));
  if (sealed && sealed->place == Sealed::Place::call) {
    for_calls_.push_back(std::move(*sealed));
    return;
  }
  if (sealed && sealed->place == Sealed::Place::text) {
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part)
      if (auto* text = std::get_if<Text>(&*part)) {
        text->signature = sealed->reasoning.signature;
        return;
      }
    parts_.emplace_back(Text{.text = {}, .signature = sealed->reasoning.signature});
    return;
  }
  parts_.emplace_back(read_reasoning_item(item));
}

void ItemReader::take(const json::Object& item) {
  const std::string_view type = loose::view_at(item, "type");
  if (type == "message" || type.empty()) return take_message(item);
  if (type == "reasoning") return take_reasoning(item);
  if (type == "function_call" || type == "custom_tool_call") {
    ToolCall call = read_call_item(item);
    if (call.arguments.empty() && !call.is_custom) call.arguments = "{}";
    parts_.emplace_back(std::move(call));
    return;
  }
  auto image = type == "image_generation_call" ? read_image_item(item) : std::nullopt;
  if (image)
    parts_.emplace_back(std::move(*image));
  else
    parts_.emplace_back(Foreign{.protocol = Protocol::openai_responses, .block = item});
}

std::vector<Part> ItemReader::finish() {
  for (const Sealed& sealed : for_calls_)
    for (Part& part : parts_)
      if (auto* call = std::get_if<ToolCall>(&part); call && call->id == sealed.call_id)
        call->signature = sealed.reasoning.signature;
  for_calls_.clear();
  return std::exchange(parts_, {});
}

}  // namespace atelier::model::openai

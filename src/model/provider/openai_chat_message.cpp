#include "model/provider/openai_chat_message.hpp"

#include <algorithm>

#include "model/loose_json.hpp"
#include "model/provider/openai_reasoning.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kFields[] = {
    "content",           "refusal", "tool_calls", "function_call", "reasoning_content", "reasoning",
    "reasoning_details", "images",  "audio",      "annotations",   "thinking_blocks"};
constexpr std::string_view kThinkOpen = "<think>", kThinkClose = "</think>";

void read_content(const json::Value& content, bool has_think_tags, std::vector<Part>& parts,
                  std::vector<PlacedReasoning>& thoughts) {
  if (content.is_string()) {
    std::string text(loose::view_of(content));
    if (has_think_tags) {
      ThinkSplitter splitter;
      auto pieces = splitter.feed(text);
      auto rest = splitter.end();
      if (std::string thought = pieces.thought + rest.thought; !thought.empty())
        thoughts.push_back({.at = {}, .reasoning = {.text = std::move(thought)}});
      text = pieces.said + rest.said;
    }
    if (!text.empty()) parts.emplace_back(Text{.text = std::move(text)});
    return;
  }
  const json::Array* list = content.if_array();
  if (!list) return;
  for (const json::Value& value : *list) {
    const json::Object* block = value.if_object();
    if (!block) {
      if (value.is_string()) parts.emplace_back(Text{.text = std::string(loose::view_of(value))});
      continue;
    }
    const std::string_view type = loose::view_at(*block, "type");
    if (type == "text" || type == "output_text")
      parts.emplace_back(
          Text{.text = loose::text_at(*block, "text"), .extra = loose::rest_of(*block, {"type", "text"})});
    else if (type == "refusal")
      parts.emplace_back(Refusal{.text = loose::text_at(*block, "refusal")});
    else if (type == "thinking" || type == "redacted_thinking")
      thoughts.push_back(read_thinking(*block));
    else if (auto image = type == "image_url" ? read_image(value) : std::nullopt)
      parts.emplace_back(std::move(*image));
    else
      parts.emplace_back(Foreign{.protocol = Protocol::openai_chat, .block = value});
  }
}

// Signatures alone do not tell what was thought: then the plain text does.
void read_reasoning(const json::Object& message, std::vector<PlacedReasoning>& thoughts, std::vector<TextSeal>& seals) {
  if (const json::Array* list = loose::array_at(message, "reasoning_details"); list && !list->empty()) {
    Details details = read_details(*list);
    seals = std::move(details.seals);
    if (!details.thoughts.empty()) thoughts = std::move(details.thoughts);
  }
  if (const json::Array* blocks = loose::array_at(message, "thinking_blocks"); blocks && thoughts.empty()) {
    for (const json::Value& block : *blocks)
      if (const json::Object* object = block.if_object()) thoughts.push_back(read_thinking(*object));
  }
  const bool is_said =
      std::ranges::any_of(thoughts, [](const PlacedReasoning& thought) { return !thought.reasoning.text.empty(); });
  std::string plain = is_said ? std::string() : plain_reasoning(message);
  if (!plain.empty()) thoughts.insert(thoughts.begin(), {.at = {}, .reasoning = {.text = std::move(plain)}});
}

void read_media(const json::Object& message, std::vector<Part>& parts) {
  if (const json::Array* images = loose::array_at(message, "images"))
    for (const json::Value& value : *images)
      if (auto image = read_image(value)) parts.emplace_back(std::move(*image));
  if (const json::Object* audio = loose::object_at(message, "audio"); audio && !audio->empty())
    parts.emplace_back(read_audio(*audio));
}

void read_calls(const json::Object& message, std::vector<Part>& parts) {
  if (const json::Array* calls = loose::array_at(message, "tool_calls"))
    for (const json::Value& value : *calls)
      if (const json::Object* call = value.if_object()) parts.emplace_back(read_tool_call(*call));
  // As it was before there were tools: one call, without an id.
  if (const json::Object* function = loose::object_at(message, "function_call"); function && !function->empty())
    parts.emplace_back(read_tool_call(json::Object{{"function", *function}}));
}

Text* last_text(std::vector<Part>& parts) {
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (auto* text = std::get_if<Text>(&*part)) return text;
  return nullptr;
}

// Annotations stand beside the content.
json::Object extra_of(const Text& text, const AssistantForm& form) {
  return loose::rest_of(sent_extra(text.extra, form.extra), {"annotations"});
}

json::Object write_text(const Text& text, const AssistantForm& form) {
  json::Object out{{"type", "text"}, {"text", text.text}};
  for (const auto& [name, value] : extra_of(text, form)) out.emplace(name, value);
  return out;
}

// null, a string, or a list where parts have more to tell than their text.
json::Value write_content(const std::vector<Part>& parts, const AssistantForm& form) {
  std::string all;
  std::size_t text_count = 0;
  bool is_list = false;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<Text>(&part)) {
      all += text->text;
      if (!text->text.empty()) ++text_count;
      is_list = is_list || !extra_of(*text, form).empty();
    } else if (const auto* foreign = std::get_if<Foreign>(&part)) {
      is_list = is_list || foreign->protocol == Protocol::openai_chat;
    }
  }
  if (form.is_answer || (!is_list && text_count <= 1)) return text_count > 0 ? json::Value(all) : json::Value();
  json::Array list;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<Text>(&part); text && !text->text.empty())
      list.push_back(write_text(*text, form));
    const auto* foreign = std::get_if<Foreign>(&part);
    if (foreign && foreign->protocol == Protocol::openai_chat) list.push_back(foreign->block);
  }
  return list;
}

void write_reasoning(const std::vector<Part>& parts, const AssistantForm& form, json::Object& message) {
  std::string thought;
  json::Array details;
  std::size_t said = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (const auto* reasoning = std::get_if<Reasoning>(&parts[i])) {
      thought += reasoning->text;
      for (json::Value& detail : write_details(reasoning->text, *reasoning, i)) details.push_back(std::move(detail));
    } else if (const auto* text = std::get_if<Text>(&parts[i])) {
      if (!text->signature.empty())
        details.push_back(write_text_seal({.begin = said, .size = text->text.size(), .signature = text->signature}, i));
      said += text->text.size();
    }
  }
  if (form.has_reasoning_text && !thought.empty()) message["reasoning_content"] = thought;
  if (form.has_reasoning_details && !details.empty()) message["reasoning_details"] = std::move(details);
}

}  // namespace

bool is_assistant_field(std::string_view name) noexcept {
  return std::ranges::find(kFields, name) != std::end(kFields);
}

std::vector<Part> read_assistant(const json::Object& message, bool has_think_tags) {
  std::vector<Part> parts;
  std::vector<PlacedReasoning> thoughts;
  std::vector<TextSeal> seals;
  if (const json::Value* content = message.if_contains("content"))
    read_content(*content, has_think_tags, parts, thoughts);
  read_reasoning(message, thoughts, seals);
  unseal_texts(parts, seals);
  if (const json::Array* annotations = loose::array_at(message, "annotations"); annotations && !annotations->empty())
    if (Text* text = last_text(parts)) text->extra["annotations"] = flatten_annotations(*annotations);
  if (const std::string_view refusal = loose::view_at(message, "refusal"); !refusal.empty())
    parts.emplace_back(Refusal{.text = std::string(refusal)});
  read_media(message, parts);
  read_calls(message, parts);
  return put_in_place(std::move(parts), std::move(thoughts));
}

void write_assistant(const std::vector<Part>& parts, const AssistantForm& form, json::Object& message) {
  std::string refusal;
  json::Array calls, images, annotations;
  const Media* audio = nullptr;
  for (const Part& part : parts) {
    if (const auto* refused = std::get_if<Refusal>(&part)) refusal += refused->text;
    if (const auto* media = std::get_if<Media>(&part)) {
      if (media->kind == Media::Kind::audio)
        audio = media;
      else if (media->kind == Media::Kind::image)
        images.push_back(write_image(*media));
    }
    if (const auto* text = std::get_if<Text>(&part))
      if (const json::Array* notes = loose::array_at(text->extra, "annotations"))
        for (json::Value& note : nest_annotations(*notes)) annotations.push_back(std::move(note));
    if (const auto* call = std::get_if<ToolCall>(&part)) {
      json::Object& written = calls.emplace_back(write_tool_call(*call)).get_object();
      if (!form.has_reasoning_details) written.erase("extra_content");
      for (const auto& [name, value] : sent_extra(call->extra, form.extra)) written.emplace(name, value);
    }
  }
  const bool may_have_more = form.is_answer || form.extra.is_same_protocol;
  message["content"] = write_content(parts, form);
  if (form.is_answer || !refusal.empty()) message["refusal"] = refusal.empty() ? json::Value() : json::Value(refusal);
  write_reasoning(parts, form, message);
  if (may_have_more && !annotations.empty()) message["annotations"] = std::move(annotations);
  if (may_have_more && !images.empty()) message["images"] = std::move(images);
  if (may_have_more && audio) message["audio"] = write_audio(*audio);
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
}

ThinkSplitter::Pieces ThinkSplitter::feed(std::string_view text) {
  Pieces out;
  if (state_ == State::said) {
    out.said = text;
    return out;
  }
  held_ += text;
  if (state_ == State::before) {
    const std::size_t begin = held_.find_first_not_of(" \t\r\n");
    const std::string_view rest =
        begin == std::string::npos ? std::string_view() : std::string_view(held_).substr(begin);
    if (kThinkOpen.starts_with(rest)) {
      if (rest.size() < kThinkOpen.size()) return out;
      held_.erase(0, begin + kThinkOpen.size());
      state_ = State::thinking;
    } else if (rest.starts_with(kThinkOpen)) {
      held_.erase(0, begin + kThinkOpen.size());
      state_ = State::thinking;
    } else {
      state_ = State::said;
      out.said = std::exchange(held_, std::string());
      return out;
    }
  }
  if (state_ == State::thinking) {
    const std::size_t close = held_.find(kThinkClose);
    if (close == std::string::npos) {
      // The last bytes may be a tag's beginning.
      std::size_t kept = std::min(held_.size(), kThinkClose.size() - 1);
      while (kept > 0 && !kThinkClose.starts_with(std::string_view(held_).substr(held_.size() - kept))) --kept;
      out.thought = held_.substr(0, held_.size() - kept);
      held_.erase(0, held_.size() - kept);
      return out;
    }
    out.thought = held_.substr(0, close);
    held_.erase(0, close + kThinkClose.size());
    state_ = State::after_tag;
  }
  // Line breaks between the thought and the text belong to neither.
  const std::size_t begin = held_.find_first_not_of("\r\n");
  if (begin == std::string::npos) {
    held_.clear();
    return out;
  }
  state_ = State::said;
  out.said = held_.substr(begin);
  held_.clear();
  return out;
}

ThinkSplitter::Pieces ThinkSplitter::end() {
  Pieces out;
  (state_ == State::thinking ? out.thought : out.said) = std::exchange(held_, std::string());
  state_ = State::said;
  return out;
}

}  // namespace atelier::model::openai

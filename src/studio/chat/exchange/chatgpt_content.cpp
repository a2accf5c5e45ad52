#include "studio/chat/exchange/chatgpt_content.hpp"

#include <fmt/format.h>

#include <map>

#include "base/text.hpp"
#include "studio/chat/exchange/code_fence.hpp"
#include "studio/chat/exchange/fields.hpp"

namespace atelier::studio::exchange::chatgpt {
namespace {

// A reference within a text stands between these two characters of the private use area (U+E200, U+E201), and its
// readable form in the metadata.
constexpr std::string_view kReferenceBegins = "\xee\x88\x80", kReferenceEnds = "\xee\x88\x81";

const json::Object kNothing;

const json::Object& part_of(const json::Object& object, std::string_view name) noexcept {
  const json::Object* found = object_at(object, name);
  return found ? *found : kNothing;
}

std::string with_references_readable(std::string_view text, const json::Object& metadata) {
  if (!text.contains(kReferenceBegins)) return std::string(text);
  std::map<std::string_view, std::string_view> readable;
  if (const json::Array* references = array_at(metadata, "content_references"))
    for (const json::Value& reference : *references)
      if (const json::Object* object = reference.if_object())
        readable.emplace(text_at(*object, "matched_text"), text_at(*object, "alt"));
  std::string out;
  for (;;) {
    const std::size_t begin = text.find(kReferenceBegins);
    const std::size_t end = begin == std::string_view::npos ? begin : text.find(kReferenceEnds, begin);
    if (end == std::string_view::npos) break;
    const std::string_view marked = text.substr(begin, end + kReferenceEnds.size() - begin);
    out += text.substr(0, begin);
    if (const auto found = readable.find(marked); found != readable.end()) out += found->second;
    text.remove_prefix(begin + marked.size());
  }
  return out += text;
}

void read_citations(const json::Object& metadata, PartList& parts) {
  const auto cite = [&](const json::Value& value) {
    if (const json::Object* cited = value.if_object()) parts.citation(text_at(*cited, "title"), text_at(*cited, "url"));
  };
  if (const json::Array* references = array_at(metadata, "content_references"))
    for (const json::Value& reference : *references) {
      if (const json::Object* object = reference.if_object())
        if (const json::Array* items = array_at(*object, "items"))
          for (const json::Value& item : *items) cite(item);
      cite(reference);
    }
  if (const json::Array* citations = array_at(metadata, "citations"))
    for (const json::Value& citation : *citations)
      if (const json::Object* object = citation.if_object())
        if (const json::Value* cited = object->if_contains("metadata")) cite(*cited);
}

void read_attachments(const json::Object& metadata, PartList& parts) {
  if (const json::Array* attachments = array_at(metadata, "attachments"))
    for (const json::Value& attachment : *attachments)
      if (const json::Object* object = attachment.if_object()) {
        const std::string_view type = text_at(*object, "mime_type");
        // A picture stands among the message's parts as well.
        if (!type.starts_with("image/")) parts.mention("file", text_at(*object, "name"));
      }
}

// One of the parts of a multimodal_text that is no string.
void read_pointer(const json::Object& pointer, PartList& parts) {
  const std::string_view type = text_at(pointer, "content_type");
  if (type == "image_asset_pointer")
    parts.mention("image", text_at(part_of(part_of(pointer, "metadata"), "dalle"), "prompt"));
  else if (type == "audio_transcription")
    parts.text(text_at(pointer, "text"));
  else if (type == "audio_asset_pointer" || type == "real_time_user_audio_video_asset_pointer")
    parts.mention("sound", "");
  else if (type == "video_container_asset_pointer")
    parts.mention("video", "");
  else if (!text_at(pointer, "text").empty())
    parts.text(text_at(pointer, "text"));
  else
    parts.skip("a part", type);
}

std::string thoughts_of(const json::Object& content) {
  std::string all;
  if (const json::Array* thoughts = array_at(content, "thoughts"))
    for (const json::Value& thought : *thoughts) {
      const json::Object* object = thought.if_object();
      if (!object) continue;
      if (const auto summary = text_at(*object, "summary"); !summary.empty())
        all += fmt::format("{}**{}**", all.empty() ? "" : "\n\n", summary);
      if (const auto text = text_at(*object, "content"); !text.empty())
        all += fmt::format("{}{}", all.empty() ? "" : "\n\n", text);
    }
  return all;
}

std::string fenced(std::string_view code, std::string_view language) {
  const std::string fence = code_fence(code);
  return fmt::format("{}{}\n{}\n{}", fence, language == "unknown" ? "" : language, code, fence);
}

}  // namespace

bool is_hidden(const json::Object& message) noexcept {
  return is_true_at(part_of(message, "metadata"), "is_visually_hidden_from_conversation") ||
         content_type(message) == "user_editable_context" || content_type(message) == "model_editable_context";
}

bool is_reasoning(const json::Object& message) noexcept {
  const std::string_view type = content_type(message);
  return type == "thoughts" || type == "reasoning_recap" ||
         (text_at(message, "channel") == "analysis" && tool_called(message).empty());
}

std::string_view tool_called(const json::Object& message) noexcept {
  const std::string_view recipient = text_at(message, "recipient");
  return recipient == "all" || recipient == "assistant" ? std::string_view() : recipient;
}

std::string_view role_of(const json::Object& message) noexcept {
  const std::string_view role = text_at(part_of(message, "author"), "role");
  return role == "system" || role == "user" || role == "assistant" || role == "tool" ? role : std::string_view();
}

std::string_view content_type(const json::Object& message) noexcept {
  return text_at(part_of(message, "content"), "content_type");
}

std::string plain_text(const json::Object& message) {
  const json::Object& content = part_of(message, "content");
  std::string all;
  const auto add = [&](std::string_view text) {
    if (!text.empty()) all += fmt::format("{}{}", all.empty() ? "" : "\n", text);
  };
  for (const std::string_view name : {"text", "content", "result", "output_str"}) add(text_at(content, name));
  if (const json::Array* parts = array_at(content, "parts"))
    for (const json::Value& part : *parts) {
      add(text_of(part));
      if (const json::Object* object = part.if_object()) add(text_at(*object, "text"));
    }
  return all;
}

void read_said(const json::Object& message, PartList& parts) {
  const json::Object& content = part_of(message, "content");
  const json::Object& metadata = part_of(message, "metadata");
  const std::string_view type = content_type(message);
  if (type == "thoughts") {
    parts.reasoning(thoughts_of(content));
  } else if (is_reasoning(message)) {
    parts.reasoning(plain_text(message));
  } else if (type == "code") {
    if (const auto code = text_at(content, "text"); !trim(code).empty())
      parts.text(fenced(code, text_at(content, "language")));
  } else if (type == "execution_output") {
    if (const auto output = text_at(content, "text"); !trim(output).empty()) parts.text(fenced(output, ""));
  } else if (type == "system_error") {
    parts.failure(text_at(content, "name"), text_at(content, "text"));
  } else if (const json::Array* said = array_at(content, "parts")) {
    std::string text;
    for (const json::Value& part : *said) {
      if (const json::Object* pointer = part.if_object()) {
        parts.text(with_references_readable(text, metadata));
        text.clear();
        read_pointer(*pointer, parts);
      } else if (const std::string_view more = text_of(part); !more.empty()) {
        text += fmt::format("{}{}", text.empty() ? "" : "\n", more);
      }
    }
    parts.text(with_references_readable(text, metadata));
  } else if (const std::string text = plain_text(message); !text.empty()) {
    parts.text(text);
  } else {
    parts.skip("content", type);
  }
  read_attachments(metadata, parts);
  read_citations(metadata, parts);
}

void read_found(const json::Object& message, PartList& parts) {
  const json::Object& content = part_of(message, "content");
  parts.citation(text_at(content, "title"), text_at(content, "url"));
  const json::Array* pictures = array_at(content, "parts");
  if (!pictures) return;
  for (const json::Value& picture : *pictures)
    if (const json::Object* pointer = picture.if_object())
      if (text_at(*pointer, "content_type") == "image_asset_pointer") read_pointer(*pointer, parts);
}

}  // namespace atelier::studio::exchange::chatgpt

#include "model/provider/openai_reasoning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/loose_json.hpp"

namespace atelier::model::openai {
namespace {

struct Format {
  Protocol origin;
  std::string_view name;
};
constexpr Format kFormats[] = {{Protocol::anthropic, "anthropic-claude-v1"},
                               {Protocol::gemini, "google-gemini-v1"},
                               {Protocol::openai_responses, "openai-responses-v1"}};
constexpr std::string_view kUnknownFormat = "unknown";
constexpr std::string_view kSealId = "text:";

std::string format_of(const Reasoning& reasoning) {
  if (const std::string_view given = loose::view_at(reasoning.extra, "format"); !given.empty())
    return std::string(given);
  for (const Format& format : kFormats)
    if (reasoning.origin == format.origin) return std::string(format.name);
  return std::string(kUnknownFormat);
}

// Formats that are none of ours are known to those alone who sent them: to chat.
void read_format(std::string_view name, Reasoning& reasoning) {
  for (const Format& format : kFormats) {
    if (format.name != name) continue;
    reasoning.origin = format.origin;
    return;
  }
  const bool is_named = !name.empty() && name != kUnknownFormat;
  if (is_named) reasoning.extra["format"] = name;
  if (is_named || !reasoning.signature.empty()) reasoning.origin = Protocol::openai_chat;
}

json::Object detail(std::string_view type, std::string_view field, std::string_view text, const Reasoning& head) {
  json::Object out{{"type", type}, {field, text}};
  if (!head.id.empty()) out["id"] = head.id;
  return out;
}

std::optional<std::size_t> take_size(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(':')) text.remove_prefix(1);
  return number;
}

std::optional<TextSeal> read_text_seal(std::string_view id, std::string_view signature) {
  if (!id.starts_with(kSealId)) return std::nullopt;
  id.remove_prefix(kSealId.size());
  const auto begin = take_size(id), size = take_size(id);
  if (!begin || !size || !id.empty()) return std::nullopt;
  return TextSeal{.begin = *begin, .size = *size, .signature = std::string(signature)};
}

// A list of {"type":"text","text"}, as Mistral writes thoughts, or a text.
std::string joined_text(const json::Value* value) {
  if (!value) return {};
  if (value->is_string()) return std::string(loose::view_of(*value));
  std::string out;
  if (const json::Array* list = value->if_array())
    for (const json::Value& one : *list)
      if (const json::Object* object = one.if_object()) out += loose::view_at(*object, "text");
  return out;
}

bool is_boundary(std::string_view text, std::size_t at) {
  return at == text.size() || (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80);
}

}  // namespace

PlacedReasoning read_thinking(const json::Object& block) {
  PlacedReasoning thought;
  const bool is_redacted = loose::view_at(block, "type") == "redacted_thinking";
  thought.reasoning.text = joined_text(block.if_contains("thinking"));
  thought.reasoning.signature = loose::text_at(block, is_redacted ? "data" : "signature");
  thought.reasoning.is_redacted = is_redacted;
  if (!thought.reasoning.signature.empty()) thought.reasoning.origin = Protocol::anthropic;
  return thought;
}

std::string plain_reasoning(const json::Object& message) {
  for (const std::string_view name : {"reasoning_content", "reasoning"})
    if (const std::string_view text = loose::view_at(message, name); !text.empty()) return std::string(text);
  return {};
}

json::Array write_details(std::string_view text, const Reasoning& head, std::size_t index) {
  json::Array out;
  if (head.is_redacted) {
    out.push_back(detail("reasoning.encrypted", "data", head.signature, head));
  } else if (head.origin == Protocol::openai_responses) {
    const bool is_sealed = !head.signature.empty() || !head.id.empty();
    if (!text.empty() || !is_sealed) out.push_back(json::Object{{"type", "reasoning.summary"}, {"summary", text}});
    if (is_sealed) out.push_back(detail("reasoning.encrypted", "data", head.signature, head));
  } else {
    json::Object said = detail("reasoning.text", "text", text, head);
    if (!head.signature.empty()) said["signature"] = head.signature;
    out.push_back(std::move(said));
  }
  for (json::Value& one : out) {
    one.get_object()["format"] = format_of(head);
    one.get_object()["index"] = index;
  }
  return out;
}

json::Object write_text_seal(const TextSeal& seal, std::size_t index) {
  return {{"type", "reasoning.encrypted"},
          {"data", seal.signature},
          {"id", fmt::format("{}{}:{}", kSealId, seal.begin, seal.size)},
          {"format", "google-gemini-v1"},
          {"index", index}};
}

Detail read_detail(const json::Value& value) {
  const json::Object* object = value.if_object();
  if (!object) return {};
  const std::string_view type = loose::view_at(*object, "type"), format = loose::view_at(*object, "format");
  PlacedReasoning piece;
  if (const json::Value* index = object->if_contains("index"); index && index->is_number())
    piece.at = static_cast<std::size_t>(std::max<std::int64_t>(0, loose::integer_at(*object, "index")));
  Reasoning& reasoning = piece.reasoning;
  reasoning.id = loose::text_at(*object, "id");
  if (type == "reasoning.text") {
    reasoning.text = loose::text_at(*object, "text");
    reasoning.signature = loose::text_at(*object, "signature");
  } else if (type == "reasoning.summary") {
    reasoning.text = loose::text_at(*object, "summary");
  } else if (type == "reasoning.encrypted") {
    reasoning.signature = loose::text_at(*object, "data");
    if (auto seal = read_text_seal(reasoning.id, reasoning.signature)) {
      seal->at = piece.at;
      return {.seal = std::move(seal)};
    }
  } else {
    return {};
  }
  read_format(format, reasoning);
  reasoning.is_redacted = type == "reasoning.encrypted" && reasoning.origin != Protocol::openai_responses;
  return {.piece = std::move(piece)};
}

bool join(PlacedReasoning& before, const PlacedReasoning& piece) {
  Reasoning& whole = before.reasoning;
  const Reasoning& more = piece.reasoning;
  const bool is_same = before.at == piece.at && !whole.is_redacted && !more.is_redacted &&
                       (whole.origin == more.origin || !whole.origin || !more.origin) &&
                       (whole.id.empty() || more.id.empty() || whole.id == more.id);
  if (!is_same || !whole.signature.empty()) return false;
  whole.text += more.text;
  whole.signature = more.signature;
  if (!more.id.empty()) whole.id = more.id;
  if (more.origin) {
    whole.origin = more.origin;
    whole.extra = more.extra;
  }
  return true;
}

Details read_details(const json::Array& details) {
  Details out;
  for (const json::Value& value : details) {
    Detail one = read_detail(value);
    if (one.seal) out.seals.push_back(std::move(*one.seal));
    if (!one.piece || (!out.thoughts.empty() && join(out.thoughts.back(), *one.piece))) continue;
    out.thoughts.push_back(std::move(*one.piece));
  }
  return out;
}

std::vector<Part> put_in_place(std::vector<Part> rest, std::vector<PlacedReasoning> thoughts) {
  if (thoughts.empty()) return rest;
  std::vector<Part> out;
  out.reserve(rest.size() + thoughts.size());
  auto next = rest.begin();
  for (PlacedReasoning& thought : thoughts) {
    while (thought.at && out.size() < *thought.at && next != rest.end()) out.push_back(std::move(*next++));
    out.emplace_back(std::move(thought.reasoning));
  }
  std::move(next, rest.end(), std::back_inserter(out));
  return out;
}

void unseal_texts(std::vector<Part>& texts, const std::vector<TextSeal>& seals) {
  for (const TextSeal& seal : seals) {
    // The text that begins there, or holds that place; cut where the signed bytes are only a piece of it.
    std::size_t begin = 0;
    bool is_placed = false;
    for (std::size_t i = 0; i < texts.size() && !is_placed; ++i) {
      auto* text = std::get_if<Text>(&texts[i]);
      if (!text) continue;
      const std::size_t size = text->text.size();
      const std::size_t from = seal.begin - begin;
      const bool is_inside = seal.begin >= begin && seal.size <= size && from <= size - seal.size;
      const bool is_empty_elsewhere = seal.size == 0 && size > 0;
      if (is_inside && !is_empty_elsewhere && text->signature.empty() && is_boundary(text->text, from) &&
          is_boundary(text->text, from + seal.size)) {
        Text before{.text = text->text.substr(0, from), .extra = text->extra};
        Text after{.text = text->text.substr(from + seal.size), .extra = text->extra};
        text->text = text->text.substr(from, seal.size);
        text->signature = seal.signature;
        const auto place = texts.begin() + static_cast<std::ptrdiff_t>(i);
        if (!after.text.empty()) texts.insert(place + 1, std::move(after));
        if (!before.text.empty()) texts.insert(texts.begin() + static_cast<std::ptrdiff_t>(i), std::move(before));
        is_placed = true;
      }
      begin += size;
    }
    if (!is_placed) texts.emplace_back(Text{.text = {}, .signature = seal.signature});
  }
}

}  // namespace atelier::model::openai

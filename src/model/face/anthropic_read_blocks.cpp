#include <fmt/format.h>

#include "base/text.hpp"
#include "model/face/anthropic_reading.hpp"
#include "model/face/anthropic_seal.hpp"
#include "model/loose_json.hpp"

namespace atelier::model::anthropic {
namespace {

// What other protocols can show of a block that is a text and more.
std::string readable_text(const json::Object& block) {
  std::string out;
  const auto append = [&](std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += '\n';
    out += text;
  };
  const auto append_blocks = [&](const json::Object& from) {
    append(loose::view_at(from, "content"));
    if (const json::Array* blocks = loose::array_at(from, "content"))
      for (const json::Value& inner : *blocks)
        if (const json::Object* object = inner.if_object()) append(loose::view_at(*object, "text"));
  };
  append(loose::view_at(block, "title"));
  append(loose::view_at(block, "source"));  // of a search result
  if (const json::Object* source = loose::object_at(block, "source")) {
    append(loose::view_at(*source, "data"));
    append_blocks(*source);
  }
  append_blocks(block);
  return out;
}

// The whole block goes back to its own protocol; others see the text.
Text text_with_block(const json::Object& block) {
  return Text{.text = readable_text(block), .extra = {{"block", block}}};
}

// Signatures that travelled as blocks beside the part they belong to.
void unfold_seals(std::vector<Part>& parts) {
  std::vector<Part> out;
  out.reserve(parts.size());
  std::string for_call;
  for (Part& part : parts) {
    auto* reasoning = std::get_if<Reasoning>(&part);
    const auto sealed = reasoning ? unseal(reasoning->signature) : std::nullopt;
    if (!sealed) {
      auto* call = std::get_if<ToolCall>(&part);
      if (call) call->signature = std::exchange(for_call, std::string());
      out.push_back(std::move(part));
      continue;
    }
    if (sealed->place == Sealed::Place::call) {
      for_call = sealed->signature;
    } else if (sealed->place == Sealed::Place::text) {
      auto* before = out.empty() ? nullptr : std::get_if<Text>(&out.back());
      if (before) before->signature = sealed->signature;
    } else {
      reasoning->signature = sealed->signature;
      reasoning->id = sealed->id;
      reasoning->origin = sealed->origin;
      out.push_back(std::move(part));
    }
  }
  parts = std::move(out);
}

}  // namespace

std::string Place::spell() const {
  if (!above) return {};
  if (name.empty()) return fmt::format("{}/{}", above->spell(), index);
  return fmt::format("{}/{}", above->spell(), name);
}

void Complaint::add(const Place& at, std::string message) {
  if (error_) return;
  auto failure =
      fail(ErrorCode::invalid_argument, std::move(message), {.reason = "field_invalid", .where = at.spell()});
  error_ = std::move(failure.error());
}

std::string MessageReader::required_text(const json::Object& from, const Place& at, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  if (!value || !value->is_string()) complaint_.add(Place{&at, name}, value ? "must be a string" : "is required");
  return value ? std::string(loose::view_of(*value)) : std::string();
}

void MessageReader::read(const json::Value& message, const Place& at, std::vector<Message>& out) {
  const json::Object* object = message.if_object();
  if (!object) return complaint_.add(at, "must be an object");
  const std::string role_name = required_text(*object, at, "role");
  Role role = Role::user;
  if (role_name == "assistant")
    role = Role::assistant;
  else if (role_name == "system")
    role = Role::system;
  else if (role_name != "user")
    complaint_.add(Place{&at, "role"},
                   fmt::format("is \"{}\", not one of user, assistant, system", printable(role_name, 32)));
  const json::Value* content = object->if_contains("content");
  if (!content) return complaint_.add(Place{&at, "content"}, "is required");

  Message rest{.role = role, .parts = {}, .extra = loose::rest_of(*object, {"role", "content"})};
  bool has_results = false;
  for (Part& part : read_content(*content, Place{&at, "content"}, role)) {
    if (std::holds_alternative<ToolResult>(part)) {
      Message& result = out.emplace_back(Message{.role = Role::tool, .parts = {}});
      result.parts.push_back(std::move(part));
      has_results = true;
    } else {
      rest.parts.push_back(std::move(part));
    }
  }
  if (!has_results || !rest.parts.empty()) out.push_back(std::move(rest));
}

std::vector<Part> MessageReader::read_content(const json::Value& content, const Place& at, Role role) {
  std::vector<Part> parts;
  if (content.is_string()) {
    if (!content.get_string().empty()) parts.emplace_back(Text{.text = std::string(loose::view_of(content))});
    return parts;
  }
  const json::Array* blocks = content.if_array();
  if (!blocks) {
    complaint_.add(at, "must be a string or a list of blocks");
    return parts;
  }
  parts.reserve(blocks->size());
  bool has_reasoning = false;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    auto part = read_block((*blocks)[i], Place{&at, {}, i}, role);
    if (!part) continue;
    has_reasoning = has_reasoning || std::holds_alternative<Reasoning>(*part);
    parts.push_back(std::move(*part));
  }
  if (has_reasoning) unfold_seals(parts);
  return parts;
}

std::optional<Part> MessageReader::read_block(const json::Value& value, const Place& at, Role role) {
  const json::Object* block = value.if_object();
  if (!block) {
    complaint_.add(at, "must be an object");
    return std::nullopt;
  }
  const std::string type = required_text(*block, at, "type");
  if (type == "text")
    return Text{.text = required_text(*block, at, "text"), .extra = loose::rest_of(*block, {"type", "text"})};
  if (role == Role::system) {
    complaint_.add(Place{&at, "type"}, fmt::format("is \"{}\": a system prompt is text", printable(type, 64)));
    return std::nullopt;
  }
  if (type == "image") {
    auto image = read_media(*block, Media::Kind::image);
    if (!image) complaint_.add(Place{&at, "source"}, "must have the type base64, url or file, and its content");
    return image;
  }
  if (type == "document") return read_document(*block, at);
  if (type == "search_result") return text_with_block(*block);
  if (type == "thinking" || type == "redacted_thinking") return read_thinking(*block, at);
  if (type == "tool_use" || type == "tool_result") {
    const bool is_call = type == "tool_use";
    if (is_call != (role == Role::assistant))
      complaint_.add(Place{&at, "type"},
                     fmt::format("{} belongs in a message of the role {}", type, is_call ? "assistant" : "user"));
    if (is_call) return read_call(*block, at);
    return read_result(*block, at);
  }
  return Foreign{.protocol = Protocol::anthropic, .block = value};
}

std::optional<Part> MessageReader::read_document(const json::Object& block, const Place& at) {
  if (auto document = read_media(block, Media::Kind::document)) return std::move(*document);
  const json::Object* source = loose::object_at(block, "source");
  if (!source) {
    complaint_.add(Place{&at, "source"}, "is required");
    return std::nullopt;
  }
  return text_with_block(block);
}

Reasoning MessageReader::read_thinking(const json::Object& block, const Place& at) {
  Reasoning reasoning;
  if (loose::view_at(block, "type") == "redacted_thinking") {
    reasoning.is_redacted = true;
    reasoning.signature = required_text(block, at, "data");
  } else {
    reasoning.text = required_text(block, at, "thinking");
    reasoning.signature = loose::text_at(block, "signature");
  }
  if (!reasoning.signature.empty()) reasoning.origin = Protocol::anthropic;
  return reasoning;
}

ToolCall MessageReader::read_call(const json::Object& block, const Place& at) {
  ToolCall call{.id = required_text(block, at, "id"), .name = required_text(block, at, "name"), .arguments = "{}"};
  const json::Value* input = block.if_contains("input");
  if (!input || !input->is_object())
    complaint_.add(Place{&at, "input"}, input ? "must be an object" : "is required");
  else
    call.arguments = json::write(*input);
  call.extra = loose::rest_of(block, {"type", "id", "name", "input"});
  return call;
}

ToolResult MessageReader::read_result(const json::Object& block, const Place& at) {
  ToolResult result{.call_id = required_text(block, at, "tool_use_id"), .parts = {}};
  result.is_error = loose::is_true_at(block, "is_error");
  result.extra = loose::rest_of(block, {"type", "tool_use_id", "content", "is_error"});
  const json::Value* content = block.if_contains("content");
  if (!content || content->is_null()) return result;
  const Place inside{&at, "content"};
  if (content->is_string()) {
    if (!content->get_string().empty()) result.parts.emplace_back(Text{.text = std::string(loose::view_of(*content))});
    return result;
  }
  const json::Array* blocks = content->if_array();
  if (!blocks) complaint_.add(inside, "must be a string or a list of blocks");
  for (std::size_t i = 0; blocks && i < blocks->size(); ++i) {
    const json::Object* inner = (*blocks)[i].if_object();
    if (!inner) {
      complaint_.add(Place{&inside, {}, i}, "must be an object");
      continue;
    }
    auto part = read_block((*blocks)[i], Place{&inside, {}, i}, Role::tool);
    if (part && std::holds_alternative<Text>(*part))
      result.parts.emplace_back(std::get<Text>(std::move(*part)));
    else if (part && std::holds_alternative<Media>(*part))
      result.parts.emplace_back(std::get<Media>(std::move(*part)));
    else if (part)
      result.parts.emplace_back(text_with_block(*inner));
  }
  return result;
}

std::optional<Media> MessageReader::read_media(const json::Object& block, Media::Kind kind) {
  const json::Object* source = loose::object_at(block, "source");
  if (!source) return std::nullopt;
  Media media{.kind = kind};
  const std::string_view type = loose::view_at(*source, "type");
  if (type == "base64") {
    media.base64 = loose::text_at(*source, "data");
    media.media_type = loose::text_at(*source, "media_type");
  } else if (type == "url") {
    media.url = loose::text_at(*source, "url");
  } else if (type == "file") {
    media.file_id = loose::text_at(*source, "file_id");
  }
  if (media.base64.empty() && media.url.empty() && media.file_id.empty()) return std::nullopt;
  if (kind == Media::Kind::document) {
    media.file_name = loose::text_at(block, "title");
    media.extra = loose::rest_of(block, {"type", "source", "title"});
  } else {
    media.extra = loose::rest_of(block, {"type", "source"});
  }
  return media;
}

}  // namespace atelier::model::anthropic

#include <fmt/format.h>

#include "base/text.hpp"
#include "model/face/openai_chat_parts.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_chat_message.hpp"
#include "model/provider/openai_parts.hpp"

namespace atelier::model::openai {
namespace {

struct RoleName {
  std::string_view name;
  Role role;
};
constexpr RoleName kRoles[] = {{"system", Role::system}, {"developer", Role::developer},
                               {"user", Role::user},     {"assistant", Role::assistant},
                               {"tool", Role::tool},     {"function", Role::tool}};

// Fields of the message that nobody here has read.
json::Object rest_of_message(const json::Object& message, Role role) {
  json::Object rest;
  for (const auto& [name, value] : message) {
    if (value.is_null() || name == "role" || name == "name" || name == "content") continue;
    if (role == Role::assistant && is_assistant_field(name)) continue;
    if (role == Role::tool && name == "tool_call_id") continue;
    rest.emplace(name, value);
  }
  return rest;
}

}  // namespace

Message ChatMessageReader::read(const json::Value& value, const Place& at) {
  const json::Object* message = value.if_object();
  if (!message) {
    complaint_.add(at, "must be an object");
    return {};
  }
  const std::string name = required_text(*message, at, "role", complaint_);
  const auto* role = std::ranges::find(kRoles, std::string_view(name), &RoleName::name);
  if (role == std::end(kRoles)) {
    complaint_.add(Place{&at, "role"},
                   fmt::format("is \"{}\", not one of system, developer, user, assistant, tool", printable(name, 32)));
    return {};
  }
  if (role->role == Role::assistant) return read_said(*message, at);
  if (role->role == Role::tool) return read_result(*message, at, role->role);
  Message out{.role = role->role,
              .parts = {},
              .name = loose::text_at(*message, "name"),
              .extra = rest_of_message(*message, role->role)};
  read_content(*message, at, role->role, out.parts);
  return out;
}

Message ChatMessageReader::read_said(const json::Object& message, const Place& at) {
  const json::Value* content = present(message, "content");
  if (content && !content->is_string() && !content->is_array())
    complaint_.add(Place{&at, "content"}, "must be a string or a list of parts");
  const json::Value* calls = present(message, "tool_calls");
  if (calls && !calls->is_array()) complaint_.add(Place{&at, "tool_calls"}, "must be a list");
  if (!content && !message.contains("content") && !calls && !present(message, "function_call") &&
      !present(message, "audio"))
    complaint_.add(Place{&at, "content"}, "is required unless there are tool_calls");

  Message out{.role = Role::assistant,
              .parts = read_assistant(message, false),
              .name = loose::text_at(message, "name"),
              .extra = rest_of_message(message, Role::assistant)};
  const bool is_function = present(message, "function_call") != nullptr;
  const Place list{&at, "tool_calls"};
  std::size_t i = 0;
  for (Part& part : out.parts) {
    auto* call = std::get_if<ToolCall>(&part);
    if (!call) continue;
    if (is_function && call->id.empty()) {
      last_function_id_ = fmt::format("function_{}", function_count_++);
      call->id = last_function_id_;
    }
    const Place place{&list, {}, i++};
    if (call->id.empty()) complaint_.add(Place{&place, "id"}, "is required");
    if (call->name.empty()) complaint_.add(Place{&place, "function"}, "must have a name");
  }
  if (calls && calls->is_array() && i < calls->get_array().size()) complaint_.add(list, "must hold objects");
  return out;
}

Message ChatMessageReader::read_result(const json::Object& message, const Place& at, Role role) {
  ToolResult result{.call_id = {}, .name = loose::text_at(message, "name"), .parts = {}};
  if (loose::view_at(message, "role") == "function")
    result.call_id = last_function_id_;
  else
    result.call_id = required_text(message, at, "tool_call_id", complaint_);
  std::vector<Part> parts;
  read_content(message, at, role, parts);
  for (Part& part : parts) {
    if (auto* text = std::get_if<Text>(&part)) result.parts.emplace_back(std::move(*text));
    if (auto* media = std::get_if<Media>(&part)) result.parts.emplace_back(std::move(*media));
  }
  Message out{.role = Role::tool, .parts = {}, .extra = rest_of_message(message, role)};
  out.parts.emplace_back(std::move(result));
  return out;
}

void ChatMessageReader::read_content(const json::Object& message, const Place& at, Role role,
                                     std::vector<Part>& parts) {
  const json::Value* content = message.if_contains("content");
  const Place place{&at, "content"};
  if (!content) return complaint_.add(place, "is required");
  if (content->is_string()) {
    parts.emplace_back(Text{.text = std::string(loose::view_of(*content))});
    return;
  }
  // What a tool that has nothing to say sends.
  if (content->is_null() && role == Role::tool) return;
  const json::Array* list = content->if_array();
  if (!list) return complaint_.add(place, "must be a string or a list of parts");
  parts.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i)
    if (auto part = read_part((*list)[i], Place{&place, {}, i}, role)) parts.push_back(std::move(*part));
}

std::optional<Part> ChatMessageReader::read_part(const json::Value& value, const Place& at, Role role) {
  const json::Object* part = value.if_object();
  if (!part) {
    complaint_.add(at, "must be an object");
    return std::nullopt;
  }
  const std::string type = required_text(*part, at, "type", complaint_);
  if (type == "text")
    return Text{.text = required_text(*part, at, "text", complaint_), .extra = loose::rest_of(*part, {"type", "text"})};
  if (role == Role::system || role == Role::developer) {
    complaint_.add(Place{&at, "type"}, fmt::format("is \"{}\": a message of this role is text", printable(type, 32)));
    return std::nullopt;
  }
  if (type == "file") return read_file(*part, at);
  if (type == "image_url" || type == "video_url" || type == "document_url" || type == "input_audio")
    return read_media(*part, at, type);
  return Foreign{.protocol = Protocol::openai_chat, .block = value};
}

// {"type":"image_url","image_url":{"url","detail"}} and its kin; some write the URL itself instead of the object.
std::optional<Part> ChatMessageReader::read_media(const json::Object& part, const Place& at, std::string_view type) {
  Media media;
  const Place place{&at, type};
  const json::Object* inner = loose::object_at(part, type);
  std::string_view url = loose::view_at(part, type);
  if (type == "input_audio") {
    media.kind = Media::Kind::audio;
    if (!inner) {
      complaint_.add(place, "must be an object");
      return std::nullopt;
    }
    const std::string data = required_text(*inner, place, "data", complaint_);
    if (!read_url(data, media)) media.base64 = data;
    if (media.media_type.empty()) media.media_type = audio_type(required_text(*inner, place, "format", complaint_));
  } else {
    if (type == "video_url") media.kind = Media::Kind::video;
    if (type == "document_url") media.kind = Media::Kind::document;
    if (inner) url = loose::view_at(*inner, "url");
    if (!read_url(url, media)) complaint_.add(Place{&place, "url"}, "must be an http(s) URL or a base64 data URL");
    if (inner) media.detail = loose::text_at(*inner, "detail");
  }
  media.extra = loose::rest_of(part, {"type", type});
  return media;
}

std::optional<Part> ChatMessageReader::read_file(const json::Object& part, const Place& at) {
  Media media{.kind = Media::Kind::document};
  const Place place{&at, "file"};
  const json::Object* file = loose::object_at(part, "file");
  if (!file) {
    complaint_.add(place, "must be an object");
    return std::nullopt;
  }
  media.file_id = loose::text_at(*file, "file_id");
  media.file_name = loose::text_at(*file, "filename");
  if (media.file_id.empty()) {
    const std::string data = required_text(*file, place, "file_data", complaint_);
    if (!read_url(data, media)) media.base64 = data;
  }
  media.extra = loose::rest_of(part, {"type", "file"});
  return media;
}

}  // namespace atelier::model::openai

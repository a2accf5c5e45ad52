#include <fmt/format.h>

#include "base/text.hpp"
#include "model/face/openai_responses_parts.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_parts.hpp"

namespace atelier::model::openai {
namespace {

struct RoleName {
  std::string_view name;
  Role role;
};
constexpr RoleName kRoles[] = {{"system", Role::system}, {"developer", Role::developer}, {"user", Role::user}};

}  // namespace

void InputReader::read(const json::Value& value, const Place& at) {
  const json::Object* item = value.if_object();
  if (!item) return complaint_.add(at, "must be an object");
  const json::Value* kind = present(*item, "type");
  if (kind && !kind->is_string()) return complaint_.add(Place{&at, "type"}, "must be a string");
  const std::string_view type = kind ? loose::view_of(*kind) : std::string_view();
  if (type.empty() || type == "message") return read_message(*item, at);
  if (type == "function_call_output" || type == "custom_tool_call_output") return read_result(*item, at);
  if (type == "item_reference")
    return complaint_.add(at, fmt::format("refers to the item \"{}\", which is not kept here: send the item itself",
                                          printable(loose::view_at(*item, "id"), 80)));
  if (type == "function_call" || type == "custom_tool_call") check_call(*item, at, type);
  said_.take(*item);
}

void InputReader::finish() {
  if (said_.is_empty()) return;
  Message message{.role = Role::assistant, .parts = said_.finish()};
  if (!message.parts.empty()) messages_.push_back(std::move(message));
}

void InputReader::check_call(const json::Object& item, const Place& at, std::string_view type) {
  for (const std::string_view name : {std::string_view("call_id"), std::string_view("name")})
    if (required_text(item, at, name, complaint_).empty()) complaint_.add(Place{&at, name}, "must not be empty");
  if (type == "custom_tool_call") required_text(item, at, "input", complaint_);
}

void InputReader::read_message(const json::Object& item, const Place& at) {
  const std::string name = required_text(item, at, "role", complaint_);
  const json::Value* content = item.if_contains("content");
  const Place place{&at, "content"};
  if (!content) return complaint_.add(place, "is required");
  if (!content->is_string() && !content->is_array())
    return complaint_.add(place, "must be a string or a list of parts");
  if (name == "assistant") {
    // Read with what it thought and called.
    for (std::size_t i = 0; content->is_array() && i < content->get_array().size(); ++i)
      if (!content->get_array()[i].is_object()) complaint_.add(Place{&place, {}, i}, "must be an object");
    return said_.take(item);
  }
  const auto* role = std::ranges::find(kRoles, std::string_view(name), &RoleName::name);
  if (role == std::end(kRoles))
    return complaint_.add(Place{&at, "role"},
                          fmt::format("is \"{}\", not one of system, developer, user, assistant", printable(name, 32)));
  finish();
  Message message{.role = role->role, .parts = {}, .extra = loose::rest_of(item, {"type", "role", "content"})};
  read_content(*content, place, message.parts);
  messages_.push_back(std::move(message));
}

void InputReader::read_result(const json::Object& item, const Place& at) {
  finish();
  ToolResult result{.call_id = required_text(item, at, "call_id", complaint_), .parts = {}};
  const json::Value* output = item.if_contains("output");
  const Place place{&at, "output"};
  if (!output || (!output->is_string() && !output->is_array()))
    return complaint_.add(place, output ? "must be a string or a list of parts" : "is required");
  std::vector<Part> parts;
  read_content(*output, place, parts);
  for (Part& part : parts) {
    if (auto* text = std::get_if<Text>(&part)) result.parts.emplace_back(std::move(*text));
    if (auto* media = std::get_if<Media>(&part)) result.parts.emplace_back(std::move(*media));
  }
  Message message{.role = Role::tool, .parts = {}, .extra = loose::rest_of(item, {"type", "call_id", "output"})};
  message.parts.emplace_back(std::move(result));
  messages_.push_back(std::move(message));
}

void InputReader::read_content(const json::Value& content, const Place& at, std::vector<Part>& parts) {
  if (content.is_string()) {
    parts.emplace_back(Text{.text = std::string(loose::view_of(content))});
    return;
  }
  const json::Array& list = content.get_array();
  parts.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    if (auto part = read_block(list[i], Place{&at, {}, i})) parts.push_back(std::move(*part));
}

std::optional<Part> InputReader::read_block(const json::Value& value, const Place& at) {
  const json::Object* block = value.if_object();
  if (!block) {
    complaint_.add(at, "must be an object");
    return std::nullopt;
  }
  const std::string type = required_text(*block, at, "type", complaint_);
  if (type == "input_text" || type == "output_text" || type == "text")
    return Text{.text = required_text(*block, at, "text", complaint_),
                .extra = loose::rest_of(*block, {"type", "text"})};
  if (type == "input_image") return read_image(*block, at);
  if (type == "input_file") return read_file(*block, at);
  if (type == "input_audio") return read_audio(*block, at);
  return Foreign{.protocol = Protocol::openai_responses, .block = value};
}

std::optional<Part> InputReader::read_image(const json::Object& block, const Place& at) {
  Media media{.kind = Media::Kind::image,
              .file_id = loose::text_at(block, "file_id"),
              .detail = loose::text_at(block, "detail")};
  const Place place{&at, "image_url"};
  // Chat's object is taken too.
  const json::Object* nested = loose::object_at(block, "image_url");
  const std::string url = nested ? loose::text_at(*nested, "url") : loose::text_at(block, "image_url");
  if (media.file_id.empty() && !read_url(url, media))
    complaint_.add(place, "must be an http(s) URL or a base64 data URL");
  media.extra = loose::rest_of(block, {"type", "image_url", "file_id", "detail"});
  return media;
}

std::optional<Part> InputReader::read_file(const json::Object& block, const Place& at) {
  Media media{.kind = Media::Kind::document,
              .file_id = loose::text_at(block, "file_id"),
              .file_name = loose::text_at(block, "filename"),
              .detail = loose::text_at(block, "detail")};
  const std::string_view url = loose::view_at(block, "file_url"), data = loose::view_at(block, "file_data");
  if (media.file_id.empty() && !data.empty()) {
    if (!read_url(data, media)) media.base64 = data;
  } else if (media.file_id.empty() && !read_url(url, media)) {
    complaint_.add(at, "must have file_id, file_data or an http(s) file_url");
  }
  media.extra = loose::rest_of(block, {"type", "file_id", "file_url", "file_data", "filename", "detail"});
  return media;
}

std::optional<Part> InputReader::read_audio(const json::Object& block, const Place& at) {
  const Place place{&at, "input_audio"};
  const json::Object* audio = loose::object_at(block, "input_audio");
  if (!audio) {
    complaint_.add(place, "must be an object");
    return std::nullopt;
  }
  Media media{.kind = Media::Kind::audio, .base64 = required_text(*audio, place, "data", complaint_)};
  media.media_type = audio_type(required_text(*audio, place, "format", complaint_));
  media.extra = loose::rest_of(block, {"type", "input_audio"});
  return media;
}

}  // namespace atelier::model::openai

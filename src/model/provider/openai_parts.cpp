#include "model/provider/openai_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kAudioPrefix = "audio/";

bool has_part(const std::vector<Part>& parts, auto is_it) { return std::ranges::any_of(parts, is_it); }

}  // namespace

json::Object sent_extra(const json::Object& extra, const ExtraForm& form) {
  if (form.is_same_protocol) return extra;
  json::Object out;
  const json::Value* mark = form.has_cache_control ? extra.if_contains("cache_control") : nullptr;
  if (mark) out["cache_control"] = *mark;
  return out;
}

bool read_url(std::string_view url, Media& media) {
  if (url.starts_with("data:")) {
    const std::size_t comma = url.find(',');
    const std::string_view head = url.substr(5, comma == std::string_view::npos ? 0 : comma - 5);
    if (!head.ends_with(";base64")) return false;
    media.media_type = head.substr(0, head.find(';'));
    media.base64 = url.substr(comma + 1);
    return true;
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  media.url = url;
  return true;
}

std::string write_url(const Media& media) {
  if (media.base64.empty()) return media.url;
  const std::string type = media_type_of(media);
  return fmt::format("data:{};base64,{}", type.empty() ? "application/octet-stream" : type, media.base64);
}

std::string audio_format(std::string_view media_type) {
  if (media_type.starts_with(kAudioPrefix)) media_type.remove_prefix(kAudioPrefix.size());
  if (media_type == "mpeg") return "mp3";
  if (media_type == "x-wav" || media_type == "wave" || media_type.empty()) return "wav";
  return std::string(media_type);
}

std::string audio_type(std::string_view format) {
  return fmt::format("{}{}", kAudioPrefix, format == "mp3" ? "mpeg" : format);
}

std::string read_arguments(const json::Value* value) {
  if (!value || value->is_null()) return {};
  if (value->is_string()) return std::string(loose::view_of(*value));
  return json::write(*value);
}

std::string read_call_signature(const json::Object& value) {
  const json::Object* extra = loose::object_at(value, "extra_content");
  const json::Object* google = extra ? loose::object_at(*extra, "google") : nullptr;
  return google ? loose::text_at(*google, "thought_signature") : std::string();
}

json::Object write_call_signature(std::string_view signature) {
  return {{"google", json::Object{{"thought_signature", signature}}}};
}

ToolCall read_tool_call(const json::Object& value) {
  ToolCall call{.id = loose::text_at(value, "id"), .name = {}, .arguments = {}};
  const json::Object* custom = loose::object_at(value, "custom");
  const json::Object* function = loose::object_at(value, "function");
  call.is_custom = custom && (!function || loose::view_at(value, "type") == "custom");
  if (const json::Object* named = call.is_custom ? custom : function) {
    call.name = loose::text_at(*named, "name");
    call.arguments = read_arguments(named->if_contains(call.is_custom ? "input" : "arguments"));
  }
  if (call.arguments.empty() && !call.is_custom) call.arguments = "{}";
  call.signature = read_call_signature(value);
  call.extra = loose::rest_of(value, {"id", "type", "function", "custom", "index", "extra_content"});
  return call;
}

json::Object write_tool_call(const ToolCall& call) {
  json::Object out{{"id", call.id}, {"type", call.is_custom ? "custom" : "function"}};
  if (call.is_custom)
    out["custom"] = {{"name", call.name}, {"input", call.arguments}};
  else
    out["function"] = {{"name", call.name}, {"arguments", call.arguments.empty() ? "{}" : call.arguments}};
  if (!call.signature.empty()) out["extra_content"] = write_call_signature(call.signature);
  return out;
}

json::Array flatten_annotations(const json::Array& nested) {
  json::Array out;
  for (const json::Value& value : nested) {
    const json::Object* object = value.if_object();
    const json::Object* inner =
        object && object->size() == 2 ? loose::object_at(*object, loose::view_at(*object, "type")) : nullptr;
    if (!inner) {
      out.push_back(value);
      continue;
    }
    json::Object flat{{"type", object->at("type")}};
    for (const auto& [name, field] : *inner) flat.emplace(name, field);
    out.push_back(std::move(flat));
  }
  return out;
}

json::Array nest_annotations(const json::Array& flat) {
  json::Array out;
  for (const json::Value& value : flat) {
    const json::Object* object = value.if_object();
    const std::string_view type = object ? loose::view_at(*object, "type") : std::string_view();
    if (type.empty() || object->contains(type)) {
      out.push_back(value);
      continue;
    }
    out.push_back(json::Object{{"type", type}, {type, loose::rest_of(*object, {"type"})}});
  }
  return out;
}

std::optional<Media> read_image(const json::Value& value) {
  const json::Object* object = value.if_object();
  const json::Object* image = object ? loose::object_at(*object, "image_url") : nullptr;
  Media media{.kind = Media::Kind::image};
  if (!image || !read_url(loose::view_at(*image, "url"), media)) return std::nullopt;
  media.extra = loose::rest_of(*object, {"type", "image_url", "index"});
  return media;
}

json::Object write_image(const Media& media) {
  return {{"type", "image_url"}, {"image_url", json::Object{{"url", write_url(media)}}}};
}

Media read_audio(const json::Object& audio) {
  Media media{.kind = Media::Kind::audio};
  media.base64 = loose::text_at(audio, "data");
  if (media.base64.empty()) {
    media.file_id = loose::text_at(audio, "id");
    media.extra = loose::rest_of(audio, {"id", "data"});
  } else {
    media.extra = loose::rest_of(audio, {"data"});
  }
  return media;
}

json::Object write_audio(const Media& media) {
  json::Object out = media.extra;
  if (!media.file_id.empty()) out["id"] = media.file_id;
  if (!media.base64.empty()) out["data"] = media.base64;
  return out;
}

StopReason read_stop(std::string_view reason) noexcept {
  if (reason == "length" || reason == "model_length" || reason == "max_tokens") return StopReason::length;
  if (reason == "tool_calls" || reason == "function_call") return StopReason::tool_calls;
  if (reason == "content_filter") return StopReason::content_filter;
  if (reason == "refusal") return StopReason::refusal;
  return StopReason::stop;
}

bool is_failed_stop(std::string_view reason) noexcept {
  return reason == "error" || reason == "insufficient_system_resource";
}

StopReason settle_stop(StopReason told, const std::vector<Part>& parts) noexcept {
  if (told != StopReason::stop) return told;
  if (has_part(parts, [](const Part& part) { return std::holds_alternative<ToolCall>(part); }))
    return StopReason::tool_calls;
  if (has_part(parts, [](const Part& part) { return std::holds_alternative<Refusal>(part); }))
    return StopReason::refusal;
  return told;
}

std::string_view write_stop(StopReason stop, bool has_refusal) noexcept {
  switch (stop) {
    case StopReason::length:
      return "length";
    case StopReason::tool_calls:
      return "tool_calls";
    case StopReason::content_filter:
      return "content_filter";
    case StopReason::refusal:
      return has_refusal ? "stop" : "content_filter";
    case StopReason::stop:
    case StopReason::stop_sequence:
    case StopReason::pause:
      return "stop";
  }
  return "stop";
}

std::string made_call_id(std::string_view answer_id, std::string_view name, std::size_t place) {
  return fmt::format("call_{:016x}", quick_hash(fmt::format("{}\n{}\n{}", answer_id, name, place)));
}

}  // namespace atelier::model::openai

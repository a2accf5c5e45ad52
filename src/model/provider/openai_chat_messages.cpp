#include <fmt/format.h>

#include "model/loose_json.hpp"
#include "model/provider/openai_chat_message.hpp"
#include "model/provider/openai_chat_parts.hpp"

namespace atelier::model::openai {
namespace {

std::unexpected<Error> cannot_say(std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("OpenAI's chat protocol has no way to send {}", what),
              {.reason = "not_supported_by_protocol", .where = {}});
}

void append_extra(json::Object& block, const json::Object& extra) {
  for (const auto& [name, value] : extra) block.emplace(name, value);
}

class MessageWriter {
 public:
  MessageWriter(const ChatRequest& request, const Quirks& quirks)
      : quirks_(quirks),
        is_same_(request.protocol == Protocol::openai_chat),
        extra_{.is_same_protocol = is_same_, .has_cache_control = quirks.takes_cache_control} {}

  Result<> write(const Message& message);
  json::Array take() {
    flush_media();
    return std::move(out_);
  }

 private:
  Result<> write_result(const ToolResult& result, const Message& message);
  Result<json::Value> write_content(const std::vector<Part>& parts);
  Result<json::Object> write_media(const Media& media);
  json::Object write_text(const Text& text) const;
  json::Object& begin(std::string_view role, const Message& message);
  void flush_media();

  const Quirks& quirks_;
  const bool is_same_;
  const ExtraForm extra_;
  json::Array out_;
  json::Array held_;  // pictures that tools gave: their messages are text, so that these follow as the user's
};

// The new message, with what it carries beside its parts.
json::Object& MessageWriter::begin(std::string_view role, const Message& message) {
  json::Object& out = out_.emplace_back(json::Object{{"role", role}}).get_object();
  if (!message.name.empty()) out["name"] = message.name;
  return out;
}

void MessageWriter::flush_media() {
  if (held_.empty()) return;
  out_.push_back(json::Object{{"role", "user"}, {"content", std::exchange(held_, json::Array())}});
}

Result<> MessageWriter::write(const Message& message) {
  std::vector<Part> rest;
  bool has_results = false;
  for (const Part& part : message.parts) {
    if (const auto* result = std::get_if<ToolResult>(&part)) {
      has_results = true;
      if (auto done = write_result(*result, message); !done) return done;
    } else {
      rest.push_back(part);
    }
  }
  if (has_results && rest.empty()) return {};
  flush_media();
  if (message.role == Role::assistant) {
    json::Object& out = begin("assistant", message);
    write_assistant(rest,
                    {.has_reasoning_text = quirks_.takes_reasoning_back,
                     .has_reasoning_details = quirks_.has_reasoning_object,
                     .extra = extra_},
                    out);
    // What is left of a message that spoke another protocol alone.
    if (out["content"].is_null() && !out.contains("tool_calls") && !out.contains("refusal") && !out.contains("audio"))
      out["content"] = "";
    if (is_same_) append_extra(out, message.extra);
    return {};
  }
  std::string_view role = "user";
  if (message.role == Role::system) role = "system";
  if (message.role == Role::developer) role = quirks_.has_developer_role ? "developer" : "system";
  auto content = write_content(rest);
  if (!content) return error_of(content);
  json::Object& out = begin(role, message);
  out["content"] = std::move(*content);
  if (is_same_) append_extra(out, message.extra);
  return {};
}

Result<> MessageWriter::write_result(const ToolResult& result, const Message& message) {
  std::vector<Part> texts;
  bool has_lead = false;
  for (const auto& inner : result.parts) {
    if (const auto* text = std::get_if<Text>(&inner)) {
      texts.emplace_back(*text);
      continue;
    }
    auto media = write_media(std::get<Media>(inner));
    if (!media) return error_of(media);
    if (!std::exchange(has_lead, true))
      held_.push_back(
          json::Object{{"type", "text"}, {"text", fmt::format("What the tool call {} returned:", result.call_id)}});
    held_.push_back(std::move(*media));
  }
  auto content = write_content(texts);
  if (!content) return error_of(content);
  json::Object out{{"role", "tool"}, {"tool_call_id", result.call_id}, {"content", std::move(*content)}};
  if (is_same_) {
    if (!result.name.empty()) out["name"] = result.name;
    append_extra(out, message.extra);
  }
  out_.push_back(std::move(out));
  return {};
}

json::Object MessageWriter::write_text(const Text& text) const {
  json::Object out{{"type", "text"}, {"text", text.text}};
  append_extra(out, sent_extra(text.extra, extra_));
  return out;
}

// A string where one plain text is all there is.
Result<json::Value> MessageWriter::write_content(const std::vector<Part>& parts) {
  if (parts.empty()) return json::Value("");
  const auto* only = parts.size() == 1 ? std::get_if<Text>(&parts[0]) : nullptr;
  if (only && sent_extra(only->extra, extra_).empty()) return json::Value(only->text);
  json::Array list;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<Text>(&part)) {
      list.push_back(write_text(*text));
    } else if (const auto* media = std::get_if<Media>(&part)) {
      auto written = write_media(*media);
      if (!written) return error_of(written);
      list.push_back(std::move(*written));
    } else if (const auto* foreign = std::get_if<Foreign>(&part);
               foreign && foreign->protocol == Protocol::openai_chat) {
      list.push_back(foreign->block);
    }
  }
  if (list.empty()) return json::Value("");
  return json::Value(std::move(list));
}

Result<json::Object> MessageWriter::write_media(const Media& media) {
  json::Object out;
  switch (media.kind) {
    case Media::Kind::image: {
      if (!media.file_id.empty()) return cannot_say("an image by its file's id");
      json::Object image{{"url", write_url(media)}};
      if (!media.detail.empty()) image["detail"] = media.detail;
      out = {{"type", "image_url"}, {"image_url", std::move(image)}};
      break;
    }
    case Media::Kind::audio:
      if (media.base64.empty()) return cannot_say("audio that is not in the request");
      out = {{"type", "input_audio"},
             {"input_audio", json::Object{{"data", media.base64}, {"format", audio_format(media.media_type)}}}};
      break;
    case Media::Kind::video:
      if (!media.file_id.empty()) return cannot_say("a video by its file's id");
      out = {{"type", "video_url"}, {"video_url", json::Object{{"url", write_url(media)}}}};
      break;
    case Media::Kind::document: {
      json::Object file;
      if (!media.file_id.empty())
        file["file_id"] = media.file_id;
      else if (media.base64.empty() && !is_same_)
        return cannot_say("a document by its URL");
      else
        file["file_data"] = write_url(media);
      if (!media.file_name.empty()) file["filename"] = media.file_name;
      if (media.file_name.empty() && media.file_id.empty() && !is_same_) file["filename"] = "document.pdf";
      out = {{"type", "file"}, {"file", std::move(file)}};
      break;
    }
  }
  append_extra(out, sent_extra(media.extra, extra_));
  return out;
}

}  // namespace

Result<json::Array> write_messages(const ChatRequest& request, const Quirks& quirks) {
  MessageWriter writer(request, quirks);
  for (const Message& message : request.messages)
    if (auto done = writer.write(message); !done) return error_of(done);
  return writer.take();
}

}  // namespace atelier::model::openai

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/openai_items.hpp"
#include "model/provider/openai_parts.hpp"
#include "model/provider/openai_responses_parts.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::size_t kCallIdBytesMax = 64;  // more is refused

std::unexpected<Error> cannot_say(std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("OpenAI's Responses protocol has no way to send {}", what),
              {.reason = "not_supported_by_protocol", .where = {}});
}

void append_extra(json::Object& block, const json::Object& extra) {
  for (const auto& [name, value] : extra) block.emplace(name, value);
}

// Ids of other protocols may be longer. The same id gives the same one, so that calls and results still meet.
std::string call_id_of(const std::string& id) {
  return id.size() <= kCallIdBytesMax ? id : fmt::format("call_{:016x}", quick_hash(id));
}

bool is_text_alone(const Message& message) {
  return !message.parts.empty() &&
         std::ranges::all_of(message.parts, [](const Part& part) { return std::holds_alternative<Text>(part); });
}

std::string joined_texts(const Message& message) {
  std::string out;
  for (const Part& part : message.parts) {
    if (!out.empty()) out += "\n\n";
    out += std::get<Text>(part).text;
  }
  return out;
}

class InputWriter {
 public:
  InputWriter(const ChatRequest& request, const Quirks& quirks)
      : quirks_(quirks), is_same_(request.protocol == Protocol::openai_responses) {
    for (const Message& message : request.messages)
      for (const Part& part : message.parts)
        if (const auto* call = std::get_if<ToolCall>(&part); call && call->is_custom) custom_calls_.push_back(call->id);
  }

  Result<> write(const Message& message);
  json::Array take() { return std::move(out_); }

 private:
  Result<> write_said(const Message& message);
  Result<> write_assistant(const Message& message);
  Result<> write_result(const ToolResult& result, const Message& message);
  Result<json::Object> write_media(const Media& media);
  Result<json::Value> write_content(const std::vector<Part>& parts);
  void write_reasoning(const Reasoning& reasoning);
  void write_call(const ToolCall& call);
  void say(json::Object block, const json::Object* item);
  json::Object input_text(const Text& text) const;

  const Quirks& quirks_;
  const bool is_same_;
  json::Array out_;
  std::vector<std::string> custom_calls_;
  // The assistant's message that texts go into: its place in `out_`, and what was kept of its item.
  std::optional<std::size_t> open_;
  json::Object open_item_;
};

Result<> InputWriter::write(const Message& message) {
  open_.reset();
  if (message.role == Role::assistant) return write_assistant(message);
  Message rest{.role = message.role, .parts = {}, .name = message.name, .extra = message.extra};
  bool has_results = false;
  for (const Part& part : message.parts) {
    if (const auto* result = std::get_if<ToolResult>(&part)) {
      has_results = true;
      if (auto done = write_result(*result, message); !done) return done;
    } else {
      rest.parts.push_back(part);
    }
  }
  if (has_results && rest.parts.empty()) return {};
  return write_said(rest);
}

Result<> InputWriter::write_said(const Message& message) {
  std::string_view role = "user";
  if (message.role == Role::system) role = "system";
  if (message.role == Role::developer) role = quirks_.has_developer_role ? "developer" : "system";
  auto content = write_content(message.parts);
  if (!content) return error_of(content);
  json::Object out{{"type", "message"}, {"role", role}, {"content", std::move(*content)}};
  if (is_same_) append_extra(out, loose::rest_of(message.extra, {"instructions"}));
  out_.push_back(std::move(out));
  return {};
}

json::Object InputWriter::input_text(const Text& text) const {
  json::Object out{{"type", "input_text"}, {"text", text.text}};
  if (is_same_) append_extra(out, text.extra);
  return out;
}

// A string where one plain text is all there is.
Result<json::Value> InputWriter::write_content(const std::vector<Part>& parts) {
  const auto* only = parts.size() == 1 ? std::get_if<Text>(&parts[0]) : nullptr;
  if (only && (!is_same_ || only->extra.empty())) return json::Value(only->text);
  json::Array list;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<Text>(&part)) {
      list.push_back(input_text(*text));
    } else if (const auto* media = std::get_if<Media>(&part)) {
      auto written = write_media(*media);
      if (!written) return error_of(written);
      list.push_back(std::move(*written));
    } else if (const auto* foreign = std::get_if<Foreign>(&part);
               foreign && foreign->protocol == Protocol::openai_responses) {
      list.push_back(foreign->block);
    }
  }
  if (list.empty()) return json::Value("");
  return json::Value(std::move(list));
}

Result<json::Object> InputWriter::write_media(const Media& media) {
  json::Object out;
  if (media.kind == Media::Kind::image) {
    out = {{"type", "input_image"}, {"detail", media.detail.empty() ? "auto" : media.detail}};
    if (media.file_id.empty())
      out["image_url"] = write_url(media);
    else
      out["file_id"] = media.file_id;
  } else if (media.kind == Media::Kind::document) {
    out = {{"type", "input_file"}};
    if (!media.file_id.empty())
      out["file_id"] = media.file_id;
    else if (media.base64.empty())
      out["file_url"] = media.url;
    else
      out["file_data"] = write_url(media);
    if (!media.file_name.empty()) out["filename"] = media.file_name;
    if (media.file_name.empty() && !media.base64.empty() && !is_same_) out["filename"] = "document.pdf";
    if (!media.detail.empty()) out["detail"] = media.detail;
  } else if (media.kind == Media::Kind::audio && is_same_) {
    out = {{"type", "input_audio"},
           {"input_audio", json::Object{{"data", media.base64}, {"format", audio_format(media.media_type)}}}};
  } else {
    return cannot_say(media.kind == Media::Kind::audio ? "audio" : "video");
  }
  if (is_same_) append_extra(out, media.extra);
  return out;
}

Result<> InputWriter::write_result(const ToolResult& result, const Message& message) {
  std::vector<Part> parts;
  for (const auto& inner : result.parts) std::visit([&](const auto& one) { parts.emplace_back(one); }, inner);
  auto content = write_content(parts);
  if (!content) return error_of(content);
  const bool is_custom = std::ranges::find(custom_calls_, result.call_id) != custom_calls_.end();
  json::Object out{{"type", is_custom ? "custom_tool_call_output" : "function_call_output"},
                   {"call_id", call_id_of(result.call_id)},
                   {"output", std::move(*content)}};
  if (is_same_) append_extra(out, message.extra);
  out_.push_back(std::move(out));
  return {};
}

// Into the assistant's message that is open, where it is of the same item.
void InputWriter::say(json::Object block, const json::Object* item) {
  const json::Object kept = item && is_same_ ? *item : json::Object();
  if (!open_ || open_item_ != kept) {
    json::Object message{{"type", "message"}, {"role", "assistant"}, {"content", json::Array()}};
    if (kept.contains("id")) message["status"] = "completed";
    append_extra(message, kept);
    open_ = out_.size();
    open_item_ = kept;
    out_.push_back(std::move(message));
  }
  out_[*open_].get_object()["content"].get_array().push_back(std::move(block));
}

// A thought goes back with what proves it. Where nothing does, only to servers that take bare text.
void InputWriter::write_reasoning(const Reasoning& reasoning) {
  const bool is_own = reasoning.origin == Protocol::openai_responses;
  const bool is_provable = is_own && (!reasoning.signature.empty() || (is_same_ && !reasoning.id.empty()));
  if (is_provable) {
    json::Object item = reasoning_item(reasoning.id, reasoning.text, reasoning.signature);
    if (reasoning.id.empty()) item.stable_erase("id");
    if (reasoning.signature.empty()) item.stable_erase("encrypted_content");
    append_extra(item, is_same_ ? reasoning.extra : json::Object());
    out_.push_back(std::move(item));
    open_.reset();
    return;
  }
  if (!quirks_.takes_reasoning_back || reasoning.text.empty() || reasoning.is_redacted) return;
  out_.push_back(
      json::Object{{"type", "reasoning"},
                   {"summary", json::Array()},
                   {"content", json::Array{json::Object{{"type", "reasoning_text"}, {"text", reasoning.text}}}}});
  open_.reset();
}

void InputWriter::write_call(const ToolCall& call) {
  ToolCall named = call;
  named.id = call_id_of(call.id);
  json::Object item = call_item(named, call.item_id, ItemState::completed);
  // An item's id holds its server to the thought before it, which programs of other protocols may have dropped.
  if (!is_same_ || call.item_id.empty()) {
    item.stable_erase("id");
    item.stable_erase("status");
  }
  if (is_same_) append_extra(item, call.extra);
  out_.push_back(std::move(item));
  open_.reset();
}

Result<> InputWriter::write_assistant(const Message& message) {
  for (const Part& part : message.parts) {
    if (const auto* text = std::get_if<Text>(&part)) {
      if (text->text.empty()) continue;
      const json::Array* annotations = is_same_ ? loose::array_at(text->extra, "annotations") : nullptr;
      say({{"type", "output_text"}, {"text", text->text}, {"annotations", annotations ? *annotations : json::Array()}},
          loose::object_at(text->extra, "item"));
    } else if (const auto* refusal = std::get_if<Refusal>(&part)) {
      if (!refusal->text.empty()) say(refusal_block(refusal->text), nullptr);
    } else if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
      write_reasoning(*reasoning);
    } else if (const auto* call = std::get_if<ToolCall>(&part)) {
      write_call(*call);
    } else if (const auto* result = std::get_if<ToolResult>(&part)) {
      if (auto done = write_result(*result, message); !done) return done;
      open_.reset();
    } else if (const auto* media = std::get_if<Media>(&part)) {
      // A picture that was generated there; others have no place in what the assistant said.
      if (!is_same_ || !media->extra.contains("id")) continue;
      json::Object item = image_item(*media, loose::view_at(media->extra, "id"));
      append_extra(item, media->extra);
      out_.push_back(std::move(item));
      open_.reset();
    } else if (const auto* foreign = std::get_if<Foreign>(&part);
               foreign && foreign->protocol == Protocol::openai_responses) {
      out_.push_back(foreign->block);
      open_.reset();
    }
  }
  return {};
}

}  // namespace

Result<Input> write_input(const ChatRequest& request, const Quirks& quirks) {
  const bool is_same = request.protocol == Protocol::openai_responses;
  Input input;
  InputWriter writer(request, quirks);
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    // What stands first instructs; but an input of nothing is refused.
    const bool is_first = i == 0 && message.role == Role::system && is_text_alone(message);
    const bool is_instructions = is_same ? message.extra.contains("instructions") : request.messages.size() > 1;
    if (is_first && is_instructions) {
      input.instructions = joined_texts(message);
      continue;
    }
    if (auto done = writer.write(message); !done) return error_of(done);
  }
  input.items = writer.take();
  return input;
}

}  // namespace atelier::model::openai

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"

// JSON shapes that both sides of OpenAI's protocols share: what a face writes an adapter reads, and the other way
// round.
namespace atelier::model::openai {

// The extras of a part that may be sent on: all of them to the protocol they came in, else the cache mark where it is
// taken.
struct ExtraForm {
  bool is_same_protocol = false;
  bool has_cache_control = false;
};
json::Object sent_extra(const json::Object& extra, const ExtraForm& form);

// "data:image/png;base64,..." into type and content; http(s) into url; false where it is neither.
bool read_url(std::string_view url, Media& media);
// As a data URL where the content is here, else the url; empty for a file at a provider.
std::string write_url(const Media& media);
// "wav" for "audio/wav", "mp3" for "audio/mpeg"; and back.
std::string audio_format(std::string_view media_type);
std::string audio_type(std::string_view format);

// One of chat's `tool_calls`, whole. Arguments may have come as an object; none at all is "{}".
ToolCall read_tool_call(const json::Object& value);
// Chat's extra_content.google.thought_signature.
std::string read_call_signature(const json::Object& value);
json::Object write_call_signature(std::string_view signature);
json::Object write_tool_call(const ToolCall& call);
// Arguments as text, whether they came as text or as a value.
std::string read_arguments(const json::Value* value);

// Annotations: chat nests what Responses has flat, {"type":"url_citation","url_citation":{...}}. Flat in the canonical
// form.
json::Array flatten_annotations(const json::Array& nested);
json::Array nest_annotations(const json::Array& flat);

// OpenRouter's images[] on messages, and OpenAI's audio{}.
std::optional<Media> read_image(const json::Value& value);
json::Object write_image(const Media& media);
Media read_audio(const json::Object& audio);
json::Object write_audio(const Media& media);

// A finish_reason; what nobody knows is a stop.
StopReason read_stop(std::string_view reason) noexcept;
// Reasons that are failures: "error", DeepSeek's "insufficient_system_resource".
bool is_failed_stop(std::string_view reason) noexcept;
// What servers say and what they did can differ: calls end with "stop" at some, refusals at all.
StopReason settle_stop(StopReason told, const std::vector<Part>& parts) noexcept;
std::string_view write_stop(StopReason stop, bool has_refusal) noexcept;

// The id of a call whose server gave none: the same for the same answer and place.
std::string made_call_id(std::string_view answer_id, std::string_view name, std::size_t place);

}  // namespace atelier::model::openai

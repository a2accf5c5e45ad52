#pragma once

#include <optional>

#include "model/provider/adapter.hpp"

// What providers serve beside conversations. The forms are OpenAI's and, for counting, Anthropic's: nothing is
// translated.
namespace atelier::model {

enum class Endpoint : std::uint8_t {
  embeddings,
  moderations,
  count_tokens,
  image_generations,
  image_edits,
  speech,
  transcriptions,
  translations,
};
std::string_view to_string(Endpoint endpoint) noexcept;
// Pictures and sound: an answer may be a file or events, and takes its time.
bool is_media(Endpoint endpoint) noexcept;
bool serves(Protocol protocol, Endpoint endpoint) noexcept;

// A request as it came: a JSON object, or a form (form_data.hpp) where files go along.
struct EndpointBody {
  std::string_view bytes;
  std::string_view content_type = "application/json";
};

// The model that it names. Errors (invalid_argument) name the field: none, no text, over 512 bytes, two of them.
Result<std::string> asked_model(Endpoint endpoint, const EndpointBody& body);

// The caller's bytes with the model's name put in. For protocols that serve it.
Result<WireRequest> endpoint_request(Endpoint endpoint, const EndpointBody& body, Protocol protocol,
                                     const Target& target);

// What is paid for by the request itself: the characters of a text to be spoken.
Usage asked_usage(Endpoint endpoint, const EndpointBody& body);
// The most that media may use, as far as the request tells: its pictures at their dearest common size, the characters,
// the seconds that a file of its size may last.
Usage media_at_most(Endpoint endpoint, const EndpointBody& body);

// How an answer that was no error comes, by its head: in JSON, to be read whole; as events; or as a file.
enum class AnswerForm : std::uint8_t { json, events, file };
AnswerForm answer_form(Endpoint endpoint, const HttpHead& head);
// Of a file's first bytes: false where a proxy answered with a page.
bool may_be_file(std::string_view first) noexcept;

// What a whole answer in JSON used, or the fault it tells of.
std::expected<Usage, Fault> read_endpoint_answer(Endpoint endpoint, const HttpHead& head, std::string_view body,
                                                 Protocol protocol, const Quirks& quirks);

// Looks at an answer that streams, event by event.
struct EndpointEvent {
  std::optional<Usage> usage = {};
  std::optional<Fault> fault = {};
  bool is_typed = false;     // of a stream that says when it is over
  bool is_terminal = false;  // it is, or one of its pictures
};
EndpointEvent read_endpoint_event(Endpoint endpoint, std::string_view type, std::string_view data,
                                  const Quirks& quirks);

}  // namespace atelier::model

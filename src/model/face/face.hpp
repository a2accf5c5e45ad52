#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat.hpp"

// Served protocols: what programs send to us. Pure translation: no sockets, no clock, no retries.
namespace atelier::model {

// Writes one streamed answer in a face's format: bytes to send, whole server-sent events. One per answer.
class ChatEventWriter {
 public:
  virtual ~ChatEventWriter() = default;
  // Bytes for this event; may be empty. Failed gives the protocol's own error event, and nothing may follow it.
  virtual std::string write(const ChatEvent& what) = 0;
  // Of protocols that number their events: the number of the next.
  virtual std::int64_t next_number() const noexcept { return 0; }
  // To go on where another writer stopped, after this one wrote what was said to where nobody reads it: the number that
  // is next, and whether the last item was told to its end.
  virtual void go_on_at(std::int64_t number, bool is_item_ended) { (void)number, (void)is_item_ended; }
};

// What answers carry that the provider's may not tell.
struct AnswerHead {
  std::string id;              // made by us, without a prefix; used where the provider gave none or another protocol's
  std::string model;           // as the caller named it; used where the provider gives none
  std::int64_t created_s = 0;  // now
};

class ChatFace {
 public:
  virtual ~ChatFace() = default;
  virtual Protocol protocol() const noexcept = 0;
  // Errors are invalid_argument with a JSON pointer in `where`. Unknown fields land in `extra`.
  virtual Result<ChatRequest> read_request(const json::Value& body) const = 0;
  virtual std::string write_answer(const ChatAnswer& answer, const ChatRequest& request,
                                   const AnswerHead& head) const = 0;
  virtual std::unique_ptr<ChatEventWriter> make_writer(const ChatRequest& request, AnswerHead head) const = 0;
};

const ChatFace& openai_chat_face();
// Reads whole conversations alone: what a request names by previous_response_id or item_reference must have been put
// into it before (openai_responses_state.hpp), and is refused here by its field's name.
const ChatFace& openai_responses_face();
const ChatFace& anthropic_face();

// The error's body in the protocol's own shape. `status` is the HTTP status it is sent with.
std::string write_error(Protocol face, const Error& error, int status, std::string_view request_id);
// The same inside a stream that has begun: one whole server-sent event.
std::string write_stream_error(Protocol face, const Error& error, std::string_view request_id);

}  // namespace atelier::model

#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/call/carry.hpp"
#include "model/call/event_splitter.hpp"
#include "model/call/upstream.hpp"
#include "model/call/way.hpp"
#include "model/face/face.hpp"

namespace atelier::model {

// What came of one step of a stream.
struct StreamStep {
  std::string bytes;                // for the caller; may be empty
  bool is_meaningful = false;       // among them, or before them, something a reader would see
  bool is_finished = false;         // why it ended was told: nothing more will be said
  bool has_ended = false;           // whole: the bytes end with the protocol's own last event
  std::optional<Fault> fault = {};  // it broke off after these bytes
};

// The body ended before the answer did.
inline Fault cut_off() {
  return Fault{
      .kind = Fault::Kind::broken, .message = "the provider's answer ended before it was whole", .code = "answer_cut"};
}

// One attempt's streamed answer, being turned into what the caller's protocol says. next() until it has ended or
// failed.
class AttemptStream {
 public:
  virtual ~AttemptStream() = default;
  virtual Task<std::expected<StreamStep, Fault>> next() = 0;
  // Ended, whole: its connection is let go in order.
  virtual Task<> leave() = 0;
  // What the caller was told so far, to the last byte of the steps, for accounting and for going on elsewhere: the
  // beginning of it, once not all is kept. Costs a reading of it all where bytes are relayed.
  virtual AnswerBuilder said() const = 0;
  // False once more was sent than is kept: then nobody can go on where it broke off.
  virtual bool is_all_kept() const noexcept = 0;
  // For the attempt that goes on. Only where all is kept.
  virtual Carried carried() const = 0;
  // As the provider told it, if it did.
  virtual std::optional<Usage> usage() const = 0;
  virtual std::size_t skipped_count() const noexcept = 0;  // events nobody could read
};

// Caller and provider speak the same protocol: bytes go through.
std::unique_ptr<AttemptStream> relay_stream(std::unique_ptr<UpstreamAnswer> answer, const ChatAdapter& adapter,
                                            const ChatRequest& request, const Quirks& quirks);

// They do not. `carried`: what the caller has already, from an attempt that broke off: it is skipped where the new
// answer begins the same, and a new answer that differs is a Fault (kind broken, code "answer_differs").
std::unique_ptr<AttemptStream> translated_stream(std::unique_ptr<UpstreamAnswer> answer, const Way& way,
                                                 const ChatFace& face, const ChatRequest& request, AnswerHead head,
                                                 const Quirks& quirks, std::optional<Carried> carried);

// Events of a whole answer, for a provider that answered a streamed call with JSON. What the caller has already is left
// out, as above.
std::expected<std::string, Fault> write_all(const ChatFace& face, const ChatAnswer& answer, const ChatRequest& request,
                                            AnswerHead head, const std::optional<Carried>& carried);

}  // namespace atelier::model

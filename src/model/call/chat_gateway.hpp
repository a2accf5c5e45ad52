#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "model/call/attempt_plan.hpp"
#include "model/call/call_account.hpp"
#include "model/call/upstream.hpp"
#include "model/face/face.hpp"
#include "model/provider/endpoint.hpp"
#include "model/route/directory.hpp"

namespace atelier::model {

// One call as a face received it.
struct ChatCall {
  const ChatFace* face = nullptr;
  std::string body;     // a JSON object, as it came
  ChatRequest request;  // protocol, model, is_streamed and wants_usage at least; all of it once is_read
  bool is_read = false;
  std::string request_id;
  // Of the caller's protocol, for candidates that speak it too: betas. Lower-case names.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::chrono::steady_clock::time_point deadline;
  bool may_fall_back = true;
  std::optional<Strategy> strategy = {};  // instead of the route's
  KeyStatePtr key = {};                   // it came with; null: nobody's, who may call everything
  TraceContext trace = {};                // it is made in; told to the log, and to each provider that is asked
  std::optional<bool> hedges = {};        // instead of what the route says
};

// A call of what is no conversation. Relayed to those of the model's candidates that serve it.
struct EndpointCall {
  Endpoint endpoint = Endpoint::embeddings;
  Protocol face = Protocol::openai_chat;  // the caller's, for errors and the log
  std::string body;                       // a JSON object, or a form
  std::string content_type = "application/json";
  std::string model;
  std::string request_id;
  std::chrono::steady_clock::time_point deadline;
  bool may_fall_back = true;
  std::optional<Strategy> strategy = {};
  KeyStatePtr key = {};
  TraceContext trace = {};
};

struct WholeAnswer {
  Result<std::string> body;  // in the face's protocol, with status 200
  CallReport report;
};

// A streamed answer that has begun: the first bytes a reader would see are here. Whoever drops it before its end went
// away.
class AnswerStream {
 public:
  virtual ~AnswerStream() = default;
  // The next bytes to send (whole events), or nullopt at the end.
  virtual Task<std::optional<std::string>> next() = 0;
  virtual const CallReport& report() const noexcept = 0;
};

// One that a provider gives.
class ChatStream final : public AnswerStream {
 public:
  struct Call;
  explicit ChatStream(std::unique_ptr<Call> call);
  ~ChatStream() override;  // before its end: the caller went away, and the upstream is closed
  // A provider that breaks off is replaced where that is possible, and otherwise the last bytes are the face's own
  // error event.
  Task<std::optional<std::string>> next() override;
  const CallReport& report() const noexcept override;

 private:
  std::unique_ptr<Call> call_;
};

struct OpenedStream {
  Result<std::unique_ptr<ChatStream>> stream;
  CallReport report;  // so far
};

class EndpointStream;  // endpoint_stream.hpp

struct OpenedEndpoint {
  Result<std::string> body;                // whole, with status 200; empty where it streams
  std::unique_ptr<EndpointStream> stream;  // null: it came whole, or failed
  std::string content_type = {};           // as the provider said
  CallReport report = {};                  // so far
  OpenedEndpoint();
  OpenedEndpoint(OpenedEndpoint&&) noexcept;
  ~OpenedEndpoint();
};

struct GatewayOptions {
  std::size_t answer_bytes_max = 64 << 20;
  std::size_t held_bytes_max = 1 << 20;  // of a stream's start-up events
  PlanOptions plan = {};
};

// The one path of every call to a model: candidates, limits, breakers, attempts, fallback, account. Thread-safe; a call
// stays on its caller's loop, with its cancellation.
class ChatGateway {
 public:
  ChatGateway(Models& models, Upstream& upstream, CallBooks books, GatewayOptions options)
      : models_(models), upstream_(upstream), books_(std::move(books)), options_(options) {}

  Task<WholeAnswer> answer(ChatCall call);
  Task<OpenedStream> open(ChatCall call);
  // invalid_argument ("endpoint_not_served") where none of the model's candidates serves it. Only media may stream.
  Task<OpenedEndpoint> open(EndpointCall call);
  Task<WholeAnswer> relay(EndpointCall call);  // what never streams
  // Whether a candidate of the model speaks the endpoint's own form; true of names that stand for nothing, so that the
  // call says so.
  bool relays(const std::string& model, Endpoint endpoint) const;
  Models& models() noexcept { return models_; }

 private:
  friend struct ChatStream::Call;
  Models& models_;
  Upstream& upstream_;
  const CallBooks books_;
  const GatewayOptions options_;
};

}  // namespace atelier::model

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/call/attempt_plan.hpp"
#include "model/call/upstream.hpp"
#include "model/face/face.hpp"
#include "model/route/directory.hpp"

namespace atelier::model {

// One call as a face received it.
struct ChatCall {
  const ChatFace* face = nullptr;
  std::string body;     // a JSON object, as it came
  ChatRequest request;  // protocol, model, is_streamed and wants_usage at least; all of it once is_read
  bool is_read = false;
  std::string request_id;
  std::chrono::steady_clock::time_point deadline;
  bool may_fall_back = true;
  std::optional<Strategy> strategy = {};  // instead of the route's
};

// How a call went: for the log, the bill and the answer's headers.
struct CallReport {
  std::string candidate;  // "openai/gpt-5": the one that answered, or was tried last
  std::string provider, model;
  std::uint32_t attempts = 0;
  Usage usage;
  bool has_usage = false;   // false: nothing was received that could be counted
  bool is_aborted = false;  // the caller went away
  bool is_streamed = false;
  std::optional<Fault> fault;  // how it failed, if it did
  std::chrono::milliseconds first_token{0}, total{0};
};

struct WholeAnswer {
  Result<std::string> body;  // in the face's protocol, with status 200
  CallReport report;
};

// A streamed answer that has begun: the first bytes a reader would see are here.
class ChatStream {
 public:
  struct Call;
  explicit ChatStream(std::unique_ptr<Call> call);
  ~ChatStream();  // before its end: the caller went away, and the upstream is closed
  // The next bytes to send (whole events), or nullopt at the end. A provider that breaks off is replaced where that is
  // possible, and otherwise the last bytes are the face's own error event.
  Task<std::optional<std::string>> next();
  const CallReport& report() const noexcept;

 private:
  std::unique_ptr<Call> call_;
};

struct OpenedStream {
  Result<std::unique_ptr<ChatStream>> stream;
  CallReport report;  // of a call that failed before it began
};

struct GatewayOptions {
  std::size_t answer_bytes_max = 64 << 20;
  std::size_t held_bytes_max = 1 << 20;  // of a stream's start-up events
  PlanOptions plan = {};
};

// The one path of every call to a model: candidates, breakers, attempts, fallback, record. Thread-safe; a call stays on
// its caller's loop, with its cancellation.
class ChatGateway {
 public:
  // Told once for every call, when it has ended, on the call's loop. May not wait.
  using OnEnd = std::function<void(const CallReport& report)>;

  ChatGateway(Models& models, Upstream& upstream, const Clock& clock, GatewayOptions options)
      : models_(models), upstream_(upstream), clock_(clock), options_(options) {}

  Task<WholeAnswer> answer(ChatCall call);
  Task<OpenedStream> open(ChatCall call, OnEnd on_end);
  void set_prices(const void* prices, CostOf cost_of) noexcept {
    prices_ = prices;
    cost_of_ = cost_of;
  }
  Models& models() noexcept { return models_; }

 private:
  friend struct ChatStream::Call;
  Models& models_;
  Upstream& upstream_;
  const Clock& clock_;
  const GatewayOptions options_;
  const void* prices_ = nullptr;
  CostOf cost_of_ = nullptr;
};

}  // namespace atelier::model

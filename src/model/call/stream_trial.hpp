#pragma once

#include "model/call/attempt.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/attempt_stream.hpp"
#include "model/call/exchange.hpp"

namespace atelier::model {

// What the attempts of one streamed call share. All of it outlives them.
struct StreamParts {
  Upstream& upstream;
  ChatCall& call;
  AttemptPlan& plan;
  CallAccount& account;
  const Clock& clock;
  const GatewayOptions& options;
  const std::optional<Carried>& carried;  // what the caller has of an attempt that broke off
};

// One attempt at a streamed answer: run() goes up to where it has something to show, and what follows comes from
// stream(). Good for one attempt after another. Dying or cleared in mid-answer it closes its exchange.
class StreamTrial final : public Trial {
 public:
  explicit StreamTrial(const StreamParts& parts) : parts_(parts) {}

  Task<std::expected<void, Fault>> run(CandidatePtr candidate, Breaker::Permit permit) override;
  void call_off() override;

  // Not yet sent: at first what was held back until there was something to show.
  std::string take_held() { return std::exchange(held_, std::string()); }
  bool has_held() const noexcept { return !held_.empty(); }
  bool is_whole() const noexcept { return is_whole_; }        // nothing comes after what is held
  AttemptStream* stream() noexcept { return stream_.get(); }  // null: all is held
  // A step of the stream was taken.
  void went_on(const StreamStep& step) noexcept { is_whole_ = step.has_ended; }
  // It ended whole.
  void succeeded() { attempt_->succeeded(); }
  // It broke off.
  void failed(const Fault& fault) { attempt_->failed(fault); }
  // Adds what it used to the account: as told, or counted by us from what was received. Once for each attempt.
  void count_usage();
  // Its exchange is closed; nothing is told of it that was not told before.
  void clear();

 private:
  Task<std::expected<void, Fault>> try_candidate(CandidatePtr candidate);
  Task<std::expected<void, Fault>> hold();
  Task<std::expected<void, Fault>> take_whole(Exchange exchange, CandidatePtr candidate);
  void has_something_to_show();
  bool may_be_empty();

  const StreamParts& parts_;
  std::optional<Attempt> attempt_;
  std::unique_ptr<AttemptStream> stream_;
  std::string held_;
  bool is_whole_ = false;
};

}  // namespace atelier::model

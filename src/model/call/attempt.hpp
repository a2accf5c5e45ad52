#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "model/call/chat_gateway.hpp"

namespace atelier::model {

// One try of one candidate: holds its permit, and tells its breaker and record how it ended. Dying untold is no sign:
// the caller went away.
class Attempt {
 public:
  Attempt(CandidatePtr candidate, Breaker::Permit permit, const Clock& clock);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void first_token_came() noexcept;
  void succeeded();
  // The provider has the work, which it makes long after this: it is well. How the work ended is for whoever follows it
  // to tell the candidate's record.
  void taken();
  void failed(const Fault& fault);
  const CandidatePtr& candidate() const noexcept { return candidate_; }
  std::chrono::steady_clock::time_point started() const noexcept { return started_; }
  std::chrono::milliseconds first_token() const noexcept { return first_token_; }

 private:
  const CandidatePtr candidate_;
  const Breaker::Permit permit_;
  const Clock& clock_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::milliseconds first_token_{0};
  bool has_first_token_ = false, is_told_ = false;
};

// Of text that nobody counted: about four bytes a token.
std::int64_t estimated_tokens(std::size_t bytes) noexcept;

// A caller's usage where the provider told none: from what was said.
Usage estimate_usage(const ChatCall& call, const ChatAnswer& said, ServiceTier tier = ServiceTier::standard);

}  // namespace atelier::model

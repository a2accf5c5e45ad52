#pragma once

#include <array>
#include <span>

#include "base/metrics.hpp"
#include "model/limit/allowances.hpp"
#include "model/limit/key_state.hpp"
#include "model/price/price.hpp"

namespace atelier::model {

// The most that a call may use, as far as anybody can say beforehand.
struct CallEstimate {
  std::int64_t tokens = 0;
  std::optional<Picodollars> cost = 0;  // nullopt: nobody knows
};

// `prices` are those of the candidates that may serve it, null where unknown: the dearest counts, and one unknown is
// unknown. `output_tokens` is for each of the answers.
CallEstimate estimate_call(std::int64_t input_tokens, std::int64_t output_tokens, std::int64_t answer_count,
                           std::span<const ModelPrice* const> prices);

// What an admitted call holds: its place, its tokens, its money. Settled once, at the end; dying unsettled, the
// estimates count.
class CallPass {
 public:
  CallPass() = default;
  CallPass(RatePass rate, Reservation money) : rate_(std::move(rate)), money_(std::move(money)) {}
  // What it used, of attempts that failed too: 0 and 0 if nothing reached a provider. An unknown cost is the estimate.
  void settle(std::int64_t tokens_used, std::optional<Picodollars> cost) noexcept {
    rate_.settle(tokens_used);
    money_.settle(cost);
  }

 private:
  RatePass rate_;
  Reservation money_;
};

// Where a call's key is asked whether it may: limits first, then money. Refusals are counted. Thread-safe.
class Gate {
 public:
  Gate(Allowances& allowances, Metrics& metrics);

  // Waits only if a block of money must be leased. The errors of KeyLimiter::admit and Allowances::reserve.
  Task<Result<CallPass>> admit(KeyStatePtr key, CallEstimate estimate);

 private:
  void count(const Error& refusal) noexcept;
  Allowances& allowances_;
  std::array<Counter*, 8> refusals_;
};

}  // namespace atelier::model

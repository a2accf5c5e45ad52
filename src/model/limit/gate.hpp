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
// unknown.
CallEstimate estimate_call(const Usage& most, std::span<const ModelPrice* const> prices);
// `output_tokens` is for each of the answers.
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
//
// A refusal's `reason` names the limit: "requests_per_minute", "tokens_per_minute", "concurrency" and "allowance_day",
// "allowance_month" are rate_limited and say when to come again; "tokens_over_limit" is too_large, since no waiting
// would help; "allowance_unavailable" is unavailable; "price_unknown" is forbidden. set_limit_headers() puts them into
// headers.
class Gate {
 public:
  Gate(Allowances& allowances, Metrics& metrics);

  // Waits only if a block of money must be leased.
  Task<Result<CallPass>> admit(KeyStatePtr key, CallEstimate estimate);

  // The same for hot paths, in two parts. The first answers nearly always, without a coroutine and without allocating;
  // nullopt: a block of money must be leased first, and the second waits for it. `held` goes from one to the other.
  std::optional<Result<CallPass>> try_admit(const KeyState& key, const CallEstimate& estimate, RatePass& held);
  Task<Result<CallPass>> wait_for_money(KeyStatePtr key, CallEstimate estimate, RatePass held);

 private:
  void count(const Error& refusal) noexcept;
  Allowances& allowances_;
  std::array<Counter*, 8> refusals_;
};

}  // namespace atelier::model

#include "model/limit/gate.hpp"

#include <algorithm>

#include "base/async.hpp"

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, 1> kLimit = {"limit"};
constexpr Metric kRefusals{"atelier_limit_refusals_total", MetricKind::counter,
                           "Calls that their key's limits or allowance refused, by limit", kLimit};

// A refusal's reason and the label it is counted under.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kReasons = {{{"requests_per_minute", "requests"},
                                                                                    {"tokens_per_minute", "tokens"},
                                                                                    {"tokens_over_limit", "size"},
                                                                                    {"concurrency", "concurrency"},
                                                                                    {"allowance_day", "day"},
                                                                                    {"allowance_month", "month"},
                                                                                    {"allowance_unavailable", "lease"},
                                                                                    {"price_unknown", "price"}}};

}  // namespace

namespace {

std::optional<Picodollars> cost_at_most(const ModelPrice& price, const Usage& most) {
  auto cost = price.cost(most, ServiceTier::standard);
  if (cost || most.images == 0) return cost;
  // Pictures are paid by the piece or by the token.
  Usage pieces = most;
  pieces.output_image = 0;
  return price.cost(pieces, ServiceTier::standard);
}

}  // namespace

CallEstimate estimate_call(const Usage& most, std::span<const ModelPrice* const> prices) {
  CallEstimate estimate{.tokens = plus(most.input_total(), most.output_total())};
  for (const ModelPrice* price : prices) {
    const auto cost = price != nullptr ? cost_at_most(*price, most) : std::nullopt;
    if (!cost) {
      estimate.cost = std::nullopt;
      break;
    }
    estimate.cost = std::max(*estimate.cost, *cost);
  }
  return estimate;
}

CallEstimate estimate_call(std::int64_t input_tokens, std::int64_t output_tokens, std::int64_t answer_count,
                           std::span<const ModelPrice* const> prices) {
  const Usage most{.input = std::max<std::int64_t>(input_tokens, 0),
                   .output = times(std::max<std::int64_t>(output_tokens, 0), std::max<std::int64_t>(answer_count, 1))};
  return estimate_call(most, prices);
}

Gate::Gate(Allowances& allowances, Metrics& metrics) : allowances_(allowances) {
  for (std::size_t i = 0; i < kReasons.size(); ++i) refusals_[i] = &metrics.counter(kRefusals, {kReasons[i].second});
}

void Gate::count(const Error& refusal) noexcept {
  for (std::size_t i = 0; i < kReasons.size(); ++i)
    if (refusal.reason == kReasons[i].first) return refusals_[i]->add();
}

std::optional<Result<CallPass>> Gate::try_admit(const KeyState& key, const CallEstimate& estimate, RatePass& held) {
  if (key.limiter) {
    auto admitted = key.limiter->admit(estimate.tokens);
    if (!admitted) {
      count(admitted.error());
      return error_of(std::move(admitted));
    }
    held = std::move(*admitted);
  }
  if (!key.allowance) return CallPass(std::move(held), Reservation());
  auto money = allowances_.try_reserve(key.allowance, estimate.cost);
  if (!money) return std::nullopt;
  if (*money) return CallPass(std::move(held), std::move(**money));
  held.settle(0);
  held = RatePass();
  count(money->error());
  return error_of(std::move(*money));
}

Task<Result<CallPass>> Gate::wait_for_money(KeyStatePtr key, CallEstimate estimate, RatePass held) {
  auto money = co_await allowances_.reserve(key->allowance, estimate.cost);
  if (money) co_return CallPass(std::move(held), std::move(*money));
  held.settle(0);
  count(money.error());
  co_return error_of(std::move(money));
}

Task<Result<CallPass>> Gate::admit(KeyStatePtr key, CallEstimate estimate) {
  RatePass held;
  if (auto answer = try_admit(*key, estimate, held)) co_return std::move(*answer);
  co_return co_await wait_for_money(std::move(key), estimate, std::move(held));
}

}  // namespace atelier::model

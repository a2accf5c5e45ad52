#include "model/call/attempt_loop.hpp"

#include <fmt/format.h>

#include <random>

#include "base/async.hpp"

namespace atelier::model {

double draw() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

Fault cancelled_fault() { return Fault{.kind = Fault::Kind::cancelled, .message = "the caller went away"}; }

Task<std::expected<void, Fault>> run_attempts(AttemptPlan* plan, Trial* trial, CallAccount* account,
                                              const Clock* clock) {
  for (;;) {
    const auto now = clock->now();
    const AttemptPlan::Step step = plan->next(now);
    if (step.what == AttemptPlan::Step::What::give_up) co_return std::unexpected(plan->verdict(now));
    if (step.what == AttemptPlan::Step::What::wait) {
      auto slept = co_await sleep_for(step.wait);
      if (!slept) co_return std::unexpected(cancelled_fault());
      continue;
    }
    account->attempt_began(*step.candidate);
    auto tried = co_await trial->run(step.candidate, step.permit);
    if (tried) co_return tried;
    account->attempt_ended(tried.error());
    plan->failed(tried.error(), clock->now());
    if (tried.error().kind == Fault::Kind::cancelled) co_return tried;
  }
}

Result<Chosen> choose(const Directory& directory, std::string_view model, std::optional<Strategy> strategy,
                      const KeyStatePtr& key, const Clock& clock, const Prices* prices, double random) {
  auto resolved = directory.resolve(model);
  if (!resolved) return error_of(resolved);
  if (strategy) resolved->strategy = *strategy;
  std::vector<CandidatePtr> ordered = order(*resolved, clock.now(), random, prices);
  std::erase_if(ordered, [](const CandidatePtr& one) { return !one->provider->quirks.has_chat; });
  if (ordered.empty())
    return fail(ErrorCode::invalid_argument,
                fmt::format("\"{}\" makes pictures, sound or clips, and answers no chat: generate with it", model),
                {.reason = "model_makes_media", .where = "model"});
  const bool is_granted = !key || (resolved->route != nullptr && key->allows_route(resolved->name));
  if (!is_granted)
    std::erase_if(ordered,
                  [&](const CandidatePtr& one) { return !key->allows_model(one->provider->name, one->model); });
  if (ordered.empty())
    return fail(ErrorCode::forbidden, fmt::format("this key may not call \"{}\"", model),
                {.reason = "model_not_allowed", .where = "model"});
  Chosen chosen{.candidates = std::move(ordered)};
  if (resolved->route != nullptr) {
    chosen.route = resolved->route->name;
    chosen.hedges = resolved->route->hedges;
  }
  return chosen;
}

}  // namespace atelier::model

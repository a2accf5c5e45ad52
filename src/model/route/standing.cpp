#include "model/route/standing.hpp"

#include <algorithm>

namespace atelier::model {
namespace {

// As AttemptPlan goes by: one whose rest is over is tried again, with one attempt.
bool may_be_asked(const Candidate& candidate, std::chrono::steady_clock::time_point now) {
  if (candidate.held_for(now).count() > 0) return false;
  const Breaker::Snapshot breaker = candidate.breaker.snapshot(now);
  return breaker.state == BreakerState::closed ||
         (breaker.state == BreakerState::open && breaker.opens_in.count() == 0);
}

}  // namespace

std::vector<Standing> standings(const Route& route, const Models& models, std::chrono::steady_clock::time_point now,
                                const Prices* prices) {
  std::vector<Standing> standings;
  Resolved resolved{.name = route.name, .strategy = route.strategy, .candidates = {}, .weights = {}};
  for (const RouteTarget& target : route.targets) {
    Standing one{.target = target, .candidate = models.find_candidate(target.provider + "/" + target.model)};
    if (one.candidate && may_be_asked(*one.candidate, now)) {
      resolved.candidates.push_back(one.candidate);
      resolved.weights.push_back(std::max(target.weight, 0.0));
    }
    standings.push_back(std::move(one));
  }
  const auto standing_of = [&](const CandidatePtr& candidate) {
    return std::ranges::find(standings, candidate, &Standing::candidate);
  };
  std::vector<CandidatePtr> ordered;
  if (route.strategy == Strategy::weighted) {
    double sum = 0;
    for (const double weight : resolved.weights) sum += weight;
    for (std::size_t at = 0; at < resolved.candidates.size(); ++at)
      standing_of(resolved.candidates[at])->chance = sum > 0 ? resolved.weights[at] / sum : 0;
    ordered = resolved.candidates;
    std::ranges::stable_sort(ordered, std::greater{},
                             [&](const CandidatePtr& one) { return standing_of(one)->chance; });
  } else {
    ordered = order(resolved, now, 0, prices);
    if (!ordered.empty()) standing_of(ordered.front())->chance = 1;
  }
  for (std::size_t turn = 0; turn < ordered.size(); ++turn) standing_of(ordered[turn])->turn = turn;
  return standings;
}

}  // namespace atelier::model

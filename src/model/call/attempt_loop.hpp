#pragma once

#include <expected>

#include "model/call/attempt_plan.hpp"
#include "model/call/call_account.hpp"

namespace atelier::model {

// What an attempt is: one exchange with one candidate, to its end or to where nothing is left that could be tried
// elsewhere.
class Trial {
 public:
  virtual ~Trial() = default;
  virtual Task<std::expected<void, Fault>> run(CandidatePtr candidate, Breaker::Permit permit) = 0;
  // It ended, well or not, and another beside it was quicker: nobody will read on.
  virtual void call_off() {}
};

// Follows the plan until a trial succeeds, and waits where the plan says so. Otherwise gives the fault to tell the
// caller. Everything must last until the end.
Task<std::expected<void, Fault>> run_attempts(AttemptPlan* plan, Trial* trial, CallAccount* account,
                                              const Clock* clock);

struct Chosen {
  std::vector<CandidatePtr> candidates;  // at least one
  std::string_view route = {};           // that was named, of the directory; empty: none
  bool hedges = false;                   // as the route says
};
// A call's candidates in the order of its strategy, those only that its key may call.
Result<Chosen> choose(const Directory& directory, std::string_view model, std::optional<Strategy> strategy,
                      const KeyStatePtr& key, const Clock& clock, const Prices* prices, double random);

// In [0, 1), for jitter and weights.
double draw();

Fault cancelled_fault();

}  // namespace atelier::model

#pragma once

#include "base/metrics.hpp"
#include "model/call/attempt_loop.hpp"

namespace atelier::model {

// Made once for all calls. Null in CallBooks: nobody counts.
class HedgeMetrics {
 public:
  explicit HedgeMetrics(Metrics& metrics);
  Counter& begun;
  Counter& won;
  Counter& refused;  // the first was slow, and none could be afforded or asked
};

// run_attempts() for a call that hedges (route/hedge.hpp): `first` makes its attempts, and `second` the one that begins
// beside the first of them if that is slow. Gives the one that succeeded; the other is over then, its exchange closed.
// At most one hedge, and none once an attempt has failed. A caller that leaves stops both. Everything must last until
// the end.
Task<std::expected<Trial*, Fault>> run_hedged_attempts(AttemptPlan* plan, Trial* first, Trial* second,
                                                       CallAccount* account, const CallBooks* books);

}  // namespace atelier::model

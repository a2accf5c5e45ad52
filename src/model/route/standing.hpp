#pragma once

#include <optional>
#include <vector>

#include "model/route/directory.hpp"

namespace atelier::model {

// One target of a route as it stands at this moment.
struct Standing {
  RouteTarget target;
  CandidatePtr candidate = {};           // null: its provider is not configured
  std::optional<std::size_t> turn = {};  // 0: asked first; nullopt: it rests or is held back, and is passed over
  double chance = 0;                     // of being asked first, in [0, 1]
};

// A route's targets as they are written. By weight the turns are the likeliest ones. Tells how the next call would
// begin, and changes nothing: no breaker is asked for a permit.
std::vector<Standing> standings(const Route& route, const Models& models, std::chrono::steady_clock::time_point now,
                                const Prices* prices);

}  // namespace atelier::model

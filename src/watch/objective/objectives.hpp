#pragma once

#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "watch/history/history.hpp"
#include "watch/objective/definition.hpp"
#include "watch/objective/objective.hpp"

namespace atelier::watch {

// Looks every ten seconds how the objectives and budgets of a studio stand, from its registry of metrics, and knows
// from the history what was before it was started. Everything that is told stands in memory. Thread-safe.
class Objectives {
 public:
  struct Parts {
    History& history;
    store::Database& telemetry;
    Metrics& metrics;
    const Clock& clock;
  };
  Objectives(Parts parts, ObjectiveDefinitions definitions);
  ~Objectives();

  // Marks the start, learns what was, then looks until cancelled. To be spawned once by the owner of this, and ended
  // before the database closes.
  Task<Result<>> run();
  // What run() does: at its beginning, every ten seconds, and every five minutes.
  Task<Result<>> begin();
  void evaluate();
  Task<Result<>> compare();

  std::vector<ObjectiveState> states() const;
  std::vector<BudgetState> budgets() const;
  // The newest first, at most 100.
  std::vector<DeployMark> marks() const;

 private:
  class Room;
  const std::unique_ptr<Room> room_;
};

}  // namespace atelier::watch

#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"
#include "watch/objective/definition.hpp"
#include "watch/objective/event_windows.hpp"
#include "watch/objective/figure_window.hpp"

namespace atelier::watch {

// Reads from a registry what objectives and budgets are about, all in one go. Not thread-safe.
class Meter {
 public:
  // `definitions` must outlive it.
  explicit Meter(const ObjectiveDefinitions& definitions);

  struct Reading {
    std::vector<EventCounts> objectives;  // since the start, in the order of their definitions
    std::vector<FigureReading> budgets;
  };
  Reading read(const Metrics& metrics) const;

 private:
  enum class Use : std::uint8_t { good, bad, timed, budget };
  struct Interest {
    const Selector* selector;
    Use use;
    std::size_t index;
  };
  class Visit;
  const ObjectiveDefinitions& definitions_;
  std::map<std::string_view, std::vector<Interest>> interests_;  // by metric
};

}  // namespace atelier::watch

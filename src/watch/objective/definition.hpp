#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "watch/objective/selector.hpp"

namespace atelier::watch {

// Which share of events has to be good. Events are counted either apart, as those of `good` and of `bad` (counters, or
// histograms by how many came), or by `under`: those of histograms that took longer are the bad ones.
struct ObjectiveDefinition {
  std::string name, title;
  double target = 0, required = 0;  // shares, above 0 and below 1
  std::vector<Selector> good, bad;
  std::vector<Selector> events;  // with `under`
  double under = 0;              // in the histogram's unit; right to 3.2 %, as its buckets are
};

enum class BudgetStat : std::uint8_t {
  value,   // of gauges, together: the mean of the time
  lowest,  // of gauges, together: what they fall back to
  mean,    // of histograms, together
  p50,
  p75,
  p95,
  p99,
};

// What a figure may be at most.
struct BudgetDefinition {
  std::string name, title;
  std::string unit;  // "seconds", "bytes", "number" or "share"
  BudgetStat stat = BudgetStat::value;
  std::vector<Selector> of;
  double limit = 0, required = 0;
};

struct ObjectiveDefinitions {
  static constexpr std::size_t kObjectivesMax = 24, kBudgetsMax = 60;
  std::vector<ObjectiveDefinition> objectives;
  std::vector<BudgetDefinition> budgets;

  // From TOML. The first thing that is wrong is told with file, line and field (reason setting_invalid).
  static Result<ObjectiveDefinitions> parse(std::string_view text, std::string_view file_name);
  // Those of default_objectives().
  static ObjectiveDefinitions defaults();

  // What counts something that is not among `known` metrics, and so never has anything to tell.
  struct UnknownMetric {
    std::string of, metric;  // of the objective or budget with this name
    std::string meant;       // the known one it is most like; empty: like none
  };
  std::vector<UnknownMetric> unknown_metrics(std::span<const std::string_view> known) const;
};

// What holds where there is no file, as a file with comments that an operator may start from.
std::string_view default_objectives();

}  // namespace atelier::watch

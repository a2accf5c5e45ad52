#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace atelier::watch {

// How far an objective is kept, and how a budgeted figure stands: what Objectives (objectives.hpp) tells, by value.

// Over what spans an objective's burn is told: the short and the long ones of kBurnPairs.
inline constexpr std::array<std::chrono::seconds, 5> kBurnWindows = {std::chrono::minutes(5), std::chrono::minutes(30),
                                                                     std::chrono::hours(1), std::chrono::hours(6),
                                                                     std::chrono::hours(72)};

enum class BurnSeverity : std::uint8_t { page, ticket };

// An objective burns where both of a pair's windows are over its rate: the long one says that it matters, the short one
// that it goes on. Of the SRE Workbook, chapter 5; for objectives over 30 days.
struct BurnPair {
  BurnSeverity severity;
  double rate;  // 1: the error budget is spent exactly when its 30 days are over
  std::chrono::seconds long_window, short_window;
};
inline constexpr std::array<BurnPair, 3> kBurnPairs = {
    {{BurnSeverity::page, 14.4, std::chrono::hours(1), std::chrono::minutes(5)},
     {BurnSeverity::page, 6, std::chrono::hours(6), std::chrono::minutes(30)},
     {BurnSeverity::ticket, 1, std::chrono::hours(72), std::chrono::hours(6)}}};

// What came in a span of time that ends now.
struct Burn {
  std::chrono::seconds window{0};
  double event_count = 0;  // good and bad ones
  double bad_count = 0;
  // Bad share over the share that may be bad: how many times too fast the error budget is spent. None: no events.
  std::optional<double> rate;
};

struct ObjectiveState {
  std::string name;                       // of its definition: [a-z0-9_]
  std::string title;                      // in words
  double target = 0;                      // the share that has to be good, 0 to 1: ours, by which all else here is told
  double required = 0;                    // the looser one that an audit would ask for
  std::chrono::seconds window{0};         // over which it is to be kept: 30 days
  double event_count = 0, bad_count = 0;  // in the window
  std::optional<double> share;            // good in the window; none: no events
  std::optional<double> share_hour;       // good in the last hour
  double budget_left = 1;                 // share of the error budget: 1 untouched, 0 spent, below 0 overspent
  double required_budget_left = 1;        // of what `required` allows
  std::array<Burn, kBurnWindows.size()> burns{};  // in the order of kBurnWindows
  // At the rate of the last 6 hours; none: nothing is being spent. Zero: it is spent.
  std::optional<std::chrono::seconds> spent_in;

  const Burn& burn(std::chrono::seconds over) const noexcept {
    for (const Burn& one : burns)
      if (one.window == over) return one;
    return burns.front();
  }
  // Both windows of the pair are over its rate, and there were enough events for that to mean something. Of few events
  // one that is bad may be more than the budget of days: it is to be looked at, and wakes nobody.
  bool burns_over(const BurnPair& pair) const noexcept {
    constexpr double kEventsMin = 10, kBadMin = 3;
    const Burn &longer = burn(pair.long_window), &shorter = burn(pair.short_window);
    const bool is_enough =
        longer.event_count >= kEventsMin && (pair.severity != BurnSeverity::page || longer.bad_count >= kBadMin);
    return is_enough && longer.rate && shorter.rate && *longer.rate >= pair.rate && *shorter.rate >= pair.rate;
  }
};

enum class BudgetVerdict : std::uint8_t { no_data, pass, fail };
std::string_view to_string(BudgetVerdict verdict) noexcept;

// A figure now and in a time before.
struct Change {
  double now = 0, before = 0;
  double ratio() const noexcept { return before > 0 ? now / before : 1; }
};

struct BudgetState {
  std::string name, title;
  std::string unit;                                // "seconds", "bytes", "number", "share": of all figures here
  double limit = 0;                                // ours, at most
  double required = 0;                             // the looser one that an audit would ask for
  std::optional<double> value;                     // of the last hour
  BudgetVerdict verdict = BudgetVerdict::no_data;  // against the limit
  BudgetVerdict required_verdict = BudgetVerdict::no_data;  // against what is required
  std::vector<float> points;            // of the last 24 hours, half an hour each, the newest last; NaN: none
  std::optional<Change> trend;          // means: the last 24 hours, and those before
  std::optional<Change> since_version;  // means: of this version, and as long of the one before it
  bool is_regressed = false;            // since_version is worse by more than what comes and goes
};

// The studio was started.
struct DeployMark {
  UnixMs time_ms = 0;
  std::string version, build;  // of the executable; `build` tells builds of a version apart
  bool is_new = false;         // other than what was started before it
};

}  // namespace atelier::watch

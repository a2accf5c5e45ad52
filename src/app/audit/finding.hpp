#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/audit/timings.hpp"

namespace atelier::app::audit {

// critical: users are harmed or data is open. high: a required figure is missed. medium: our own, tighter one is; or
// something that will hurt some day. low: worth a look. info: nothing to do.
enum class Severity : std::uint8_t { critical, high, medium, low, info };
std::string_view to_string(Severity severity) noexcept;
std::optional<Severity> parse_severity(std::string_view text) noexcept;

// One thing that is not as it should be, told so that whoever runs the studio can act on it.
struct Finding {
  std::string id;  // stable: "chat.p95", "headers.csp"
  Severity severity = Severity::info;
  std::string title;
  std::string figure = {}, budget = {};    // in words with units; empty: it is no matter of figures
  std::vector<std::string> evidence = {};  // what was seen
  std::string cause = {}, remedy = {};
};

// What a figure may be at most (or at least).
struct Budget {
  double limit = 0;     // our own
  double required = 0;  // of the audits that this comes from
  bool is_least = false;
};

enum class Unit : std::uint8_t { milliseconds, share, bytes, bytes_per_minute, count, seconds, per_second };
std::string_view to_string(Unit unit) noexcept;
// "12.3 ms", "99.9 %", "41.2 MiB".
std::string describe(double value, Unit unit);
struct Figure;
// "1.2 s to 1.4 s"; empty where there is no more than the one value.
std::string interval_of(const Figure& figure);
// What a kind of API call (Caller::timed) is called in a report.
std::string title_of_call(std::string_view kind);

struct Figure {
  std::string id;  // stable within its scenario: "p95"
  std::string title;
  Unit unit = Unit::count;
  Measured measured = {};
  std::optional<Budget> budget = {};
  // What makes it bad, and what helps: for the finding it may become.
  std::string cause = {}, remedy = {};
};

enum class State : std::uint8_t { done, skipped, failed };
std::string_view to_string(State state) noexcept;

// What came of one scenario.
struct Outcome {
  std::string name, title;
  State state = State::done;
  std::string why = {};  // it was skipped, or failed; of one that was done, what of it was left out
  double seconds = 0;
  std::vector<Figure> figures = {};
  std::vector<std::string> notes = {};     // what was done, in a sentence each
  std::vector<Finding> findings = {};      // those that are no matter of a figure's budget
  std::vector<std::string> evidence = {};  // the first faults, in words
};

// Those of all outcomes, of figures over their budgets too, worst first.
std::vector<Finding> findings_of(const std::vector<Outcome>& outcomes);
// Whether the objectives are met: no finding is high or critical, and no scenario failed.
bool is_met(const std::vector<Outcome>& outcomes);

}  // namespace atelier::app::audit

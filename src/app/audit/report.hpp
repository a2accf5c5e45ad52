#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/audit/finding.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"

namespace atelier::app::audit {

// A figure of two reports, and whether it got better or worse by more than chance says.
struct Change {
  enum class Verdict : std::uint8_t { better, worse, same };
  std::string scenario, id, title;
  Unit unit = Unit::count;
  Measured before = {}, now = {};
  Verdict verdict = Verdict::same;
};
std::string_view to_string(Change::Verdict verdict) noexcept;

struct Comparison {
  std::string before_at, before_version;
  std::vector<Change> changes;             // of figures that both have
  std::vector<std::string> solved, added;  // titles of findings that are gone, and new ones
  std::string caution;                     // what makes the two hard to compare; "" nothing does
};

// One audit. What is written of it holds neither addresses of others nor paths nor keys.
struct Report {
  std::string version;  // of the studio
  UnixMs made_ms = 0;
  std::string studio;              // "own", "local" or "remote"
  std::string mode;                // "full", "quick", and what was changed of it
  unsigned core_count = 0;         // of the machine that audits
  std::uint64_t memory_bytes = 0;  // of it
  std::vector<Outcome> outcomes;
  std::optional<Comparison> comparison = {};
};

json::Value to_json(const Report& report);
// Standing alone: no script, nothing loaded from elsewhere.
std::string to_html(const Report& report);
std::string to_markdown(const Report& report);
// What came of it, for whoever has not read one before: two to five sentences.
std::vector<std::string> summary_of(const Report& report);

// Of a report that to_json() wrote. Errors say what is no such report.
Result<Comparison> compare(const json::Value& before, const Report& now);

}  // namespace atelier::app::audit

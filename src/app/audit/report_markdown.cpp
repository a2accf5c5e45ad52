#include <fmt/format.h>

#include "app/audit/report.hpp"
#include "base/time_text.hpp"

namespace atelier::app::audit {
namespace {

// A cell of a table: no line breaks, no bars.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string budget_text(const Figure& figure) {
  if (!figure.budget) return {};
  return fmt::format("{} {} ({})", figure.budget->is_least ? "≥" : "≤", describe(figure.budget->limit, figure.unit),
                     describe(figure.budget->required, figure.unit));
}

void add_findings(std::string& out, const std::vector<Finding>& findings) {
  out += "\n## Findings\n";
  if (findings.empty()) out += "\nNone.\n";
  for (const Finding& finding : findings) {
    out += fmt::format("\n### {}: {}\n\n", to_string(finding.severity), finding.title);
    if (!finding.figure.empty()) out += fmt::format("- Figure: {}; budget: {}\n", finding.figure, finding.budget);
    for (const std::string& evidence : finding.evidence) out += fmt::format("- Evidence: {}\n", cell(evidence));
    out += fmt::format("- Cause: {}\n- Remedy: {}\n", finding.cause, finding.remedy);
  }
}

void add_outcome(std::string& out, const Outcome& outcome) {
  out += fmt::format("\n### {}\n", outcome.title);
  if (outcome.state != State::done) {
    out += fmt::format("\n{}: {}.\n", outcome.state == State::skipped ? "Skipped" : "Failed", outcome.why);
    return;
  }
  out += "\n";
  if (!outcome.notes.empty()) out += fmt::format("{}\n", fmt::join(outcome.notes, " "));
  if (!outcome.figures.empty())
    out += "\n| figure | measured | 95 % interval | budget (required) |\n| --- | --- | --- | --- |\n";
  for (const Figure& figure : outcome.figures)
    out += fmt::format("| {} | {} | {} | {} |\n", cell(figure.title),
                       figure.measured.count == 0 ? "-" : describe(figure.measured.value, figure.unit),
                       interval_of(figure), budget_text(figure));
  for (const std::string& evidence : outcome.evidence) out += fmt::format("\nSeen: {}\n", cell(evidence));
}

void add_comparison(std::string& out, const Comparison& comparison) {
  out += fmt::format("\n## Against the audit of {} (version {})\n\n", comparison.before_at, comparison.before_version);
  if (!comparison.caution.empty()) out += comparison.caution + "\n\n";
  out += "Worse or better is what stands apart by more than both intervals and a tenth; the rest is noise.\n\n";
  for (const std::string& title : comparison.added) out += fmt::format("- New: {}\n", title);
  for (const std::string& title : comparison.solved) out += fmt::format("- Solved: {}\n", title);
  out += "\n| figure | before | now | |\n| --- | --- | --- | --- |\n";
  for (const Change& change : comparison.changes)
    out += fmt::format("| {}: {} | {} | {} | {} |\n", cell(change.scenario), cell(change.title),
                       describe(change.before.value, change.unit), describe(change.now.value, change.unit),
                       to_string(change.verdict));
}

}  // namespace

std::string to_markdown(const Report& report) {
  std::string out = fmt::format("# Audit of Atelier {}\n\n", report.version);
  for (const std::string& sentence : summary_of(report)) out += sentence + "\n";
  out += fmt::format("\nMade {} of a studio {}, {}; {} cores, {} of memory.\n", format_rfc3339(report.made_ms),
                     report.studio == "own"     ? "started for it"
                     : report.studio == "local" ? "on this machine"
                                                : "elsewhere",
                     report.mode, report.core_count, describe(static_cast<double>(report.memory_bytes), Unit::bytes));
  add_findings(out, findings_of(report.outcomes));
  if (report.comparison) add_comparison(out, *report.comparison);
  out += "\n## Scenarios\n";
  for (const Outcome& outcome : report.outcomes) add_outcome(out, outcome);
  return out;
}

}  // namespace atelier::app::audit

#include <fmt/format.h>

#include "app/audit/report.hpp"
#include "base/time_text.hpp"

namespace atelier::app::audit {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --ink: light-dark(#2b2622, #efe9e1); --soft: light-dark(#6b6259, #b5aca1); --paper: light-dark(#f9f6f1, #13100e);
  --card: light-dark(#fffdfa, #1d1916); --line: light-dark(#ddd5ca, #3a332d); --bad: light-dark(#a3261b, #f08a7d); --warn: light-dark(#85540a, #e0b05c); --ok: light-dark(#24683c, #7fcf98); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-inline-size: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; } h3 { font-size: 1.05rem; margin: 0; }
.verdict { border: 1px solid var(--line); border-inline-start: 6px solid var(--ok); background: var(--card); padding: 1rem 1.25rem; border-radius: 8px; }
.verdict.bad { border-inline-start-color: var(--bad); } .verdict p { margin: .25rem 0; } .verdict p:first-child { font-size: 1.15rem; font-weight: 600; }
.facts, .note { color: var(--soft); font-size: .9rem; }
article { border: 1px solid var(--line); background: var(--card); border-radius: 8px; padding: 1rem 1.25rem; margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: .3rem 1rem; margin: .75rem 0 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.tag { display: inline-block; font-size: .75rem; font-weight: 600; text-transform: uppercase; letter-spacing: .04em; border: 1px solid currentColor; border-radius: 4px; padding: 0 .4rem; margin-inline-end: .5rem; }
.critical, .high, .worse { color: var(--bad); } .medium { color: var(--warn); } .low, .info, .same { color: var(--soft); } .better, .met { color: var(--ok); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; inline-size: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; margin-block-start: .75rem; }
th, td { text-align: end; padding: .3rem .6rem; border-block-end: 1px solid var(--line); white-space: nowrap; } th:first-child, td:first-child { text-align: start; white-space: normal; }
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

void row(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, escaped(text));
}

void add_finding(std::string& out, const Finding& finding) {
  const std::string_view severity = to_string(finding.severity);
  out += fmt::format("<article><h3><span class=\"tag {0}\">{0}</span>{1}</h3><dl>\n", severity, escaped(finding.title));
  row(out, "Figure", finding.figure);
  row(out, "Budget", finding.budget);
  for (const std::string& evidence : finding.evidence) row(out, "Evidence", evidence);
  row(out, "Cause", finding.cause);
  row(out, "Remedy", finding.remedy);
  out += "</dl></article>\n";
}

// In words, so that colour is not all that tells it.
std::pair<std::string_view, std::string_view> standing(const Figure& figure) {
  if (!figure.budget || figure.measured.count == 0) return {"", ""};
  const Budget& budget = *figure.budget;
  const auto is_over = [&](double limit) {
    return budget.is_least ? figure.measured.value < limit : figure.measured.value > limit;
  };
  if (is_over(budget.required)) return {"high", "missed"};
  return is_over(budget.limit) ? std::pair<std::string_view, std::string_view>{"medium", "over ours"}
                               : std::pair<std::string_view, std::string_view>{"met", "met"};
}

void add_figure(std::string& out, const Figure& figure) {
  const auto [kind, word] = standing(figure);
  std::string budget;
  if (figure.budget)
    budget = fmt::format("{} {} ({})", figure.budget->is_least ? "≥" : "≤", describe(figure.budget->limit, figure.unit),
                         describe(figure.budget->required, figure.unit));
  const bool is_known = figure.measured.count > 0;
  out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>\n",
                     escaped(figure.title), is_known ? describe(figure.measured.value, figure.unit) : "–",
                     interval_of(figure), budget, kind, word);
}

void add_outcome(std::string& out, const Outcome& outcome) {
  out += fmt::format("<article><h3>{}</h3>\n", escaped(outcome.title));
  if (outcome.state != State::done) {
    out += fmt::format("<p>{}: {}.</p></article>\n", outcome.state == State::skipped ? "Skipped" : "Failed",
                       escaped(outcome.why));
    return;
  }
  for (const std::string& note : outcome.notes) out += fmt::format("<p class=\"note\">{}</p>\n", escaped(note));
  if (!outcome.figures.empty()) {
    out +=
        "<div class=\"scroll\"><table><thead><tr><th>Figure</th><th>Measured</th><th>95 % interval</th><th>Budget "
        "(required)</th><th></th></tr></thead><tbody>\n";
    for (const Figure& figure : outcome.figures) add_figure(out, figure);
    out += "</tbody></table></div>\n";
  }
  for (const std::string& evidence : outcome.evidence)
    out += fmt::format("<p class=\"note\">Seen: {}</p>\n", escaped(evidence));
  out += "</article>\n";
}

void add_comparison(std::string& out, const Comparison& comparison) {
  out += fmt::format("<h2>Against the audit of {} (version {})</h2>\n<article>\n", escaped(comparison.before_at),
                     escaped(comparison.before_version));
  if (!comparison.caution.empty()) out += fmt::format("<p>{}</p>\n", escaped(comparison.caution));
  out +=
      "<p class=\"note\">Worse or better is what stands apart by more than both intervals and a tenth; the rest is "
      "noise.</p>\n<ul>\n";
  for (const std::string& title : comparison.added) out += fmt::format("<li>New: {}</li>\n", escaped(title));
  for (const std::string& title : comparison.solved) out += fmt::format("<li>Solved: {}</li>\n", escaped(title));
  out +=
      "</ul><div class=\"scroll\"><table><thead><tr><th>Figure</th><th>Before</th><th>Now</th><th></th></tr></thead>"
      "<tbody>\n";
  for (const Change& change : comparison.changes)
    out += fmt::format("<tr><td>{}: {}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>\n",
                       escaped(change.scenario), escaped(change.title), describe(change.before.value, change.unit),
                       describe(change.now.value, change.unit), to_string(change.verdict), to_string(change.verdict));
  out += "</tbody></table></div></article>\n";
}

}  // namespace

std::string to_html(const Report& report) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><title>Audit of Atelier {}</title><style>{}</style></head><body>"
      "<main>\n<h1>Audit of Atelier {}</h1>\n",
      escaped(report.version), kStyle, escaped(report.version));
  out += fmt::format("<div class=\"verdict{}\">\n", is_met(report.outcomes) ? "" : " bad");
  for (const std::string& sentence : summary_of(report)) out += fmt::format("<p>{}</p>\n", escaped(sentence));
  out += fmt::format("</div>\n<p class=\"facts\">Made {} of a studio {}, {}; {} cores, {} of memory.</p>\n",
                     format_rfc3339(report.made_ms),
                     report.studio == "own"     ? "started for it"
                     : report.studio == "local" ? "on this machine"
                                                : "elsewhere",
                     escaped(report.mode), report.core_count,
                     describe(static_cast<double>(report.memory_bytes), Unit::bytes));
  out += "<h2>Findings</h2>\n";
  const std::vector<Finding> findings = findings_of(report.outcomes);
  if (findings.empty()) out += "<p>None.</p>\n";
  for (const Finding& finding : findings) add_finding(out, finding);
  if (report.comparison) add_comparison(out, *report.comparison);
  out += "<h2>Scenarios</h2>\n";
  for (const Outcome& outcome : report.outcomes) add_outcome(out, outcome);
  out += "</main></body></html>\n";
  return out;
}

}  // namespace atelier::app::audit

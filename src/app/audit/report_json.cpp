#include <fmt/format.h>

#include "app/audit/report.hpp"
#include "base/time_text.hpp"

namespace atelier::app::audit {
namespace {

json::Array texts(const std::vector<std::string>& all) {
  json::Array array;
  for (const std::string& one : all) array.emplace_back(one);
  return array;
}

json::Object measured_json(const Measured& measured) {
  return {{"value", measured.value}, {"low", measured.low}, {"high", measured.high}, {"count", measured.count}};
}

json::Object finding_json(const Finding& finding) {
  return {{"id", finding.id},         {"severity", to_string(finding.severity)},
          {"title", finding.title},   {"figure", finding.figure},
          {"budget", finding.budget}, {"evidence", texts(finding.evidence)},
          {"cause", finding.cause},   {"remedy", finding.remedy}};
}

json::Object figure_json(const Figure& figure) {
  json::Object object{{"id", figure.id},
                      {"title", figure.title},
                      {"unit", to_string(figure.unit)},
                      {"measured", measured_json(figure.measured)}};
  object["budget"] = figure.budget ? json::Value(json::Object{{"limit", figure.budget->limit},
                                                              {"required", figure.budget->required},
                                                              {"is_least", figure.budget->is_least}})
                                   : json::Value();
  return object;
}

json::Object outcome_json(const Outcome& outcome) {
  json::Array figures;
  for (const Figure& figure : outcome.figures) figures.push_back(figure_json(figure));
  return {{"name", outcome.name},
          {"title", outcome.title},
          {"state", to_string(outcome.state)},
          {"why", outcome.why},
          {"seconds", outcome.seconds},
          {"figures", std::move(figures)},
          {"notes", texts(outcome.notes)},
          {"evidence", texts(outcome.evidence)}};
}

json::Object change_json(const Change& change) {
  return {{"scenario", change.scenario},
          {"id", change.id},
          {"title", change.title},
          {"unit", to_string(change.unit)},
          {"before", measured_json(change.before)},
          {"now", measured_json(change.now)},
          {"verdict", to_string(change.verdict)}};
}

}  // namespace

std::string_view to_string(Change::Verdict verdict) noexcept {
  switch (verdict) {
    case Change::Verdict::better:
      return "better";
    case Change::Verdict::worse:
      return "worse";
    case Change::Verdict::same:
      break;
  }
  return "same";
}

json::Value to_json(const Report& report) {
  json::Array findings, outcomes;
  for (const Finding& finding : findings_of(report.outcomes)) findings.push_back(finding_json(finding));
  for (const Outcome& outcome : report.outcomes) outcomes.push_back(outcome_json(outcome));
  json::Object object{{"format", "atelier-audit-1"},
                      {"version", report.version},
                      {"made_at", format_rfc3339(report.made_ms)},
                      {"studio", report.studio},
                      {"mode", report.mode},
                      {"cores", report.core_count},
                      {"memory_bytes", report.memory_bytes},
                      {"is_met", is_met(report.outcomes)},
                      {"summary", texts(summary_of(report))},
                      {"findings", std::move(findings)},
                      {"scenarios", std::move(outcomes)}};
  if (report.comparison) {
    json::Array changes;
    for (const Change& change : report.comparison->changes) changes.push_back(change_json(change));
    object["comparison"] = json::Object{
        {"before_at", report.comparison->before_at},  {"before_version", report.comparison->before_version},
        {"caution", report.comparison->caution},      {"changes", std::move(changes)},
        {"solved", texts(report.comparison->solved)}, {"added", texts(report.comparison->added)}};
  }
  return object;
}

std::vector<std::string> summary_of(const Report& report) {
  std::size_t done = 0, skipped = 0, budgets = 0;
  for (const Outcome& outcome : report.outcomes) {
    done += outcome.state == State::done ? 1 : 0;
    skipped += outcome.state == State::skipped ? 1 : 0;
    for (const Figure& figure : outcome.figures) budgets += figure.budget && figure.measured.count > 0 ? 1 : 0;
  }
  const std::vector<Finding> findings = findings_of(report.outcomes);
  std::size_t serious = 0, medium = 0;
  for (const Finding& finding : findings) {
    serious += finding.severity <= Severity::high ? 1 : 0;
    medium += finding.severity == Severity::medium ? 1 : 0;
  }
  std::vector<std::string> said;
  said.push_back(serious == 0 ? "The objectives are met: nothing that was looked at harms whoever uses this studio."
                              : fmt::format("The objectives are not met: {} finding{} to see to first.", serious,
                                            serious == 1 ? " is" : "s are"));
  said.push_back(fmt::format("{} of {} scenarios were carried out, and {} figures were held against a budget.", done,
                             report.outcomes.size(), budgets));
  if (medium > 0)
    said.push_back(
        medium == 1
            ? std::string("1 figure or setting is worth improving: it misses our own, tighter aims, or may hurt "
                          "some day.")
            : fmt::format("{} figures or settings are worth improving: they miss our own, tighter aims, or "
                          "may hurt some day.",
                          medium));
  if (skipped > 0)
    said.push_back(fmt::format("{} skipped; each says why below.",
                               skipped == 1 ? "One scenario was" : fmt::format("{} scenarios were", skipped)));
  if (!findings.empty()) said.push_back("First of all: " + findings.front().title + ".");
  return said;
}

}  // namespace atelier::app::audit

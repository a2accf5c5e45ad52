#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/audit/report.hpp"
#include "app/json_fields.hpp"

namespace atelier::app::audit {
namespace {

// Two runs differ by more than what one of them knows of itself: neighbours, clocks, caches. Less than this is no
// change even where the intervals stand apart.
constexpr double kShareMin = 0.10;

const json::Value* at(const json::Value& object, std::string_view name) {
  return object.is_object() ? object.get_object().if_contains(name) : nullptr;
}

double number_at(const json::Value& object, std::string_view name) {
  const json::Value* value = at(object, name);
  boost::json::error_code ec;
  const double number = value != nullptr ? value->to_number<double>(ec) : 0;
  return ec ? 0 : number;
}

Measured measured_of(const json::Value& value) {
  return {.value = number_at(value, "value"),
          .low = number_at(value, "low"),
          .high = number_at(value, "high"),
          .count = static_cast<std::uint64_t>(number_at(value, "count"))};
}

bool is_more_better(const Figure& figure) {
  return (figure.budget && figure.budget->is_least) || figure.unit == Unit::per_second || figure.id == "speed";
}

Change::Verdict judge(const Figure& figure, const Measured& before) {
  const Measured& now = figure.measured;
  // What reads the same is the same: of a share of 1 rounding alone is missing.
  if (describe(now.value, figure.unit) == describe(before.value, figure.unit)) return Change::Verdict::same;
  const bool is_apart = now.low > before.high || now.high < before.low;
  const double larger = std::max(std::abs(now.value), std::abs(before.value));
  // Of shares near one what is missing of them counts.
  const double base = figure.unit == Unit::share && larger > 0.5 ? std::max(1 - now.value, 1 - before.value) : larger;
  if (!is_apart || std::abs(now.value - before.value) < kShareMin * base) return Change::Verdict::same;
  return (now.value > before.value) == is_more_better(figure) ? Change::Verdict::better : Change::Verdict::worse;
}

const json::Value* find_named(const json::Value* list, std::string_view field, std::string_view name) {
  if (list == nullptr || !list->is_array()) return nullptr;
  for (const json::Value& one : list->get_array())
    if (text_at(one, field) == name) return &one;
  return nullptr;
}

// Whether what was found before was looked for again. A figure's finding is by the figure's name.
bool is_looked_for(std::string_view finding, const json::Value& before, const Report& now) {
  const std::size_t dot = std::min(finding.find('.'), finding.size());
  const std::string_view scenario = finding.substr(0, dot), figure = finding.substr(std::min(dot + 1, finding.size()));
  const auto outcome = std::ranges::find(now.outcomes, scenario, &Outcome::name);
  if (outcome == now.outcomes.end() || outcome->state != State::done) return false;
  const json::Value* const earlier = find_named(at(before, "scenarios"), "name", scenario);
  if (earlier == nullptr || find_named(at(*earlier, "figures"), "id", figure) == nullptr) return true;
  const auto measured = std::ranges::find(outcome->figures, figure, &Figure::id);
  return measured != outcome->figures.end() && measured->measured.count > 0;
}

}  // namespace

Result<Comparison> compare(const json::Value& before, const Report& now) {
  if (text_at(before, "format") != "atelier-audit-1")
    return fail(ErrorCode::invalid_argument, "the report to compare with is no audit of atelier's: its JSON is needed",
                {.reason = "usage", .where = "--compare"});
  Comparison comparison{.before_at = text_at(before, "made_at"),
                        .before_version = text_at(before, "version"),
                        .changes = {},
                        .solved = {},
                        .added = {},
                        .caution = {}};
  if (text_at(before, "mode") != now.mode)
    comparison.caution =
        fmt::format("The earlier audit was another one ({}), so that load and length differ.", text_at(before, "mode"));
  else if (integer_at(before, "cores") != now.core_count)
    comparison.caution = "The earlier audit was made on another machine.";
  for (const Outcome& outcome : now.outcomes) {
    const json::Value* const earlier = find_named(at(before, "scenarios"), "name", outcome.name);
    if (earlier == nullptr) continue;
    for (const Figure& figure : outcome.figures) {
      const json::Value* const old = find_named(at(*earlier, "figures"), "id", figure.id);
      const json::Value* const measured = old != nullptr ? at(*old, "measured") : nullptr;
      if (measured == nullptr || figure.measured.count == 0) continue;
      Change change{.scenario = outcome.title,
                    .id = figure.id,
                    .title = figure.title,
                    .unit = figure.unit,
                    .before = measured_of(*measured),
                    .now = figure.measured};
      if (change.before.count == 0) continue;
      change.verdict = judge(figure, change.before);
      comparison.changes.push_back(std::move(change));
    }
  }
  std::ranges::stable_sort(comparison.changes, {}, [](const Change& change) {
    return change.verdict == Change::Verdict::worse ? 0 : change.verdict == Change::Verdict::better ? 1 : 2;
  });
  const std::vector<Finding> findings = findings_of(now.outcomes);
  for (const Finding& finding : findings)
    if (find_named(at(before, "findings"), "id", finding.id) == nullptr) comparison.added.push_back(finding.title);
  if (const json::Value* const old = at(before, "findings"); old != nullptr && old->is_array())
    for (const json::Value& one : old->get_array()) {
      const std::string id = text_at(one, "id");
      if (std::ranges::find(findings, id, &Finding::id) == findings.end() && is_looked_for(id, before, now))
        comparison.solved.push_back(text_at(one, "title"));
    }
  return comparison;
}

}  // namespace atelier::app::audit

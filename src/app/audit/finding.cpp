#include "app/audit/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace atelier::app::audit {
namespace {

constexpr std::array<std::string_view, 5> kSeverities = {"critical", "high", "medium", "low", "info"};
constexpr std::array<std::string_view, 7> kUnits = {"milliseconds", "share",   "bytes",     "bytes_per_minute",
                                                    "count",        "seconds", "per_second"};
constexpr std::array<std::string_view, 3> kStates = {"done", "skipped", "failed"};

std::string sized(double bytes) {
  const double size = std::abs(bytes);
  if (size < 1024) return fmt::format("{:.0f} B", bytes);
  if (size < 1024 * 1024) return fmt::format("{:.1f} KiB", bytes / 1024);
  if (size < 1024.0 * 1024 * 1024) return fmt::format("{:.1f} MiB", bytes / (1024 * 1024));
  return fmt::format("{:.1f} GiB", bytes / (1024.0 * 1024 * 1024));
}

bool is_over(double value, double limit, bool is_least) { return is_least ? value < limit : value > limit; }

// Nothing where the figure is within both limits.
std::optional<Finding> judge(const Outcome& outcome, const Figure& figure) {
  if (!figure.budget || figure.measured.count == 0) return std::nullopt;
  const Budget& budget = *figure.budget;
  const double value = figure.measured.value;
  const bool is_required = is_over(value, budget.required, budget.is_least);
  if (!is_required && !is_over(value, budget.limit, budget.is_least)) return std::nullopt;
  const std::string_view bound = budget.is_least ? "at least" : "at most";
  const std::string interval = interval_of(figure);
  Finding finding{
      .id = fmt::format("{}.{}", outcome.name, figure.id),
      .severity = is_required ? Severity::high : Severity::medium,
      .title = fmt::format("{}: {} is {}, {} {}", outcome.title, figure.title, describe(value, figure.unit), bound,
                           describe(is_required ? budget.required : budget.limit, figure.unit)),
      .figure = describe(value, figure.unit) + (interval.empty() ? "" : fmt::format(" (95 % sure of {})", interval)),
      .budget = fmt::format("{} {}; {} is required", bound, describe(budget.limit, figure.unit),
                            describe(budget.required, figure.unit)),
      .evidence = outcome.evidence,
      .cause = figure.cause,
      .remedy = figure.remedy};
  return finding;
}

}  // namespace

std::string_view to_string(Severity severity) noexcept { return kSeverities[static_cast<std::size_t>(severity)]; }
std::string_view to_string(Unit unit) noexcept { return kUnits[static_cast<std::size_t>(unit)]; }
std::string_view to_string(State state) noexcept { return kStates[static_cast<std::size_t>(state)]; }

std::optional<Severity> parse_severity(std::string_view text) noexcept {
  const auto found = std::ranges::find(kSeverities, text);
  if (found == kSeverities.end()) return std::nullopt;
  return static_cast<Severity>(found - kSeverities.begin());
}

std::string describe(double value, Unit unit) {
  switch (unit) {
    case Unit::milliseconds:
      return std::abs(value) < 10 ? fmt::format("{:.2f} ms", value) : fmt::format("{:.0f} ms", value);
    case Unit::share:
      return fmt::format("{:.2f} %", value * 100);
    case Unit::bytes:
      return sized(value);
    case Unit::bytes_per_minute:
      return sized(value) + " a minute";
    case Unit::seconds:
      return fmt::format("{:.1f} s", value);
    case Unit::per_second:
      return fmt::format("{:.1f} a second", value);
    case Unit::count:
      break;
  }
  if (std::abs(value) < 1e-6) return "0";  // a slope that is all rounding
  return std::floor(value) == value || std::abs(value) >= 100 ? fmt::format("{:.0f}", value)
                                                              : fmt::format("{:.3g}", value);
}

std::string interval_of(const Figure& figure) {
  if (figure.measured.count == 0) return {};
  std::string low = describe(figure.measured.low, figure.unit);
  const std::string high = describe(figure.measured.high, figure.unit);
  return low == high ? std::string() : low + " to " + high;
}

std::string title_of_call(std::string_view kind) {
  using Title = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Title, 8> kTitles = {
      Title{"threads", "the list of threads"}, {"history", "reading a thread"},     {"models", "the list of models"},
      {"send", "sending a message"},           {"begin", "beginning a picture"},    {"list", "the list of pictures"},
      {"one", "how a picture does"},           {"library", "a page of the library"}};
  const auto found = std::ranges::find(kTitles, kind, &Title::first);
  return std::string(found == kTitles.end() ? kind : found->second);
}

std::vector<Finding> findings_of(const std::vector<Outcome>& outcomes) {
  std::vector<Finding> all;
  for (const Outcome& outcome : outcomes) {
    if (outcome.state == State::failed)
      all.push_back({.id = outcome.name + ".failed",
                     .severity = Severity::high,
                     .title = fmt::format("{} could not be carried out", outcome.title),
                     .evidence = {outcome.why},
                     .cause = "The studio refused or did not answer what the scenario needs.",
                     .remedy = "Look at the studio's log for the time of the audit, then run this scenario alone with "
                               "--scenario " +
                               outcome.name + "."});
    for (const Figure& figure : outcome.figures)
      if (auto finding = judge(outcome, figure)) all.push_back(std::move(*finding));
    all.insert(all.end(), outcome.findings.begin(), outcome.findings.end());
  }
  std::ranges::stable_sort(all, {}, &Finding::severity);
  return all;
}

bool is_met(const std::vector<Outcome>& outcomes) {
  return std::ranges::none_of(findings_of(outcomes),
                              [](const Finding& finding) { return finding.severity <= Severity::high; });
}

}  // namespace atelier::app::audit

#include "watch/objective/objectives.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "watch/objective/build_id.hpp"
#include "watch/objective/change.hpp"
#include "watch/objective/event_windows.hpp"
#include "watch/objective/meter.hpp"
#include "watch/objective/starts.hpp"

namespace atelier::watch {
namespace {

using std::chrono::seconds;

// Who has just started the studio does not wait ten seconds for the first figures.
constexpr seconds kEvaluateEvery{10}, kEvaluateEveryAtFirst{1};
constexpr int kFirstEvaluations = 30;
constexpr std::chrono::minutes kCompareEvery{5};
constexpr seconds kObjectiveWindow = std::chrono::hours(24 * 30);
constexpr std::size_t kMarksTold = 100;
// Half an hour each.
constexpr std::size_t kTrendPoints = 48, kTrendPointsMin = 4;
// Versions are compared over at most this long, by points of five minutes; with less than half an hour of either there
// is nothing to say.
constexpr seconds kVersionSpanMax = std::chrono::hours(24 * 6);
constexpr std::size_t kVersionPointsMin = 6;
// Of one question to the history.
constexpr seconds kLearnPiece = std::chrono::hours(24 * 10);

constexpr std::string_view kEventLabels[] = {"objective", "outcome"};
constexpr std::string_view kObjectiveLabels[] = {"objective"};
constexpr std::string_view kBudgetLabels[] = {"budget"};
constexpr Metric kObjectiveEvents{"atelier_objective_events_total", MetricKind::counter,
                                  "Events that an objective is about, good and bad", kEventLabels};
constexpr Metric kBudgetLeft{"atelier_objective_budget_left_ratio", MetricKind::gauge,
                             "Of an objective's error budget of 30 days, what is left; below 0 it is overspent",
                             kObjectiveLabels};
constexpr Metric kBudgetValue{"atelier_budget_value", MetricKind::gauge,
                              "A budgeted figure of the last minutes, in its own unit", kBudgetLabels};

BudgetVerdict verdict_of(const std::optional<double>& value, double limit) {
  if (!value) return BudgetVerdict::no_data;
  return *value <= limit ? BudgetVerdict::pass : BudgetVerdict::fail;
}

double left_of(const EventCounts& counts, double target) {
  return counts.all() > 0 ? 1 - counts.bad / (counts.all() * (1 - target)) : 1;
}

std::optional<double> good_share(const EventCounts& counts) {
  if (counts.all() <= 0) return std::nullopt;
  return counts.good / counts.all();
}

std::string events_labels(const std::string& objective, std::string_view outcome) {
  return "objective=\"" + objective + "\",outcome=\"" + std::string(outcome) + "\"";
}

}  // namespace

std::string_view to_string(BudgetVerdict verdict) noexcept {
  constexpr std::string_view kNames[] = {"no_data", "pass", "fail"};
  return kNames[static_cast<std::size_t>(verdict)];
}

class Objectives::Room {
 public:
  Room(const Parts& parts, ObjectiveDefinitions definitions)
      : parts_(parts), definitions_(std::move(definitions)), starts_(parts.telemetry), meter_(definitions_) {
    for (const ObjectiveDefinition& one : definitions_.objectives)
      objectives_.push_back({.good = parts.metrics.counter(kObjectiveEvents, {one.name, "good"}),
                             .bad = parts.metrics.counter(kObjectiveEvents, {one.name, "bad"}),
                             .left = parts.metrics.gauge(kBudgetLeft, {one.name}),
                             .windows = {},
                             .counted = {},
                             .state = first_state(one)});
    for (const BudgetDefinition& one : definitions_.budgets) {
      budgets_.push_back({.value = parts.metrics.gauge(kBudgetValue, {one.name}),
                          .window = FigureWindow(one.stat),
                          .state = first_state(one)});
      budgets_.back().value.set(std::numeric_limits<double>::quiet_NaN());
    }
  }

  Task<Result<>> mark_start();
  Task<Result<>> learn_events();
  void evaluate();
  bool check_metrics() const;
  Task<Result<>> compare_trends();
  Task<Result<>> compare_versions();

  std::vector<ObjectiveState> states() const {
    const std::lock_guard lock(mutex_);
    std::vector<ObjectiveState> all;
    for (const Objective& one : objectives_) all.push_back(one.state);
    return all;
  }
  std::vector<BudgetState> budgets() const {
    const std::lock_guard lock(mutex_);
    std::vector<BudgetState> all;
    for (const Budget& one : budgets_) all.push_back(one.state);
    return all;
  }
  std::vector<DeployMark> marks() const {
    const std::lock_guard lock(mutex_);
    return marks_;
  }

 private:
  struct Objective {
    Counter &good, &bad;
    Gauge& left;
    EventWindows windows;
    EventCounts counted;  // in the registry, when it was looked at last
    ObjectiveState state;
  };
  struct Budget {
    Gauge& value;
    FigureWindow window;
    BudgetState state;
  };
  static ObjectiveState first_state(const ObjectiveDefinition& one) {
    ObjectiveState state;
    state.name = one.name;
    state.title = one.title;
    state.target = one.target;
    state.required = one.required;
    state.window = kObjectiveWindow;
    for (std::size_t i = 0; i < kBurnWindows.size(); ++i) state.burns[i].window = kBurnWindows[i];
    return state;
  }
  static BudgetState first_state(const BudgetDefinition& one) {
    BudgetState state;
    state.name = one.name;
    state.title = one.title;
    state.unit = one.unit;
    state.limit = one.limit;
    state.required = one.required;
    return state;
  }
  void judge(Objective& one, std::int64_t now) const;
  Task<Result<>> learn_ring(std::size_t ring, UnixMs from_ms, UnixMs to_ms);
  Task<Result<History::Answer>> read_budgets(UnixMs from_ms, UnixMs to_ms, std::size_t points);
  std::int64_t wall_seconds() const { return parts_.clock.wall_ms() / 1000; }

  const Parts parts_;
  const ObjectiveDefinitions definitions_;
  Starts starts_;
  const Meter meter_;
  mutable std::mutex mutex_;  // of all below
  std::vector<Objective> objectives_;
  std::vector<Budget> budgets_;
  std::vector<DeployMark> marks_;
};

Task<Result<>> Objectives::Room::mark_start() {
  DeployMark mark{
      .time_ms = parts_.clock.wall_ms(), .version = std::string(kVersion), .build = build_id(), .is_new = false};
  auto added = co_await starts_.add(std::move(mark));
  if (!added) co_return added;
  auto marks = co_await starts_.read(kMarksTold);
  if (!marks) co_return error_of(marks);
  const std::lock_guard lock(mutex_);
  marks_ = std::move(*marks);
  co_return Result<>{};
}

Task<Result<>> Objectives::Room::learn_events() {
  if (definitions_.objectives.empty()) co_return Result<>{};
  const UnixMs now_ms = parts_.clock.wall_ms();
  for (std::size_t ring = 0; ring < EventWindows::kRings.size(); ++ring) {
    // A step more than there is in the history's tier before: this is read of its own.
    const EventWindows::Ring& one = EventWindows::kRings[ring];
    const UnixMs begin_ms = now_ms - std::chrono::milliseconds(one.span + one.step).count();
    const UnixMs piece_ms = std::chrono::milliseconds(kLearnPiece).count();
    for (UnixMs from_ms = std::max<UnixMs>(0, begin_ms); from_ms < now_ms; from_ms += piece_ms) {
      auto learned = co_await learn_ring(ring, from_ms, std::min(from_ms + piece_ms, now_ms));
      if (!learned) co_return learned;
    }
  }
  co_return Result<>{};
}

// Of rates, over the time of a point each, are events again.
Task<Result<>> Objectives::Room::learn_ring(std::size_t ring, UnixMs from_ms, UnixMs to_ms) {
  History::Query query{.figures = {}, .from_ms = from_ms, .to_ms = to_ms, .points_max = History::kPointsMax};
  for (const ObjectiveDefinition& one : definitions_.objectives)
    for (const std::string_view outcome : {"good", "bad"})
      query.figures.push_back({std::string(kObjectiveEvents.name), events_labels(one.name, outcome), Stat::rate});
  auto answer = co_await parts_.history.read(std::move(query));
  if (!answer) co_return error_of(answer);
  const double step_s = std::chrono::duration<double>(answer->step).count();
  const std::lock_guard lock(mutex_);
  for (std::size_t line = 0; line < answer->lines.size(); ++line) {
    const std::vector<float>& points = answer->lines[line].points;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (std::isnan(points[i]) || points[i] <= 0) continue;
      const double count = points[i] * step_s;
      const std::int64_t second = (answer->from_ms + static_cast<std::int64_t>(i) * answer->step.count()) / 1000;
      const EventCounts counts =
          line % 2 == 0 ? EventCounts{.good = count, .bad = 0} : EventCounts{.good = 0, .bad = count};
      objectives_[line / 2].windows.add_to(ring, second, counts);
    }
  }
  co_return Result<>{};
}

void Objectives::Room::evaluate() {
  const Meter::Reading reading = meter_.read(parts_.metrics);
  const std::int64_t now = wall_seconds();
  const std::int64_t steady = std::chrono::duration_cast<seconds>(parts_.clock.now().time_since_epoch()).count();
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < objectives_.size(); ++i) {
    Objective& one = objectives_[i];
    const EventCounts& is = reading.objectives[i];
    // What counts less than before has begun anew.
    const EventCounts came{.good = is.good < one.counted.good ? is.good : is.good - one.counted.good,
                           .bad = is.bad < one.counted.bad ? is.bad : is.bad - one.counted.bad};
    one.counted = is;
    one.windows.add(now, came);
    one.good.add(static_cast<std::uint64_t>(std::llround(came.good)));
    one.bad.add(static_cast<std::uint64_t>(std::llround(came.bad)));
    judge(one, now);
  }
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    Budget& one = budgets_[i];
    one.window.add(steady, reading.budgets[i]);
    one.value.set(one.window.recent().value_or(std::numeric_limits<double>::quiet_NaN()));
    one.state.value = one.window.hour();
    one.state.verdict = verdict_of(one.state.value, one.state.limit);
    one.state.required_verdict = verdict_of(one.state.value, one.state.required);
  }
}

// Says once what is counted and is no metric, where all parts have told what they measure: the last is the server, with
// its first request. False: it has not.
bool Objectives::Room::check_metrics() const {
  std::vector<std::string_view> known;
  for (const Metric* metric : parts_.metrics.declared()) known.push_back(metric->name);
  if (std::ranges::find(known, "atelier_http_requests_total") == known.end()) return false;
  for (const auto& [of, metric, meant] : definitions_.unknown_metrics(known))
    log::warn("there is no metric that an objective or budget counts",
              {{"of", of}, {"metric", metric}, {"meant", meant}});
  return true;
}

void Objectives::Room::judge(Objective& one, std::int64_t now) const {
  ObjectiveState& state = one.state;
  const EventCounts all = one.windows.sum(state.window, now);
  state.event_count = all.all();
  state.bad_count = all.bad;
  state.share = good_share(all);
  state.share_hour = good_share(one.windows.sum(std::chrono::hours(1), now));
  state.budget_left = left_of(all, state.target);
  state.required_budget_left = left_of(all, state.required);
  for (Burn& burn : state.burns) {
    const EventCounts counts = one.windows.sum(burn.window, now);
    burn.event_count = counts.all();
    burn.bad_count = counts.bad;
    burn.rate = counts.all() > 0 ? std::optional(counts.bad / counts.all() / (1 - state.target)) : std::nullopt;
  }
  one.left.set(state.budget_left);
  const std::optional<double> rate = state.burn(std::chrono::hours(6)).rate;
  state.spent_in = std::nullopt;
  if (state.budget_left <= 0)
    state.spent_in = seconds(0);
  else if (rate && *rate > 0)
    state.spent_in = std::chrono::duration_cast<seconds>(
        std::chrono::duration<double>(static_cast<double>(state.window.count()) * state.budget_left / *rate));
}

Task<Result<History::Answer>> Objectives::Room::read_budgets(UnixMs from_ms, UnixMs to_ms, std::size_t points) {
  History::Query query{.figures = {}, .from_ms = from_ms, .to_ms = to_ms, .points_max = points};
  for (const BudgetDefinition& one : definitions_.budgets)
    query.figures.push_back({std::string(kBudgetValue.name), "budget=\"" + one.name + "\"", Stat::value});
  return parts_.history.read(std::move(query));
}

Task<Result<>> Objectives::Room::compare_trends() {
  if (definitions_.budgets.empty()) co_return Result<>{};
  const UnixMs half_hour_ms = std::chrono::milliseconds(std::chrono::minutes(30)).count();
  // Ends with the half hour that is not over.
  const UnixMs to_ms = (parts_.clock.wall_ms() / half_hour_ms + 1) * half_hour_ms;
  const UnixMs from_ms = to_ms - static_cast<UnixMs>(2 * kTrendPoints) * half_hour_ms;
  auto answer = co_await read_budgets(from_ms, to_ms, 2 * kTrendPoints);
  if (!answer) co_return error_of(answer);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    std::vector<float> points = answer->lines[i].points;
    points.resize(2 * kTrendPoints, std::numeric_limits<float>::quiet_NaN());
    const std::span<const float> all(points);
    budgets_[i].state.trend = change_of(all.first(kTrendPoints), all.last(kTrendPoints), kTrendPointsMin);
    budgets_[i].state.points.assign(points.begin() + kTrendPoints, points.end());
  }
  co_return Result<>{};
}

Task<Result<>> Objectives::Room::compare_versions() {
  const std::optional<UnixMs> since = running_since(marks());
  if (!since || definitions_.budgets.empty()) co_return Result<>{};
  const UnixMs step_ms = std::chrono::milliseconds(kTiers.back().step).count();
  const UnixMs longest_ms = std::chrono::milliseconds(kVersionSpanMax).count();
  // The first days of what runs, and as many of what ran before it. The point in which one ended and the other began is
  // left out.
  const auto count = static_cast<std::size_t>(std::min(parts_.clock.wall_ms() - *since, longest_ms) / step_ms);
  if (count < kVersionPointsMin) co_return Result<>{};
  const UnixMs begin_ms = *since / step_ms * step_ms;
  const UnixMs length_ms = static_cast<UnixMs>(count) * step_ms;
  auto answer = co_await read_budgets(begin_ms - length_ms, begin_ms + length_ms, 2 * count);
  if (!answer) co_return error_of(answer);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    BudgetState& state = budgets_[i].state;
    std::vector<float> points = answer->lines[i].points;
    points.resize(2 * count, std::numeric_limits<float>::quiet_NaN());
    const std::span<const float> all(points);
    const std::span<const float> before = all.first(count), now = all.subspan(count + 1);
    state.since_version = change_of(before, now, kVersionPointsMin - 1);
    state.is_regressed = state.since_version && is_worse(before, now, *state.since_version);
  }
  co_return Result<>{};
}

Objectives::Objectives(Parts parts, ObjectiveDefinitions definitions)
    : room_(std::make_unique<Room>(parts, std::move(definitions))) {}
Objectives::~Objectives() = default;

Task<Result<>> Objectives::begin() {
  auto marked = co_await room_->mark_start();
  if (!marked) log::warn("the start was not marked", {{"error", marked.error().describe()}});
  co_return co_await room_->learn_events();
}

void Objectives::evaluate() { room_->evaluate(); }

Task<Result<>> Objectives::compare() {
  auto done = co_await room_->compare_trends();
  if (!done) co_return done;
  co_return co_await room_->compare_versions();
}

Task<Result<>> Objectives::run() {
  auto begun = co_await begin();
  if (!begun) log::warn("what was before the start is not known", {{"error", begun.error().describe()}});
  auto compare_at = std::chrono::steady_clock::now();
  bool is_checked = false;
  for (int count = 0;; ++count) {
    evaluate();
    if (std::chrono::steady_clock::now() >= compare_at) {
      compare_at = std::chrono::steady_clock::now() + kCompareEvery;
      auto compared = co_await compare();
      if (!compared) log::warn("budgets were not compared with before", {{"error", compared.error().describe()}});
    }
    if (!is_checked && count >= kFirstEvaluations) is_checked = room_->check_metrics();
    const seconds pause = count < kFirstEvaluations ? kEvaluateEveryAtFirst : kEvaluateEvery;
    auto slept = co_await sleep_for(pause);
    if (!slept) co_return Result<>{};
  }
}

std::vector<ObjectiveState> Objectives::states() const { return room_->states(); }
std::vector<BudgetState> Objectives::budgets() const { return room_->budgets(); }
std::vector<DeployMark> Objectives::marks() const { return room_->marks(); }

}  // namespace atelier::watch

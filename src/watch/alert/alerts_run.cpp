// What alerts do by themselves: looking, keeping, telling.
#include <cmath>
#include <utility>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "watch/alert/alerts_parts.hpp"
#include "watch/alert/rows.hpp"

namespace atelier::watch {
namespace {

constexpr std::int64_t kLatelyMax = 400, kTrimSlice = 200;
constexpr std::chrono::minutes kTrimEvery{10}, kPointsBefore{15}, kTracesBefore{5};
constexpr std::size_t kEvidencePoints = 90;
constexpr std::chrono::seconds kEvidenceAfter{3};

// Its evidence is not whole yet.
bool lacks_traces(const Alert& alert) {
  return alert.state == AlertState::firing && alert.evidence.is_object() &&
         !alert.evidence.get_object().contains("traces");
}

std::int64_t ms_of(std::chrono::milliseconds length) { return length.count(); }

}  // namespace

Task<Result<>> Alerts::run() {
  const Executor executor = co_await current_executor();
  for (;;) {
    auto loaded = co_await load();
    if (loaded) break;
    log::warn("alerts of before are not known yet", {{"error", loaded.error().describe()}});
    auto slept = co_await sleep_for(options_.survey_every);
    if (!slept) co_return Result<>{};
  }
  TaskGroup group(executor, {.stops_on_error = false});
  for (const auto& way : ways_) {
    way->has_more.emplace(executor);
    group.spawn(tell_on(way.get()));
  }
  group.spawn(watch());
  group.spawn(survey_on());
  group.spawn(store_on());
  (void)co_await group.join();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_return co_await store();
}

Task<Result<>> Alerts::watch() {
  for (;;) {
    auto slept = co_await sleep_for(options_.look_every);
    if (!slept) co_return Result<>{};
    if (look())
      for (const auto& way : ways_) way->has_more->notify_all();
  }
}

Task<Result<>> Alerts::survey() {
  if (parts_.disk) {
    using Answer = Result<std::optional<DiskSpace>>;
    std::function<Answer(std::size_t)> ask = [this](std::size_t) { return Answer(parts_.disk()); };
    auto disk = co_await store::run_in(&pool_, std::move(ask));
    const std::lock_guard lock(mutex_);
    disk_ = disk ? *disk : std::nullopt;
  }
  if (parts_.queues) {
    auto queues = co_await parts_.queues();
    if (!queues) co_return error_of(queues);
    const std::lock_guard lock(mutex_);
    queues_ = std::move(*queues);
  }
  co_return Result<>{};
}

Task<Result<>> Alerts::survey_on() {
  for (;;) {
    // What cannot be asked now is asked again; the last that was known goes on.
    (void)co_await survey();
    auto slept = co_await sleep_for(options_.survey_every);
    if (!slept) co_return Result<>{};
  }
}

Task<Result<>> Alerts::load() {
  const AlertBook::Now at = now();
  std::vector<store::Statement> batch;
  batch.push_back(alert_rows::lately(at.wall_ms - ms_of(options_.book.same_within), kLatelyMax));
  batch.push_back(alert_rows::silences(static_cast<std::int64_t>(options_.silences_max)));
  auto tables = co_await parts_.telemetry.read_all(std::move(batch));
  if (!tables) co_return error_of(tables);
  const std::lock_guard lock(mutex_);
  for (Alert& alert : alert_rows::read((*tables)[0])) book_.restore(std::move(alert), at);
  silences_ = alert_rows::read_silences((*tables)[1]);
  co_return Result<>{};
}

Task<Result<>> Alerts::add_evidence(Alert* alert) {
  if (!lacks_traces(*alert)) co_return Result<>{};
  json::Array traces, slowest;
  if (parts_.traces) {
    // What held a loop, or was slow, ends after it: what is written by now is of a few seconds later.
    auto found = co_await parts_.traces(alert->last_ms - ms_of(kTracesBefore), parts_.clock.wall_ms() + 1);
    if (found) {
      for (const std::string& trace : found->failed) traces.push_back(json::Value(trace));
      for (const AlertTraces::Slow& slow : found->slowest)
        slowest.push_back(json::Object{{"trace", slow.trace}, {"name", slow.name}, {"took_us", slow.took_us}});
    }
  }
  alert->evidence.get_object()["traces"] = std::move(traces);
  alert->evidence.get_object()["slow_traces"] = std::move(slowest);
  // The figure that shows it, before it fired.
  auto figure = FigureName::parse(alert->figure);
  if (!figure) co_return Result<>{};
  History::Query query;
  query.figures.push_back(std::move(*figure));
  query.from_ms = alert->last_ms - ms_of(kPointsBefore);
  query.to_ms = alert->last_ms + 1'000;
  query.points_max = kEvidencePoints;
  auto answer = co_await parts_.history.read(std::move(query));
  if (!answer) co_return error_of(answer);
  json::Array points;
  for (const float point : answer->lines.front().points)
    points.push_back(std::isnan(point) ? json::Value() : json::Value(static_cast<double>(point)));
  json::Object& evidence = alert->evidence.get_object();
  evidence["figure"] = alert->figure;
  evidence["from"] = format_rfc3339(answer->from_ms);
  evidence["step_ms"] = answer->step.count();
  evidence["points"] = std::move(points);
  co_return Result<>{};
}

Task<Result<>> Alerts::store() {
  std::map<AlertId, Alert> changed;
  std::vector<store::Statement> batch;
  {
    const std::lock_guard lock(mutex_);
    changed.swap(unwritten_);
    batch.swap(silence_writes_);
    if (std::exchange(are_silences_unwritten_, false)) batch = alert_rows::put_all(silences_);
  }
  const bool has_silences = !batch.empty();
  for (auto& [id, alert] : changed) {
    // Traces and points are written a second or two after they were made.
    const bool is_early =
        !alert.story.empty() && parts_.clock.wall_ms() - alert.story.back().at_ms < ms_of(kEvidenceAfter);
    if (lacks_traces(alert) && !is_early) {
      (void)co_await add_evidence(&alert);
      const std::lock_guard lock(mutex_);
      book_.set_evidence(id, alert.evidence);
    }
    batch.push_back(alert_rows::put(alert));
  }
  if (batch.empty()) co_return Result<>{};
  auto written = co_await parts_.telemetry.write(std::move(batch));
  if (written) {
    std::erase_if(changed, [](const auto& one) { return !lacks_traces(one.second); });
    const std::lock_guard lock(mutex_);
    unwritten_.merge(changed);
    co_return Result<>{};
  }
  // Again with the next; what has changed meanwhile is newer.
  const std::lock_guard lock(mutex_);
  unwritten_.merge(changed);
  are_silences_unwritten_ = are_silences_unwritten_ || has_silences;
  co_return error_of(written);
}

Task<Result<>> Alerts::trim() {
  const UnixMs now_ms = parts_.clock.wall_ms();
  std::vector<store::Statement> batch;
  batch.push_back(alert_rows::remove_old(now_ms - ms_of(options_.kept), kTrimSlice));
  batch.push_back(alert_rows::remove_over(options_.kept_max, kTrimSlice));
  batch.push_back(alert_rows::remove_ended(now_ms));
  auto trimmed = co_await parts_.telemetry.write(std::move(batch));
  if (!trimmed) co_return error_of(trimmed);
  co_return Result<>{};
}

Task<Result<>> Alerts::store_on() {
  bool has_failed = false;
  for (;;) {
    auto stored = co_await store();
    if (!stored && !has_failed) log::warn("alerts are not stored", {{"error", stored.error().describe()}});
    has_failed = !stored;
    if (stored && parts_.clock.now() - trimmed_ >= kTrimEvery) {
      trimmed_ = parts_.clock.now();
      (void)co_await trim();
    }
    auto slept = co_await sleep_for(options_.look_every);
    if (!slept) co_return Result<>{};
  }
}

Task<Result<>> Alerts::tell(Way* way, Notice notice) {
  for (std::size_t tries = 0;; ++tries) {
    auto sent = co_await way->send(notice);
    if (sent) {
      way->sent.add();
      co_return Result<>{};
    }
    way->failed.add();
    const ErrorCode code = sent.error().code;
    if (code == ErrorCode::cancelled) co_return Result<>{};
    const bool may_be_better =
        code == ErrorCode::unavailable || code == ErrorCode::deadline_exceeded || code == ErrorCode::storage_full;
    if (!may_be_better || tries >= options_.pauses.size()) {
      way->dropped.add();
      log::warn("an alert was not told", {{"way", way->name}, {"error", sent.error().describe()}});
      co_return Result<>{};
    }
    log::info("an alert is told later", {{"way", way->name}, {"error", sent.error().describe()}});
    auto slept = co_await sleep_for(options_.pauses[tries]);
    if (!slept) co_return Result<>{};
  }
}

Task<Result<>> Alerts::tell_on(Way* way) {
  for (;;) {
    const bool is_over = co_await is_cancelled();
    if (is_over) co_return Result<>{};
    std::optional<Notice> notice = way->pop();
    if (!notice) {
      co_await way->has_more->wait();
      continue;
    }
    (void)co_await tell(way, std::move(*notice));
  }
}

}  // namespace atelier::watch

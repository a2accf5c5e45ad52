#include "watch/alert/alerts.hpp"

#include <algorithm>
#include <array>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/task_group.hpp"
#include "watch/alert/alerts_parts.hpp"
#include "watch/alert/rows.hpp"

namespace atelier::watch {
namespace {

constexpr std::array<std::string_view, 2> kWayLabels = {"way", "outcome"};
constexpr Metric kFiring{"atelier_alerts_firing", MetricKind::gauge, "Alerts that fire"};
constexpr Metric kNotices{"atelier_alert_notices_total", MetricKind::counter,
                          "Notices of alerts, by how they are told and what became of that", kWayLabels};
constexpr std::chrono::minutes kEvidenceBefore{5};
constexpr std::size_t kEvidenceLines = 20;
constexpr std::size_t kUnwrittenMax = 1'000;

}  // namespace

Alerts::Way::Way(std::string_view way_name, std::function<Task<Result<>>(Notice)> way_send, Metrics& metrics)
    : name(way_name),
      send(std::move(way_send)),
      sent(metrics.counter(kNotices, {way_name, "sent"})),
      failed(metrics.counter(kNotices, {way_name, "failed"})),
      dropped(metrics.counter(kNotices, {way_name, "dropped"})) {}

Alerts::Alerts(Parts parts, Options options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      log_(parts_.clock),
      pool_({.name = "alerts", .thread_count = 1, .queue_max = 4}),
      probes_(all_probes(options_.limits)),
      queue_gauges_(parts_.metrics),
      firing_(parts_.metrics.gauge(kFiring)),
      book_(options_.book),
      noticer_(options_.noticer) {
  if (parts_.keep) ways_.push_back(std::make_unique<Way>("page", parts_.keep, parts_.metrics));
  if (parts_.mail) ways_.push_back(std::make_unique<Way>("mail", parts_.mail, parts_.metrics));
}

Alerts::~Alerts() = default;

AlertBook::Now Alerts::now() const { return {.steady = parts_.clock.now(), .wall_ms = parts_.clock.wall_ms()}; }

bool Alerts::look() {
  const AlertBook::Now at = now();
  Look look{.steady = at.steady,
            .wall_ms = at.wall_ms,
            .clock_jump_seconds = clock_jumps_.look(at.steady, at.wall_ms),
            .readings = Readings::of(parts_.metrics, probed_metrics())};
  if (parts_.candidates) look.candidates = parts_.candidates();
  if (parts_.objectives) look.objectives = parts_.objectives();
  look.pools = store::report_work_pools();
  {
    const std::lock_guard lock(mutex_);
    look.disk = disk_;
    look.queues = queues_;
  }
  for (QueueState& queue : look.queues)
    if (queue.oldest_ms > 0) queue.oldest_ms = at.wall_ms - clock_jumps_.age_ms(queue.oldest_ms, at.wall_ms);
  std::ranges::move(living_queues(at.wall_ms), std::back_inserter(look.queues));
  queue_gauges_.set(look.queues, at.wall_ms);
  std::vector<Condition> found;
  for (const auto& probe : probes_) probe->look(look, found);
  std::vector<Notice> due;
  {
    const std::lock_guard lock(mutex_);
    take(book_.look(at, found), at);
    due = noticer_.take_due(at.steady, at.wall_ms);
    for (const Notice& notice : due)
      for (const auto& way : ways_) way->push(notice, options_.notices_max);
  }
  if (parts_.tell_now)
    for (const Notice& notice : due) parts_.tell_now(notice);
  return !due.empty();
}

// The lock is held.
void Alerts::take(const std::vector<Alert>& changed, AlertBook::Now at) {
  for (Alert alert : changed) {
    const bool is_firing = alert.state == AlertState::firing;
    if (is_firing) {
      alert.evidence = evidence_of(alert);
      book_.set_evidence(alert.id, alert.evidence);
      log::warn("an alert fires", {{"kind", info_of(alert.kind).name}, {"cause", alert.cause}});
    } else {
      log::info("an alert is resolved", {{"kind", info_of(alert.kind).name}, {"subject", alert.subject}});
    }
    if (silence_of(alert, at.wall_ms) == nullptr) noticer_.add(alert, at.steady);
    unwritten_.insert_or_assign(alert.id, std::move(alert));
    // A store that takes nothing for long: the oldest are kept by the log alone.
    if (unwritten_.size() > kUnwrittenMax) unwritten_.erase(unwritten_.begin());
  }
  std::size_t firing = 0;
  const std::vector<Alert> open = book_.open();
  for (const Alert& alert : open) firing += alert.state == AlertState::firing ? 1 : 0;
  firing_.set(static_cast<double>(firing));
  // What still fires when its silence ends is told of then.
  for (auto silence = silences_.begin(); silence != silences_.end();) {
    if (silence->until_ms > at.wall_ms) {
      ++silence;
      continue;
    }
    const Silence ended = *silence;
    silence = silences_.erase(silence);
    silence_writes_.push_back(alert_rows::remove_silence(ended.kind, ended.subject));
    for (const Alert& alert : open)
      if (alert.state == AlertState::firing && covers(ended, alert) && silence_of(alert, at.wall_ms) == nullptr)
        noticer_.add(alert, at.steady);
  }
  // When those that go on were seen last.
  if (at.steady - refreshed_ < std::chrono::minutes(1)) return;
  refreshed_ = at.steady;
  for (const Alert& alert : open)
    if (alert.state == AlertState::firing) unwritten_.insert_or_assign(alert.id, alert);
}

json::Value Alerts::evidence_of(const Alert& alert) const {
  const UnixMs from_ms = alert.last_ms - std::chrono::milliseconds(kEvidenceBefore).count();
  json::Array lines;
  for (const LogTail::Line& line : log_.since(from_ms, kEvidenceLines))
    lines.push_back(json::Object{{"at", format_rfc3339(line.at_ms)},
                                 {"level", line.level == log::Level::warn ? "warn" : "error"},
                                 {"text", line.text}});
  return json::Object{{"log", std::move(lines)}};
}

const Silence* Alerts::silence_of(const Alert& alert, UnixMs now_ms) const {
  for (const Silence& silence : silences_)
    if (silence.until_ms > now_ms && covers(silence, alert)) return &silence;
  return nullptr;
}

json::Object Alerts::told(const Alert& alert) const {
  json::Object object = to_json(alert);
  const Silence* silence = silence_of(alert, parts_.clock.wall_ms());
  object["silence"] = silence != nullptr ? to_json(*silence) : json::Value();
  return object;
}

Task<Result<std::optional<Alert>>> Alerts::read(AlertId id) {
  {
    const std::lock_guard lock(mutex_);
    if (const Alert* alert = book_.find(id)) co_return *alert;
  }
  auto rows = co_await parts_.telemetry.read(alert_rows::find(id));
  if (!rows) co_return error_of(rows);
  std::vector<Alert> found = alert_rows::read(*rows);
  if (found.empty()) co_return std::optional<Alert>();
  co_return std::move(found.front());
}

Task<Result<Alerts::Page>> Alerts::list(std::optional<AlertState> state, std::string after, std::size_t count_max) {
  Page page;
  if (state && *state != AlertState::resolved) {
    const std::lock_guard lock(mutex_);
    for (const Alert& alert : book_.open()) {
      if (alert.state != *state || (!after.empty() && alert.id.to_string() <= after)) continue;
      if (page.items.size() == count_max) {
        page.next = page.items.back().at("id").as_string().c_str();
        break;
      }
      page.items.push_back(told(alert));
    }
    co_return page;
  }
  const std::string before = after.empty() ? std::string("~") : std::move(after);  // no id is beyond that
  auto rows = co_await parts_.telemetry.read(
      alert_rows::page(before, static_cast<std::int64_t>(count_max) + 1, state == AlertState::resolved));
  if (!rows) co_return error_of(rows);
  std::vector<Alert> found = alert_rows::read(*rows);
  if (found.size() > count_max) {
    found.resize(count_max);
    page.next = found.back().id.to_string();
  }
  const std::lock_guard lock(mutex_);
  for (const Alert& alert : found) {
    // What is in memory is newer.
    const Alert* newest = book_.find(alert.id);
    page.items.push_back(told(newest != nullptr ? *newest : alert));
  }
  co_return page;
}

Task<Result<json::Value>> Alerts::find(AlertId id) {
  auto alert = co_await read(id);
  if (!alert) co_return error_of(alert);
  if (!*alert) co_return no_alert();
  const std::lock_guard lock(mutex_);
  json::Object object = told(**alert);
  object["evidence"] = (*alert)->evidence;
  co_return object;
}

Task<Result<json::Value>> Alerts::resolve(AlertId id, std::string who) {
  auto alert = co_await read(id);
  if (!alert) co_return error_of(alert);
  if (!*alert) co_return no_alert();
  {
    const std::lock_guard lock(mutex_);
    if (!book_.resolve(id, std::move(who), now()))
      co_return fail(ErrorCode::conflict, "it does not fire", {.reason = "not_firing", .where = {}});
    take({*book_.find(id)}, now());
  }
  co_return co_await find(id);
}

Task<Result<json::Value>> Alerts::silence(AlertId id, Scope scope, UnixMs until_ms, std::string who, std::string why) {
  auto alert = co_await read(id);
  if (!alert) co_return error_of(alert);
  if (!*alert) co_return no_alert();
  Silence made{.kind = (*alert)->kind,
               .subject = scope == Scope::kind ? std::string() : (*alert)->subject,
               .until_ms = until_ms,
               .who = std::move(who),
               .why = std::move(why),
               .made_ms = parts_.clock.wall_ms()};
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(silences_, [&](const Silence& one) { return one.kind == made.kind && one.subject == made.subject; });
    if (silences_.size() >= options_.silences_max)
      co_return fail(ErrorCode::too_large, "there are too many silences already",
                     {.reason = "too_many_silences", .where = {}});
    silences_.push_back(made);
  }
  std::vector<store::Statement> batch;
  batch.push_back(alert_rows::put(made));
  co_await write_silences(std::move(batch));
  co_return co_await find(id);
}

Task<Result<>> Alerts::unsilence(AlertId id) {
  auto alert = co_await read(id);
  if (!alert) co_return error_of(alert);
  if (!*alert) co_return no_alert();
  std::vector<store::Statement> batch;
  {
    const std::lock_guard lock(mutex_);
    for (const Silence& one : silences_)
      if (covers(one, **alert)) batch.push_back(alert_rows::remove_silence(one.kind, one.subject));
    std::erase_if(silences_, [&](const Silence& one) { return covers(one, **alert); });
  }
  if (!batch.empty()) co_await write_silences(std::move(batch));
  co_return Result<>{};
}

Task<> Alerts::write_silences(std::vector<store::Statement> batch) {
  auto written = co_await parts_.telemetry.write(std::move(batch));
  if (written) co_return;
  const std::lock_guard lock(mutex_);
  are_silences_unwritten_ = true;
}

std::vector<Silence> Alerts::silences() const {
  const std::lock_guard lock(mutex_);
  return silences_;
}

std::size_t Alerts::firing_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const Alert& alert : book_.open()) count += alert.state == AlertState::firing ? 1 : 0;
  return count;
}

std::size_t Alerts::urgent_count() const {
  const UnixMs now_ms = parts_.clock.wall_ms();
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(book_.open(), [&](const Alert& alert) {
    return alert.state == AlertState::firing && alert.severity == AlertSeverity::page &&
           silence_of(alert, now_ms) == nullptr;
  }));
}

}  // namespace atelier::watch

#include "watch/alert/alert.hpp"

#include <array>

namespace atelier::watch {
namespace {

using std::chrono::seconds;

// Those that are counted (a loop was held, a worker was killed) fire at once, and are over when none came for a while.
constexpr std::array<AlertKindInfo, 19> kKinds = {{
    {AlertKind::burn_rate, "burn_rate", AlertSeverity::page, "objectives", seconds(0), seconds(300),
     "alert-error-budget-burns"},
    {AlertKind::memory_growth, "memory_growth", AlertSeverity::ticket, "memory", seconds(60), seconds(300),
     "alert-memory-grows"},
    {AlertKind::memory_level, "memory_level", AlertSeverity::page, "memory", seconds(60), seconds(120),
     "alert-memory-is-short"},
    {AlertKind::loop_stall, "loop_stall", AlertSeverity::ticket, "process", seconds(0), seconds(120),
     "alert-event-loop-held"},
    {AlertKind::queue_depth, "queue_depth", AlertSeverity::ticket, "queues", seconds(10), seconds(60),
     "alert-queue-is-long"},
    {AlertKind::queue_age, "queue_age", AlertSeverity::ticket, "queues", seconds(0), seconds(60), "alert-queue-is-old"},
    {AlertKind::pool_exhausted, "pool_exhausted", AlertSeverity::page, "queues", seconds(0), seconds(60),
     "alert-pool-exhausted"},
    {AlertKind::descriptors, "descriptors", AlertSeverity::page, "process", seconds(15), seconds(60),
     "alert-descriptors-run-out"},
    {AlertKind::limiter_overflow, "limiter_overflow", AlertSeverity::ticket, "limits", seconds(30), seconds(300),
     "alert-limits-refuse-much"},
    {AlertKind::disk_full, "disk_full", AlertSeverity::page, "disk", seconds(5), seconds(60), "alert-disk-is-full"},
    {AlertKind::quota_full, "quota_full", AlertSeverity::ticket, "disk", seconds(600), seconds(60),
     "alert-quota-is-full"},
    {AlertKind::breaker_open, "breaker_open", AlertSeverity::ticket, "providers", seconds(0), seconds(30),
     "alert-breaker-open"},
    {AlertKind::provider_key, "provider_key", AlertSeverity::page, "providers", seconds(0), seconds(5),
     "alert-provider-refuses-our-key"},
    {AlertKind::webhook_failing, "webhook_failing", AlertSeverity::ticket, "webhooks", seconds(0), seconds(300),
     "alert-webhooks-fail"},
    {AlertKind::slow_queries, "slow_queries", AlertSeverity::ticket, "queues", seconds(0), seconds(120),
     "alert-slow-queries"},
    {AlertKind::clock_jump, "clock_jump", AlertSeverity::ticket, "process", seconds(0), seconds(300),
     "alert-clock-jumped"},
    {AlertKind::worker_kills, "worker_kills", AlertSeverity::ticket, "workers", seconds(0), seconds(300),
     "alert-media-workers-die"},
    {AlertKind::log_dropped, "log_dropped", AlertSeverity::ticket, "process", seconds(0), seconds(120),
     "alert-log-lines-dropped"},
    {AlertKind::history_dropped, "history_dropped", AlertSeverity::info, "process", seconds(0), seconds(300),
     "alert-history-has-gaps"},
}};

}  // namespace

std::string_view to_string(AlertSeverity severity) noexcept {
  switch (severity) {
    case AlertSeverity::page:
      return "page";
    case AlertSeverity::ticket:
      return "ticket";
    case AlertSeverity::info:
      return "info";
  }
  return "info";
}

std::string_view to_string(AlertState state) noexcept {
  switch (state) {
    case AlertState::pending:
      return "pending";
    case AlertState::firing:
      return "firing";
    case AlertState::resolved:
      return "resolved";
  }
  return "resolved";
}

std::optional<AlertState> parse_alert_state(std::string_view text) noexcept {
  for (const AlertState state : {AlertState::pending, AlertState::firing, AlertState::resolved})
    if (to_string(state) == text) return state;
  return std::nullopt;
}

std::span<const AlertKindInfo> alert_kinds() noexcept { return kKinds; }

const AlertKindInfo& info_of(AlertKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<AlertKind> parse_alert_kind(std::string_view text) noexcept {
  for (const AlertKindInfo& info : kKinds)
    if (info.name == text) return info.kind;
  return std::nullopt;
}

json::Object to_json(const Alert& alert) {
  const AlertKindInfo& info = info_of(alert.kind);
  json::Object figures;
  for (const AlertFigure& figure : alert.figures) figures[figure.name] = figure.value;
  json::Array story;
  for (const AlertTurn& turn : alert.story)
    story.push_back(json::Object{{"at", format_rfc3339(turn.at_ms)}, {"what", turn.what}, {"who", turn.who}});
  return json::Object{{"id", alert.id.to_string()},
                      {"kind", info.name},
                      {"subject", alert.subject},
                      {"severity", to_string(alert.severity)},
                      {"state", to_string(alert.state)},
                      {"cause", alert.cause},
                      {"figures", std::move(figures)},
                      {"runbook", std::string("/help/operations#") + std::string(info.runbook)},
                      {"first_seen", format_rfc3339(alert.first_ms)},
                      {"last_seen", format_rfc3339(alert.last_ms)},
                      {"resolved_at", alert.resolved_ms == 0 ? std::string() : format_rfc3339(alert.resolved_ms)},
                      {"count", alert.count},
                      {"story", std::move(story)}};
}

json::Value to_json(const Silence& silence) {
  return json::Object{{"kind", info_of(silence.kind).name},
                      {"subject", silence.subject},
                      {"until", format_rfc3339(silence.until_ms)},
                      {"who", silence.who},
                      {"why", silence.why},
                      {"made_at", format_rfc3339(silence.made_ms)}};
}

}  // namespace atelier::watch

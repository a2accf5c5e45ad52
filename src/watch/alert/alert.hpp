#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"

namespace atelier::watch {

using AlertId = Id<struct AlertTag>;

// What can be wrong. The names are stored, and part of the API.
enum class AlertKind : std::uint8_t {
  burn_rate,
  memory_growth,
  memory_level,
  loop_stall,
  queue_depth,
  queue_age,
  pool_exhausted,
  descriptors,
  limiter_overflow,
  disk_full,
  quota_full,
  breaker_open,
  provider_key,
  webhook_failing,
  slow_queries,
  clock_jump,
  worker_kills,
  log_dropped,
  history_dropped,
};

enum class AlertSeverity : std::uint8_t {
  page,    // somebody should look now
  ticket,  // somebody should look today
  info,
};
std::string_view to_string(AlertSeverity severity) noexcept;

enum class AlertState : std::uint8_t { pending, firing, resolved };
std::string_view to_string(AlertState state) noexcept;
std::optional<AlertState> parse_alert_state(std::string_view text) noexcept;

struct AlertKindInfo {
  AlertKind kind;
  std::string_view name;
  AlertSeverity severity;
  std::string_view group;     // those of one group that fire together are told together
  std::chrono::seconds hold;  // for so long it has to hold before it fires
  std::chrono::seconds gone;  // for so long it has to be gone before it is resolved
  std::string_view runbook;   // the section of docs/operations.md
};
std::span<const AlertKindInfo> alert_kinds() noexcept;
const AlertKindInfo& info_of(AlertKind kind) noexcept;
std::optional<AlertKind> parse_alert_kind(std::string_view text) noexcept;

// A figure that a cause speaks of.
struct AlertFigure {
  std::string name;  // "held_seconds": ends in its unit
  double value = 0;
};

// Something is wrong at this moment. What a probe (probes.hpp) finds.
struct Condition {
  AlertKind kind = AlertKind::burn_rate;
  std::string subject = {};  // which one of its kind, of a closed set: "loop 1", a provider's name; empty: there is one
  std::string cause = {};    // in words, with the figures
  std::vector<AlertFigure> figures = {};
  std::string figure = {};                        // of the history, that shows it; empty: none
  std::optional<AlertSeverity> severity = {};     // if another than its kind's
  std::optional<std::chrono::seconds> hold = {};  // if another than its kind's
};

// Traces that may say why.
struct AlertTraces {
  std::vector<std::string> failed = {};  // ids, the newest first
  struct Slow {
    std::string trace, name;
    std::int64_t took_us = 0;
  };
  std::vector<Slow> slowest = {};
};

struct AlertTurn {  // of its story
  UnixMs at_ms = 0;
  std::string what = {};  // "firing", "resolved"
  std::string who = {};   // who did it by hand; empty: nobody
};

struct Silence {
  AlertKind kind = AlertKind::burn_rate;
  std::string subject = {};  // empty: all of the kind
  UnixMs until_ms = 0;
  std::string who = {}, why = {};
  UnixMs made_ms = 0;
};

struct Alert {
  AlertId id = {};
  AlertKind kind = AlertKind::burn_rate;
  std::string subject = {};
  AlertSeverity severity = AlertSeverity::ticket;
  AlertState state = AlertState::pending;
  std::string cause = {};  // as it was at its worst, or last
  std::vector<AlertFigure> figures = {};
  std::string figure = {};
  UnixMs first_ms = 0, last_ms = 0;  // it was seen
  UnixMs resolved_ms = 0;            // 0: it is not
  std::int64_t count = 0;            // how often it began
  std::vector<AlertTurn> story = {};
  json::Value evidence = {};  // of the moment it fired; null: not gathered yet
};

json::Object to_json(const Alert& alert);
json::Value to_json(const Silence& silence);

}  // namespace atelier::watch

#include "watch/alert/noticer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::watch {

std::string headline_of(const Notice& notice) {
  const bool is_fired = !notice.fired.empty();
  const std::vector<Alert>& told = is_fired ? notice.fired : notice.resolved;
  std::string line =
      told.empty() ? std::string("Alerts") : fmt::format("{}: {}", is_fired ? "Alert" : "Resolved", told.front().cause);
  if (told.size() > 1) line += fmt::format(" (and {} more)", told.size() - 1);
  if (notice.more_count > 0) line += fmt::format(" {} more were not told of.", notice.more_count);
  return line;
}

json::Object to_json(const Notice& notice) {
  const auto list = [](const std::vector<Alert>& alerts) {
    json::Array all;
    for (const Alert& alert : alerts)
      all.push_back(json::Object{{"id", alert.id.to_string()},
                                 {"kind", info_of(alert.kind).name},
                                 {"subject", alert.subject},
                                 {"severity", to_string(alert.severity)},
                                 {"cause", alert.cause},
                                 {"first_seen", format_rfc3339(alert.first_ms)}});
    return all;
  };
  return json::Object{{"id", notice.id},
                      {"at", format_rfc3339(notice.at_ms)},
                      {"headline", headline_of(notice)},
                      {"fired", list(notice.fired)},
                      {"resolved", list(notice.resolved)},
                      {"more", notice.more_count}};
}

void Noticer::add(const Alert& alert, TimePoint now) {
  const std::string group(info_of(alert.kind).group);
  Gathering& gathering = gathering_[group];
  if (gathering.alerts.empty()) gathering.begun = now;
  // What fires and is gone again before it is told of is told once, as it is by then.
  std::erase_if(gathering.alerts, [&](const Alert& one) { return one.id == alert.id; });
  if (gathering.alerts.size() >= options_.alerts_max) {
    ++untold_;
    return;
  }
  gathering.alerts.push_back(alert);
}

std::vector<Notice> Noticer::take_due(TimePoint now, UnixMs wall_ms) {
  while (!told_.empty() && now - told_.front() >= std::chrono::hours(1)) told_.pop_front();
  std::vector<Notice> due;
  for (auto at = gathering_.begin(); at != gathering_.end();) {
    if (now - at->second.begun < options_.wait) {
      ++at;
      continue;
    }
    if (told_.size() >= options_.per_hour_max) {
      untold_ += static_cast<std::int64_t>(at->second.alerts.size());
    } else {
      Notice notice{.id = Ulid::make().to_string(), .at_ms = wall_ms};
      for (Alert& alert : at->second.alerts)
        (alert.state == AlertState::firing ? notice.fired : notice.resolved).push_back(std::move(alert));
      told_.push_back(now);
      due.push_back(std::move(notice));
    }
    at = gathering_.erase(at);
  }
  // Whoever was told of nothing learns so once there is room.
  if (untold_ > 0 && told_.size() < options_.per_hour_max) {
    if (due.empty()) {
      told_.push_back(now);
      due.push_back(Notice{.id = Ulid::make().to_string(), .at_ms = wall_ms});
    }
    due.back().more_count = std::exchange(untold_, 0);
  }
  return due;
}

}  // namespace atelier::watch

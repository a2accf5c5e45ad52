#include "watch/alert/book.hpp"

#include <algorithm>
#include <set>

namespace atelier::watch {

void AlertBook::turn(Alert& alert, AlertState state, UnixMs at_ms, std::string who) {
  alert.state = state;
  alert.resolved_ms = state == AlertState::resolved ? at_ms : 0;
  alert.story.push_back({.at_ms = at_ms, .what = std::string(to_string(state)), .who = std::move(who)});
  if (alert.story.size() > options_.story_max) alert.story.erase(alert.story.begin());
}

AlertBook::Tracked& AlertBook::begin(const Key& key, Now now) {
  Tracked& tracked = open_[key];
  tracked.alert.id = AlertId::make();
  tracked.alert.kind = key.first;
  tracked.alert.subject = key.second;
  tracked.alert.first_ms = now.wall_ms;
  tracked.began = now.steady;
  return tracked;
}

std::vector<Alert> AlertBook::look(Now now, const std::vector<Condition>& conditions) {
  std::vector<Alert> changed;
  std::set<Key> found;
  for (const Condition& condition : conditions) {
    Key key{condition.kind, condition.subject};
    if (!found.insert(key).second) continue;
    auto at = open_.find(key);
    if (at == open_.end() && open_.size() >= options_.open_max) continue;
    Tracked& tracked = at == open_.end() ? begin(key, now) : at->second;
    const AlertKindInfo& info = info_of(condition.kind);
    Alert& alert = tracked.alert;
    alert.cause = condition.cause;
    alert.figures = condition.figures;
    alert.figure = condition.figure;
    alert.severity = condition.severity.value_or(info.severity);
    alert.last_ms = now.wall_ms;
    tracked.seen = now.steady;
    tracked.holds = true;
    if (tracked.is_dismissed || alert.state == AlertState::firing) continue;
    if (now.steady - tracked.began < condition.hold.value_or(info.hold)) continue;
    if (const auto before = over_.find(key); before != over_.end()) {
      const Alert& same = before->second.first;
      alert.id = same.id;
      alert.first_ms = same.first_ms;
      alert.count = same.count;
      alert.story = same.story;
      over_.erase(before);
    }
    ++alert.count;
    alert.evidence = nullptr;
    turn(alert, AlertState::firing, now.wall_ms, {});
    changed.push_back(alert);
  }
  for (auto at = open_.begin(); at != open_.end();) {
    Tracked& tracked = at->second;
    if (found.contains(at->first)) {
      ++at;
      continue;
    }
    tracked.holds = false;
    const bool is_over = now.steady - tracked.seen >= info_of(at->first.first).gone;
    const bool is_idle = tracked.alert.state == AlertState::pending && !tracked.is_dismissed;
    if (is_over && tracked.alert.state == AlertState::firing) {
      turn(tracked.alert, AlertState::resolved, now.wall_ms, {});
      changed.push_back(tracked.alert);
      over_[at->first] = {tracked.alert, now.steady};
    }
    at = is_over || is_idle ? open_.erase(at) : std::next(at);
  }
  std::erase_if(over_, [&](const auto& one) { return now.steady - one.second.second > options_.same_within; });
  return changed;
}

bool AlertBook::resolve(AlertId id, std::string who, Now now) {
  for (auto& [key, tracked] : open_) {
    if (tracked.alert.id != id || tracked.alert.state != AlertState::firing) continue;
    turn(tracked.alert, AlertState::resolved, now.wall_ms, std::move(who));
    over_[key] = {tracked.alert, now.steady};
    tracked.is_dismissed = true;
    return true;
  }
  return false;
}

void AlertBook::restore(Alert alert, Now now) {
  Key key{alert.kind, alert.subject};
  if (alert.state != AlertState::firing) {
    const std::chrono::milliseconds ago(std::max<UnixMs>(0, now.wall_ms - alert.resolved_ms));
    if (ago <= options_.same_within) over_[key] = {std::move(alert), now.steady - ago};
    return;
  }
  Tracked& tracked = open_[key];
  tracked.alert = std::move(alert);
  tracked.began = tracked.seen = now.steady;
}

std::vector<Alert> AlertBook::open() const {
  std::vector<Alert> all;
  for (const auto& [key, tracked] : open_)
    if (!tracked.is_dismissed) all.push_back(tracked.alert);
  std::ranges::sort(all, {}, [](const Alert& alert) { return std::pair(alert.first_ms, alert.id); });
  return all;
}

const Alert* AlertBook::find(AlertId id) const {
  for (const auto& [key, tracked] : open_)
    if (tracked.alert.id == id && !tracked.is_dismissed) return &tracked.alert;
  for (const auto& [key, one] : over_)
    if (one.first.id == id) return &one.first;
  return nullptr;
}

void AlertBook::set_evidence(AlertId id, json::Value evidence) {
  for (auto& [key, tracked] : open_)
    if (tracked.alert.id == id) tracked.alert.evidence = evidence;
  for (auto& [key, one] : over_)
    if (one.first.id == id) one.first.evidence = evidence;
}

}  // namespace atelier::watch

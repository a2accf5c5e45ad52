#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "watch/alert/alert.hpp"

namespace atelier::watch {

// Which alerts there are, from what holds at each look: pending -> firing -> resolved. Knows no clock, store or loop.
// Not thread-safe.
class AlertBook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Options {
    std::size_t open_max = 200;            // of pending and firing ones; what is over waits until others are resolved
    std::chrono::minutes same_within{60};  // one that comes back so soon goes on as the same alert
    std::size_t story_max = 40;            // turns kept of one alert, the newest
  };
  struct Now {
    TimePoint steady;
    UnixMs wall_ms = 0;
  };
  AlertBook() : AlertBook(Options()) {}
  explicit AlertBook(Options options) : options_(options) {}

  // What holds now. Those that began to fire, or were resolved, by it.
  std::vector<Alert> look(Now now, const std::vector<Condition>& conditions);
  // By hand: it is resolved until what it is about was gone and came again. False: it does not fire.
  bool resolve(AlertId id, std::string who, Now now);
  // As stored before a restart: one that fires goes on, and is resolved if nothing is found of it any more. One that
  // was resolved lately goes on if it comes back.
  void restore(Alert alert, Now now);

  // Pending and firing, by their first moment.
  std::vector<Alert> open() const;
  const Alert* find(AlertId id) const;  // an open one, or one that was resolved lately
  void set_evidence(AlertId id, json::Value evidence);

 private:
  using Key = std::pair<AlertKind, std::string>;
  struct Tracked {
    Alert alert;
    TimePoint began{}, seen{};  // of this time that it holds
    bool holds = false;         // at the last look
    bool is_dismissed = false;  // resolved by hand while it held
  };
  void turn(Alert& alert, AlertState state, UnixMs at_ms, std::string who);
  Tracked& begin(const Key& key, Now now);

  const Options options_;
  std::map<Key, Tracked> open_;
  std::map<Key, std::pair<Alert, TimePoint>> over_;  // resolved within `same_within`
};

}  // namespace atelier::watch

#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "watch/alert/alert.hpp"

namespace atelier::watch {

// What is told at once: alerts of one group that fired or were resolved within a short time.
struct Notice {
  std::string id = {};
  UnixMs at_ms = 0;
  std::vector<Alert> fired = {}, resolved = {};
  std::int64_t more_count = 0;  // alerts that were told of nowhere, since there were too many
};
// "2 alerts: Event loop 1 was held ..." One line.
std::string headline_of(const Notice& notice);
json::Object to_json(const Notice& notice);

// Puts alerts together into notices, and never lets more of those through than a bound per hour. Not thread-safe.
class Noticer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Options {
    std::chrono::milliseconds wait{1'500};  // for others of the group
    std::size_t alerts_max = 20;            // of one notice
    std::size_t per_hour_max = 20;          // notices
  };
  Noticer() : Noticer(Options()) {}
  explicit Noticer(Options options) : options_(options) {}

  // It fired, or was resolved.
  void add(const Alert& alert, TimePoint now);
  std::vector<Notice> take_due(TimePoint now, UnixMs wall_ms);

 private:
  struct Gathering {
    TimePoint begun{};
    std::vector<Alert> alerts = {};
  };
  const Options options_;
  std::map<std::string, Gathering, std::less<>> gathering_;  // by group
  std::deque<TimePoint> told_;                               // of the last hour
  std::int64_t untold_ = 0;
};

}  // namespace atelier::watch

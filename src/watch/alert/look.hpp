#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "store/work_pools.hpp"
#include "watch/alert/alert.hpp"
#include "watch/objective/objective.hpp"

namespace atelier::watch {

// What counters and gauges were at one moment; of a histogram, how many it holds over a quarter of a second.
class Readings {
 public:
  // Those of `names` that there are by now.
  static Readings of(const Metrics& metrics, const std::vector<std::string_view>& names);

  using Series = std::map<std::string, double, std::less<>>;  // by labels, as Prometheus writes them
  const Series& all(std::string_view metric) const;
  // Of one without labels, or of all of its series together; 0 where there is none.
  double sum(std::string_view metric) const;

 private:
  std::map<std::string_view, Series> by_metric_;
};

// The value of a label among labels: `loop="1"` is "1".
std::string label_of(std::string_view labels, std::string_view name);
// "812 MiB"
std::string bytes_in_words(double bytes);

struct DiskSpace {
  std::uint64_t free_bytes = 0, total_bytes = 0;  // free to us
};
struct CandidateHealth {
  std::string provider, model;
  bool is_open = false;     // its breaker
  bool is_account = false;  // our key or our money was refused
  std::string last_error = {};
};
struct QueueState {
  std::string name;  // in words: "webhook deliveries"
  std::int64_t depth = 0;
  UnixMs oldest_ms = 0;             // since when its first waits; 0: nothing does
  std::int64_t depth_max = 0;       // more is too many; 0: as many as there are
  std::chrono::seconds age_max{0};  // 0: for as long as it takes
  std::string figure = {};          // of the history; empty: none

  double age_seconds(UnixMs now_ms) const {
    return oldest_ms == 0 ? 0 : static_cast<double>(std::max<UnixMs>(now_ms - oldest_ms, 0)) / 1e3;
  }
};

// By how much the wall clock moved otherwise than the steady one: somebody set it, or the machine slept.
class ClockJumps {
 public:
  // At each look. In seconds, since the look before; 0 at the first. What both clocks always differ by is told too.
  double look(std::chrono::steady_clock::time_point steady, UnixMs wall_ms);
  // For how long something waits that has done so since `since_ms` by the wall clock: without what it jumped ahead by.
  UnixMs age_ms(UnixMs since_ms, UnixMs now_ms) const;

 private:
  struct Jump {
    UnixMs from_ms = 0, by_ms = 0;
  };
  static constexpr std::size_t kJumpsMax = 16;  // the last
  static constexpr UnixMs kSmallestMs = 1'000;
  std::chrono::steady_clock::time_point steady_{};
  UnixMs wall_ms_ = 0;
  std::deque<Jump> ahead_;
};

// All that probes look at, at one moment.
struct Look {
  std::chrono::steady_clock::time_point steady;
  UnixMs wall_ms = 0;
  double clock_jump_seconds = 0;  // since the look before
  Readings readings = {};
  std::optional<DiskSpace> disk = {};  // none: nobody could say
  std::vector<CandidateHealth> candidates = {};
  std::vector<QueueState> queues = {};
  std::vector<store::WorkPoolReport> pools = {};
  std::vector<ObjectiveState> objectives = {};
};

// By how much each series of a counter rose since the last look, or since the process began.
class Rises {
 public:
  Readings::Series of(const Readings::Series& series);

 private:
  Readings::Series before_;
};

// A sum over the last so many seconds.
class RecentSum {
 public:
  explicit RecentSum(std::chrono::seconds window) : window_(window) {}
  double add(std::chrono::steady_clock::time_point now, double amount);

 private:
  const std::chrono::seconds window_;
  std::vector<std::pair<std::chrono::steady_clock::time_point, double>> parts_;  // at most one a look, none of 0
};

}  // namespace atelier::watch

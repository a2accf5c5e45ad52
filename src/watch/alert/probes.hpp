#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "watch/alert/look.hpp"

namespace atelier::watch {

// From when on what is measured is too much.
struct AlertLimits {
  double loop_stall_seconds = 0.05;
  // Memory that grows: robust slope over `growth_window`, after the studio ran for `warm_up`.
  std::chrono::seconds warm_up{600}, growth_window{1'200}, growth_step{10};
  double growth_bytes_per_hour = 48.0 * (1 << 20);
  double memory_share = 0.85;       // of `memory_bytes`
  std::uint64_t memory_bytes = 0;   // that this process may have; 0: memory_bytes_of_machine()
  double descriptors_share = 0.85;  // of those that may be open
  std::uint64_t disk_free_bytes = std::uint64_t{1} << 30;
  double disk_free_share = 0.05;  // of the disk; the smaller of the two counts
  std::uint64_t quota_bytes = 0;  // of derived blobs; 0: none
  double writes_queued = 2'000;
  std::chrono::seconds writer_stuck{10};
  double call_log_rows = 5'000;
  double unsearchable_messages = 20'000;
  double pool_share = 0.9;        // of a pool's queue
  double refusals = 50;           // of limits, in five minutes, and
  double refusals_share = 0.1;    // of the calls in that time
  double webhook_failures = 5;    // in five minutes, and more than were delivered
  double slow_queries = 5;        // in a minute
  double clock_jump_seconds = 2;  // in a second
};

// What this machine, or the control group this process is in, has. 0: nobody says.
std::uint64_t memory_bytes_of_machine();

// One thing to look at. Remembers what it needs of earlier looks. Used by one thread.
class Probe {
 public:
  virtual ~Probe() = default;
  virtual void look(const Look& look, std::vector<Condition>& into) = 0;
};

std::unique_ptr<Probe> make_loop_probe(const AlertLimits& limits);
std::unique_ptr<Probe> make_memory_probe(const AlertLimits& limits);
std::unique_ptr<Probe> make_process_probe(const AlertLimits& limits);  // descriptors, the clock, what was dropped
std::unique_ptr<Probe> make_queue_probe(const AlertLimits& limits);
std::unique_ptr<Probe> make_disk_probe(const AlertLimits& limits);
std::unique_ptr<Probe> make_provider_probe();
std::unique_ptr<Probe> make_traffic_probe(const AlertLimits& limits);  // limits, webhooks, media workers
std::unique_ptr<Probe> make_objective_probe();
std::vector<std::unique_ptr<Probe>> all_probes(const AlertLimits& limits);

// The metrics that probes read.
const std::vector<std::string_view>& probed_metrics();

// The median of the slopes between all pairs of points (Theil and Sen), per second: a few outliers move nothing.
double robust_slope(const std::vector<std::pair<double, double>>& points);

}  // namespace atelier::watch

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "watch/process/stolen_time.hpp"

namespace atelier::watch {

// A gauge, in seconds: there, and never zero, while a process runs.
inline constexpr std::string_view kUptimeMetric = "atelier_process_uptime_seconds";

// What the system says of this process, read when somebody reads the metrics: memory, processor time, descriptors,
// threads. Thread-safe.
class ProcessMetrics {
 public:
  ProcessMetrics(Metrics& metrics, const Clock& clock);

  // Bytes of this process that are in RAM; 0 where the system does not say.
  static std::uint64_t resident_bytes();

 private:
  // Counting them reads a folder with an entry for each: not more than once in ten seconds.
  double descriptors();

  const Clock& clock_;
  std::atomic<std::int64_t> counted_at_s_ = -1;
  std::atomic<double> descriptors_ = 0;
  std::vector<std::shared_ptr<void>> handles_;
};

// How late a loop does what is due: measured forty times a second, until cancelled. To be spawned on that loop, whose
// number is `index`. What holds a loop for longer than 50 ms is logged. `stolen` is of all loops; the first notes it.
Task<Result<>> watch_loop(Metrics* metrics, const Clock* clock, StolenTime* stolen, std::size_t index);

}  // namespace atelier::watch

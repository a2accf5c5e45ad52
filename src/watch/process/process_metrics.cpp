#include "watch/process/process_metrics.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"

namespace atelier::watch {
namespace {

constexpr std::int64_t kCountEverySeconds = 10;
// What holds a loop is seen by as much as it outlasts the time until the next look: looks have to be close together.
constexpr std::chrono::milliseconds kLookEvery{25}, kStall{50};
constexpr std::size_t kLooksToNote = 8;  // reading /proc/stat takes some 50 us

constexpr Metric kResident{"atelier_process_resident_bytes", MetricKind::gauge,
                           "Memory of this process that is in RAM"};
constexpr Metric kCpu{"atelier_process_cpu_seconds_total", MetricKind::counter, "Processor time of this process"};
constexpr Metric kDescriptors{"atelier_process_descriptors", MetricKind::gauge, "Descriptors open"};
constexpr Metric kDescriptorsMax{"atelier_process_descriptors_max", MetricKind::gauge, "Descriptors that may be open"};
constexpr Metric kUptime{kUptimeMetric, MetricKind::gauge, "Since the start of this process"};
constexpr std::array<std::string_view, 1> kLoopLabels = {"loop"};
constexpr Metric kLag{"atelier_loop_lag_seconds", MetricKind::histogram, "How late an event loop does what is due",
                      kLoopLabels};
constexpr Metric kStalls{"atelier_loop_stalls_total", MetricKind::counter, "Event loops held for more than 50 ms",
                         kLoopLabels};
constexpr Metric kHolds{"atelier_loop_holds_total", MetricKind::counter,
                        "Event loops that something of ours held for more than 50 ms", kLoopLabels};
constexpr Metric kHeld{"atelier_loop_held_seconds", MetricKind::gauge,
                       "How long an event loop was held, the last time it was", kLoopLabels};

// What the system says of this thread, since it began.
class ThreadTimes {
 public:
  ThreadTimes() : file_(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}
  struct Times {
    std::chrono::nanoseconds ran{0};
    // Ready to run and without a processor. A loop that is late by that is not held by us: the machine has too little
    // processor for what it is asked.
    std::chrono::nanoseconds waited{0};
  };
  // Nothing where the system does not say.
  Times read() const noexcept {
    char text[96];
    const ssize_t size = file_.get() < 0 ? -1 : ::pread(file_.get(), text, sizeof text - 1, 0);
    if (size <= 0) return {};
    text[size] = '\0';
    long long ran_ns = 0, waited_ns = 0;
    if (std::sscanf(text, "%lld %lld", &ran_ns, &waited_ns) != 2) return {};
    return {.ran = std::chrono::nanoseconds(ran_ns), .waited = std::chrono::nanoseconds(waited_ns)};
  }

 private:
  const UniqueFd file_;
};

double cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double descriptors_max() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

double count_descriptors() {
  std::error_code ec;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", ec), end; !ec && at != end; at.increment(ec)) ++count;
  return count;
}

}  // namespace

ProcessMetrics::ProcessMetrics(Metrics& metrics, const Clock& clock) : clock_(clock) {
  const auto add = [&](const Metric& metric, Metrics::Reader reader) {
    handles_.push_back(metrics.read_from(metric, std::move(reader)));
  };
  add(kResident, [] { return static_cast<double>(resident_bytes()); });
  add(kCpu, [] { return cpu_seconds(); });
  add(kDescriptors, [this] { return descriptors(); });
  add(kDescriptorsMax, [] { return descriptors_max(); });
  add(kUptime, [this, begun = clock.now()] { return std::chrono::duration<double>(clock_.now() - begun).count(); });
}

std::uint64_t ProcessMetrics::resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double ProcessMetrics::descriptors() {
  const std::int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
  std::int64_t last_s = counted_at_s_.load(std::memory_order_relaxed);
  if ((last_s < 0 || now_s - last_s >= kCountEverySeconds) && counted_at_s_.compare_exchange_strong(last_s, now_s))
    descriptors_.store(count_descriptors(), std::memory_order_relaxed);
  return descriptors_.load(std::memory_order_relaxed);
}

Task<Result<>> watch_loop(Metrics* metrics, const Clock* clock, StolenTime* stolen, std::size_t index) {
  const std::string name = std::to_string(index);
  Histogram& lag = metrics->histogram(kLag, {name});
  Counter& stalls = metrics->counter(kStalls, {name});
  Counter& holds = metrics->counter(kHolds, {name});
  Gauge& held = metrics->gauge(kHeld, {name});
  const ThreadTimes times;
  const auto ms = [](auto time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); };
  for (std::size_t looks = 0;; ++looks) {
    if (index == 0 && looks % kLooksToNote == 0) stolen->note();
    const ThreadTimes::Times before = times.read();
    const auto due = clock->now() + kLookEvery;
    auto slept = co_await sleep_for(kLookEvery);
    if (!slept) co_return Result<>{};
    const auto late = clock->now() - due;
    lag.observe(std::chrono::duration<double>(late).count());
    if (late < kStall) continue;
    stalls.add();
    const ThreadTimes::Times now = times.read();
    const auto starved = std::max(now.waited - before.waited, std::chrono::nanoseconds(0)) + stolen->lately();
    // That the machine has no processor for it is in the figures; there may be many such moments.
    if (late - starved < kStall) continue;
    log::warn("an event loop was held", {{"loop", index},
                                         {"ms", ms(late)},
                                         {"computed_ms", ms(now.ran - before.ran)},
                                         {"without_processor_ms", ms(starved)}});
    held.set(std::chrono::duration<double>(late - starved).count());
    holds.add();
  }
}

}  // namespace atelier::watch

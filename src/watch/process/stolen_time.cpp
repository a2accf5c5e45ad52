#include "watch/process/stolen_time.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

namespace atelier::watch {
namespace {

constexpr std::size_t kProcessorsMax = 4'096;

std::vector<std::chrono::nanoseconds> stolen_now() {
  static const std::int64_t ticks_a_second = std::max<std::int64_t>(::sysconf(_SC_CLK_TCK), 1);
  std::ifstream stat("/proc/stat");
  return read_stolen(stat, std::chrono::nanoseconds(1'000'000'000 / ticks_a_second));
}

}  // namespace

std::vector<std::chrono::nanoseconds> read_stolen(std::istream& proc_stat, std::chrono::nanoseconds tick) {
  std::vector<std::chrono::nanoseconds> stolen;
  // Processors come first, behind a line of all together; what follows them may be long.
  for (std::string line; std::getline(proc_stat, line) && line.starts_with("cpu");) {
    if (line.size() < 4 || std::isdigit(static_cast<unsigned char>(line[3])) == 0) continue;
    std::size_t number = 0;
    unsigned long long ticks = 0;
    // user nice system idle iowait irq softirq steal
    if (std::sscanf(line.c_str(), "cpu%zu %*u %*u %*u %*u %*u %*u %*u %llu", &number, &ticks) != 2) continue;
    if (number >= kProcessorsMax) break;
    if (stolen.size() <= number) stolen.resize(number + 1);
    stolen[number] = static_cast<std::int64_t>(ticks) * tick;
  }
  return stolen;
}

void StolenTime::note() {
  PerProcessor now = stolen_now();
  const std::lock_guard lock(mutex_);
  before_ = std::exchange(last_, std::move(now));
}

std::chrono::nanoseconds StolenTime::lately() const {
  const int processor = ::sched_getcpu();
  if (processor < 0) return {};
  const auto at = static_cast<std::size_t>(processor);
  const PerProcessor now = stolen_now();
  const std::lock_guard lock(mutex_);
  if (at >= now.size() || at >= before_.size()) return {};
  return std::max(now[at] - before_[at], std::chrono::nanoseconds(0));
}

}  // namespace atelier::watch

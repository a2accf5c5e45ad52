#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <fstream>

#include "watch/alert/probes.hpp"

namespace atelier::watch {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

double seconds_between(TimePoint from, TimePoint to) { return std::chrono::duration<double>(to - from).count(); }

class LoopProbe final : public Probe {
 public:
  explicit LoopProbe(const AlertLimits& limits) : limit_(limits.loop_stall_seconds) {}
  void look(const Look& look, std::vector<Condition>& into) override {
    const Readings::Series& lengths = look.readings.all("atelier_loop_held_seconds");
    for (const auto& [labels, count] : rises_.of(look.readings.all("atelier_loop_holds_total"))) {
      const auto length = lengths.find(labels);
      const double held = length == lengths.end() ? limit_ : length->second;
      if (held < limit_) continue;
      const std::string loop = label_of(labels, "loop");
      into.push_back({.kind = AlertKind::loop_stall,
                      .subject = "loop " + loop,
                      .cause = fmt::format("Event loop {} was held for {:.0f} ms; the limit is {:.0f} ms.", loop,
                                           held * 1'000, limit_ * 1'000),
                      .figures = {{"held_seconds", held}, {"limit_seconds", limit_}},
                      .figure = fmt::format("atelier_loop_lag_seconds{{loop=\"{}\"}}:p99", loop)});
    }
  }

 private:
  const double limit_;
  Rises rises_;
};

class MemoryProbe final : public Probe {
 public:
  explicit MemoryProbe(const AlertLimits& limits)
      : limits_(limits), bytes_max_(limits.memory_bytes > 0 ? limits.memory_bytes : memory_bytes_of_machine()) {}
  void look(const Look& look, std::vector<Condition>& into) override {
    const double resident = look.readings.sum("atelier_process_resident_bytes");
    if (resident <= 0) return;
    look_at_level(resident, into);
    look_at_slope(look.steady, resident, into);
  }

 private:
  void look_at_level(double resident, std::vector<Condition>& into) const {
    const double limit = limits_.memory_share * static_cast<double>(bytes_max_);
    if (limit <= 0 || resident < limit) return;
    const auto most = static_cast<double>(bytes_max_);
    const std::string of_all = limit < most ? " of " + bytes_in_words(most) : std::string();
    into.push_back({.kind = AlertKind::memory_level,
                    .cause = fmt::format("The studio has {} of memory; the limit is {}{}.", bytes_in_words(resident),
                                         bytes_in_words(limit), of_all),
                    .figures = {{"resident_bytes", resident}, {"limit_bytes", limit}},
                    .figure = "atelier_process_resident_bytes:value"});
  }
  void look_at_slope(TimePoint now, double resident, std::vector<Condition>& into) {
    if (begun_ == TimePoint()) begun_ = now;
    if (now - begun_ < limits_.warm_up) return;
    if (points_.empty() || now - last_ >= limits_.growth_step) {
      last_ = now;
      points_.emplace_back(seconds_between(begun_, now), resident);
      const double oldest = seconds_between(begun_, now) - static_cast<double>(limits_.growth_window.count());
      while (points_.front().first < oldest) points_.pop_front();
      judge();
    }
    if (!grows_) return;
    into.push_back({.kind = AlertKind::memory_growth,
                    .cause = fmt::format(
                        "Memory grows by {} an hour, steadily for {:.0f} minutes: it is {} by now. The limit is {} "
                        "an hour.",
                        bytes_in_words(slope_ * 3'600), (points_.back().first - points_.front().first) / 60,
                        bytes_in_words(resident), bytes_in_words(limits_.growth_bytes_per_hour)),
                    .figures = {{"growth_bytes_per_hour", slope_ * 3'600},
                                {"limit_bytes_per_hour", limits_.growth_bytes_per_hour},
                                {"resident_bytes", resident}},
                    .figure = "atelier_process_resident_bytes:value"});
  }
  // A step is no slope, and what swings comes back: in each third of the time the least must be more than in the one
  // before it, too.
  void judge() {
    const double span = points_.back().first - points_.front().first;
    grows_ = false;
    if (span < 0.9 * static_cast<double>(limits_.growth_window.count())) return;
    const std::vector<std::pair<double, double>> points(points_.begin(), points_.end());
    slope_ = robust_slope(points);
    const auto least_of = [&](std::size_t third) {
      const auto begin = points.begin() + static_cast<std::ptrdiff_t>(third * points.size() / 3);
      const auto end = points.begin() + static_cast<std::ptrdiff_t>((third + 1) * points.size() / 3);
      return std::min_element(begin, end, [](const auto& one, const auto& other) { return one.second < other.second; })
          ->second;
    };
    const double rise_min = limits_.growth_bytes_per_hour / 3'600 * span / 3 / 2;
    grows_ = slope_ * 3'600 >= limits_.growth_bytes_per_hour && least_of(1) - least_of(0) >= rise_min &&
             least_of(2) - least_of(1) >= rise_min;
  }

  const AlertLimits limits_;
  const std::uint64_t bytes_max_;
  TimePoint begun_{}, last_{};
  std::deque<std::pair<double, double>> points_;  // seconds since begun_, bytes
  double slope_ = 0;                              // bytes a second
  bool grows_ = false;
};

class ProcessProbe final : public Probe {
 public:
  explicit ProcessProbe(const AlertLimits& limits) : limits_(limits) {}
  void look(const Look& look, std::vector<Condition>& into) override {
    look_at_descriptors(look.readings, into);
    look_at_clock(look, into);
    for (const auto& [labels, count] : log_dropped_.of(look.readings.all("atelier_log_dropped_lines_total")))
      into.push_back({.kind = AlertKind::log_dropped,
                      .cause = fmt::format("{:.0f} log lines were dropped: whatever reads them is too slow.", count),
                      .figures = {{"lines", count}},
                      .figure = "atelier_log_dropped_lines_total:rate"});
    for (const auto& [labels, count] : history_dropped_.of(look.readings.all("atelier_history_dropped_total")))
      into.push_back({.kind = AlertKind::history_dropped,
                      .cause = fmt::format("{:.0f} figures found no room in the history; charts have gaps.", count),
                      .figures = {{"points", count}},
                      .figure = "atelier_history_dropped_total:rate"});
  }

 private:
  void look_at_descriptors(const Readings& readings, std::vector<Condition>& into) const {
    const double open = readings.sum("atelier_process_descriptors");
    const double limit = limits_.descriptors_share * readings.sum("atelier_process_descriptors_max");
    if (limit <= 0 || open < limit) return;
    into.push_back({.kind = AlertKind::descriptors,
                    .cause = fmt::format("{:.0f} of {:.0f} descriptors are open: connections will be refused.", open,
                                         limit / limits_.descriptors_share),
                    .figures = {{"open", open}, {"limit", limit}},
                    .figure = "atelier_process_descriptors:value"});
  }
  void look_at_clock(const Look& look, std::vector<Condition>& into) const {
    const double jump = look.clock_jump_seconds;
    if (std::abs(jump) < limits_.clock_jump_seconds) return;
    into.push_back({.kind = AlertKind::clock_jump,
                    .cause = fmt::format("The clock jumped {} by {:.1f} s; the limit is {:.1f} s.",
                                         jump > 0 ? "forward" : "back", std::abs(jump), limits_.clock_jump_seconds),
                    .figures = {{"jump_seconds", jump}, {"limit_seconds", limits_.clock_jump_seconds}}});
  }

  const AlertLimits limits_;
  Rises log_dropped_, history_dropped_;
};

}  // namespace

double robust_slope(const std::vector<std::pair<double, double>>& points) {
  std::vector<double> slopes;
  slopes.reserve(points.size() * points.size() / 2);
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j)
      if (points[j].first > points[i].first)
        slopes.push_back((points[j].second - points[i].second) / (points[j].first - points[i].first));
  if (slopes.empty()) return 0;
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::ranges::nth_element(slopes, middle);
  return *middle;
}

std::uint64_t memory_bytes_of_machine() {
  std::uint64_t bytes = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES))) *
                        static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream limit(file);
    std::uint64_t most = 0;
    if (limit >> most && most > 0) bytes = bytes == 0 ? most : std::min(bytes, most);
  }
  return bytes;
}

std::unique_ptr<Probe> make_loop_probe(const AlertLimits& limits) { return std::make_unique<LoopProbe>(limits); }
std::unique_ptr<Probe> make_memory_probe(const AlertLimits& limits) { return std::make_unique<MemoryProbe>(limits); }
std::unique_ptr<Probe> make_process_probe(const AlertLimits& limits) { return std::make_unique<ProcessProbe>(limits); }

}  // namespace atelier::watch

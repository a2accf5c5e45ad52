#include "watch/alert/look.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::watch {
namespace {

class Picking final : public MetricVisitor {
 public:
  Picking(const std::vector<std::string_view>& names, std::map<std::string_view, Readings::Series>& into)
      : names_(names), into_(into) {}
  void counter(const Metric& metric, const std::string& labels, double value) override { take(metric, labels, value); }
  void gauge(const Metric& metric, const std::string& labels, double value) override { take(metric, labels, value); }
  void histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) override {
    if (std::ranges::find(names_, metric.name) == names_.end()) return;
    const Histogram::Snapshot snapshot = histogram.snapshot();
    take(metric, labels, static_cast<double>(snapshot.count() - snapshot.count_to(-2)));
  }

 private:
  void take(const Metric& metric, const std::string& labels, double value) {
    if (std::ranges::find(names_, metric.name) != names_.end()) into_[metric.name][labels] = value;
  }
  const std::vector<std::string_view>& names_;
  std::map<std::string_view, Readings::Series>& into_;
};

}  // namespace

Readings Readings::of(const Metrics& metrics, const std::vector<std::string_view>& names) {
  Readings readings;
  Picking picking(names, readings.by_metric_);
  metrics.visit(picking);
  return readings;
}

const Readings::Series& Readings::all(std::string_view metric) const {
  static const Series none;
  const auto found = by_metric_.find(metric);
  return found == by_metric_.end() ? none : found->second;
}

double Readings::sum(std::string_view metric) const {
  double sum = 0;
  for (const auto& [labels, value] : all(metric)) sum += value;
  return sum;
}

std::string label_of(std::string_view labels, std::string_view name) {
  const std::string start = std::string(name) + "=\"";
  std::size_t at = labels.find(start);
  if (at != 0 && (at = labels.find("," + start)) != std::string_view::npos) ++at;
  if (at == std::string_view::npos) return {};
  at += start.size();
  return std::string(labels.substr(at, labels.find('"', at) - at));
}

std::string bytes_in_words(double bytes) {
  constexpr double kMiB = 1 << 20, kGiB = 1 << 30;
  if (bytes >= 10 * kGiB) return fmt::format("{:.0f} GiB", bytes / kGiB);
  if (bytes >= kGiB) return fmt::format("{:.1f} GiB", bytes / kGiB);
  if (bytes >= 10 * kMiB) return fmt::format("{:.0f} MiB", bytes / kMiB);
  return fmt::format("{:.1f} MiB", bytes / kMiB);
}

Readings::Series Rises::of(const Readings::Series& series) {
  Readings::Series rises;
  for (const auto& [labels, value] : series) {
    const auto before = before_.find(labels);
    const double from = before != before_.end() ? before->second : 0;
    if (value > from) rises[labels] = value - from;
  }
  before_ = series;
  return rises;
}

double RecentSum::add(std::chrono::steady_clock::time_point now, double amount) {
  if (amount > 0) parts_.emplace_back(now, amount);
  const auto first = std::ranges::find_if(parts_, [&](const auto& part) { return now - part.first < window_; });
  parts_.erase(parts_.begin(), first);
  double sum = 0;
  for (const auto& [at, part] : parts_) sum += part;
  return sum;
}

double ClockJumps::look(std::chrono::steady_clock::time_point steady, UnixMs wall_ms) {
  const bool is_first = steady_ == std::chrono::steady_clock::time_point();
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(steady - steady_);
  const UnixMs jump_ms = is_first ? 0 : wall_ms - wall_ms_ - passed.count();
  steady_ = steady;
  wall_ms_ = wall_ms;
  if (jump_ms >= kSmallestMs) {
    if (ahead_.size() == kJumpsMax) ahead_.pop_front();
    ahead_.push_back({.from_ms = wall_ms - jump_ms, .by_ms = jump_ms});
  }
  return static_cast<double>(jump_ms) / 1e3;
}

UnixMs ClockJumps::age_ms(UnixMs since_ms, UnixMs now_ms) const {
  UnixMs age_ms = now_ms - since_ms;
  for (const Jump& jump : ahead_)
    if (since_ms <= jump.from_ms) age_ms -= jump.by_ms;
  return std::max<UnixMs>(age_ms, 0);
}

}  // namespace atelier::watch

#include "base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace atelier {
namespace {

std::size_t shard_of_this_thread() noexcept {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t shard = next.fetch_add(1, std::memory_order_relaxed) % 4;
  return shard;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

// {a="1",b="2"}, with `extra` (such as le="0.5") last; empty without any.
std::string label_text(const Metric& metric, const std::vector<std::string>& values, std::string_view extra = {}) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i)
    out += fmt::format("{}{}=\"{}\"", i > 0 ? "," : "", metric.labels[i], escaped(values[i]));
  if (!extra.empty()) out += fmt::format("{}{}", out.empty() ? "" : ",", extra);
  return out.empty() ? out : "{" + out + "}";
}

constexpr std::string_view kKindNames[] = {"counter", "gauge", "histogram"};

constexpr std::array kLatencyBounds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1,
                                       0.25,   0.5,   1.0,   2.5,   5.0,  10.0,  30.0, 60.0};

}  // namespace

std::span<const double> latency_bounds() noexcept { return kLatencyBounds; }

void Counter::add(std::uint64_t amount) noexcept {
  shards_[shard_of_this_thread()].value.fetch_add(amount, std::memory_order_relaxed);
}

std::uint64_t Counter::value() const noexcept {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), buckets_(new std::atomic<std::uint64_t>[bounds.size() + 1]()) {}

void Histogram::observe(double value) noexcept {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    snapshot.buckets.push_back(buckets_[i].load(std::memory_order_relaxed));
    snapshot.count += snapshot.buckets.back();
  }
  snapshot.sum = sum_.load(std::memory_order_relaxed);
  return snapshot;
}

Metrics::Series& Metrics::find(const Metric& metric, LabelValues values) {
  ensure(values.size() == metric.labels.size(), "a metric gets a value for each of its labels");
  Family& family = families_[metric.name];
  ensure(!family.metric || family.metric->kind == metric.kind, "a metric is declared once");
  family.metric = &metric;
  return family.series[std::vector<std::string>(values.begin(), values.end())];
}

Counter& Metrics::counter(const Metric& metric, LabelValues values) {
  const std::lock_guard lock(mutex_);
  Series& series = find(metric, values);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Metrics::gauge(const Metric& metric, LabelValues values) {
  const std::lock_guard lock(mutex_);
  Series& series = find(metric, values);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Metrics::histogram(const Metric& metric, LabelValues values) {
  const std::lock_guard lock(mutex_);
  Series& series = find(metric, values);
  if (!series.histogram)
    series.histogram = std::make_unique<Histogram>(metric.bounds.empty() ? latency_bounds() : metric.bounds);
  return *series.histogram;
}

std::shared_ptr<void> Metrics::read_from(const Metric& metric, Reader reader, LabelValues values) {
  const std::lock_guard lock(mutex_);
  auto shared = std::make_shared<Reader>(std::move(reader));
  find(metric, values).reader = shared;
  return shared;
}

std::string Metrics::render() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    const Metric& metric = *family.metric;
    out +=
        fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, metric.help, name, kKindNames[static_cast<int>(metric.kind)]);
    for (const auto& [values, series] : family.series) {
      if (series.counter) out += fmt::format("{}{} {}\n", name, label_text(metric, values), series.counter->value());
      if (series.gauge)
        out += fmt::format("{}{} {}\n", name, label_text(metric, values), number(series.gauge->value()));
      if (const auto reader = series.reader.lock())
        out += fmt::format("{}{} {}\n", name, label_text(metric, values), number((*reader)()));
      if (series.histogram) {
        const Histogram::Snapshot snapshot = series.histogram->snapshot();
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < snapshot.buckets.size(); ++i) {
          below += snapshot.buckets[i];
          const std::string bound =
              i < series.histogram->bounds().size() ? number(series.histogram->bounds()[i]) : "+Inf";
          out +=
              fmt::format("{}_bucket{} {}\n", name, label_text(metric, values, fmt::format("le=\"{}\"", bound)), below);
        }
        out += fmt::format("{}_sum{} {}\n", name, label_text(metric, values), number(snapshot.sum));
        out += fmt::format("{}_count{} {}\n", name, label_text(metric, values), snapshot.count);
      }
    }
  }
  return out;
}

std::vector<const Metric*> Metrics::declared() const {
  const std::lock_guard lock(mutex_);
  std::vector<const Metric*> all;
  for (const auto& [name, family] : families_) all.push_back(family.metric);
  return all;
}

}  // namespace atelier

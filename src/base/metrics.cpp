#include "base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/histogram_bounds.hpp"
#include "base/thread_shard.hpp"

namespace atelier {
namespace {

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

// " # {trace_id="..."} 0.43 1800000000.123", as OpenMetrics has them behind a bucket.
std::string exemplar_text(const Histogram::Exemplar& example) {
  TraceContext trace;
  trace.high = example.trace_high;
  trace.low = example.trace_low;
  return fmt::format(" # {{trace_id=\"{}\"}} {} {}.{:03}", trace.id(), number(example.value), example.time_ms / 1'000,
                     example.time_ms % 1'000);
}

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kKindNames[] = {"counter", "gauge", "histogram"};

}  // namespace

void Counter::add(std::uint64_t amount) noexcept {
  shards_[thread_shard(shards_.size())].value.fetch_add(amount, std::memory_order_relaxed);
}

std::uint64_t Counter::value() const noexcept {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
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
  if (!series.histogram) series.histogram = std::make_unique<Histogram>();
  return *series.histogram;
}

std::shared_ptr<void> Metrics::read_from(const Metric& metric, Reader reader, LabelValues values) {
  const std::lock_guard lock(mutex_);
  auto shared = std::make_shared<Reader>(std::move(reader));
  find(metric, values).reader = shared;
  return shared;
}

void Metrics::visit(MetricVisitor& visitor) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_)
    for (const auto& [values, series] : family.series) {
      const Metric& metric = *family.metric;
      std::string labels = label_text(metric, values);
      if (!labels.empty()) labels = labels.substr(1, labels.size() - 2);
      if (series.histogram) visitor.histogram(metric, labels, *series.histogram);
      if (series.counter) visitor.counter(metric, labels, static_cast<double>(series.counter->value()));
      if (series.gauge) visitor.gauge(metric, labels, series.gauge->value());
      const auto reader = series.reader.lock();
      if (reader && metric.kind == MetricKind::counter) visitor.counter(metric, labels, (*reader)());
      if (reader && metric.kind == MetricKind::gauge) visitor.gauge(metric, labels, (*reader)());
    }
}

std::string Metrics::render() const { return render(Exposition::prometheus); }
std::string Metrics::render_open() const { return render(Exposition::openmetrics); }

void Metrics::render_histogram(std::string& out, const Metric& metric, const std::vector<std::string>& values,
                               const Histogram& histogram, Exposition exposition) {
  const std::string_view name = metric.name;
  const Histogram::Snapshot snapshot = histogram.snapshot();
  const HistogramBounds bounds = histogram_bounds(name);
  const auto bucket = [&](const std::string& bound, std::uint64_t count, int power) {
    out += fmt::format("{}_bucket{} {}", name, label_text(metric, values, fmt::format("le=\"{}\"", bound)), count);
    if (exposition == Exposition::openmetrics)
      if (const auto example = histogram.exemplar(power)) out += exemplar_text(*example);
    out += '\n';
  };
  for (int power = bounds.lowest; power <= bounds.highest; ++power)
    bucket(number(std::ldexp(1.0, power)), snapshot.count_to(power), power);
  bucket("+Inf", snapshot.count(), bounds.highest + 1);
  out += fmt::format("{}_sum{} {}\n", name, label_text(metric, values), number(snapshot.sum()));
  out += fmt::format("{}_count{} {}\n", name, label_text(metric, values), snapshot.count());
}

std::string Metrics::render(Exposition exposition) const {
  const bool is_open = exposition == Exposition::openmetrics;
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    const Metric& metric = *family.metric;
    // There a counter's name is without its ending, which its samples have.
    std::string_view told = name;
    if (is_open && metric.kind == MetricKind::counter && told.ends_with(kTotal)) told.remove_suffix(kTotal.size());
    const std::string_view ending = is_open && metric.kind == MetricKind::counter ? kTotal : "";
    const std::string sample = std::string(is_open ? told : name) + std::string(ending);
    out +=
        fmt::format("# HELP {} {}\n# TYPE {} {}\n", told, metric.help, told, kKindNames[static_cast<int>(metric.kind)]);
    for (const auto& [values, series] : family.series) {
      if (series.counter) out += fmt::format("{}{} {}\n", sample, label_text(metric, values), series.counter->value());
      if (series.gauge)
        out += fmt::format("{}{} {}\n", sample, label_text(metric, values), number(series.gauge->value()));
      if (const auto reader = series.reader.lock())
        out += fmt::format("{}{} {}\n", sample, label_text(metric, values), number((*reader)()));
      if (series.histogram) render_histogram(out, metric, values, *series.histogram, exposition);
    }
  }
  if (is_open) out += "# EOF\n";
  return out;
}

std::vector<const Metric*> Metrics::declared() const {
  const std::lock_guard lock(mutex_);
  std::vector<const Metric*> all;
  for (const auto& [name, family] : families_) all.push_back(family.metric);
  return all;
}

}  // namespace atelier

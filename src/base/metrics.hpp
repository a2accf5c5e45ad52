#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"

namespace atelier {

// Adding takes no lock and shares no cache line between threads that hash apart.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept;
  std::uint64_t value() const noexcept;

 private:
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> value = 0;
  };
  std::array<Shard, 4> shards_;
};

class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

// A metric's declaration: a constant beside the code that counts. The name ends in its unit (_seconds, _bytes, _total);
// label values come from closed sets, never from users.
struct Metric {
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  std::span<const std::string_view> labels = {};
};

// Sees every series of a registry. `labels` is as Prometheus writes them, without braces.
class MetricVisitor {
 public:
  virtual ~MetricVisitor() = default;
  virtual void counter(const Metric& metric, const std::string& labels, double value) = 0;
  virtual void gauge(const Metric& metric, const std::string& labels, double value) = 0;
  virtual void histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) = 0;
};

// All metrics of a process. Thread-safe. References stay valid as long as the registry; look them up once, at
// construction, not per event. The Metric given must outlive the registry.
class Metrics {
 public:
  using LabelValues = std::initializer_list<std::string_view>;
  Counter& counter(const Metric& metric, LabelValues values = {});
  Gauge& gauge(const Metric& metric, LabelValues values = {});
  Histogram& histogram(const Metric& metric, LabelValues values = {});
  // A gauge or counter read at scrape time. The function is called from any thread, until the returned handle dies.
  using Reader = std::function<double()>;
  [[nodiscard]] std::shared_ptr<void> read_from(const Metric& metric, Reader reader, LabelValues values = {});

  // By name, and within a metric by its labels. The visitor asks nothing of the registry meanwhile.
  void visit(MetricVisitor& visitor) const;
  // Prometheus text format 0.0.4. A histogram's bounds are powers of two, from half a millisecond to a minute where it
  // is of seconds.
  std::string render() const;
  // OpenMetrics 1.0.0: the same, with exemplars.
  std::string render_open() const;
  // Every metric known, by name: pinned by a golden test.
  std::vector<const Metric*> declared() const;

 private:
  struct Series {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::weak_ptr<Reader> reader;
  };
  struct Family {
    const Metric* metric = nullptr;
    std::map<std::vector<std::string>, Series> series;
  };
  enum class Exposition : std::uint8_t { prometheus, openmetrics };
  Series& find(const Metric& metric, LabelValues values);
  std::string render(Exposition exposition) const;
  static void render_histogram(std::string& out, const Metric& metric, const std::vector<std::string>& values,
                               const Histogram& histogram, Exposition exposition);
  mutable std::mutex mutex_;
  std::map<std::string_view, Family> families_;
};

}  // namespace atelier

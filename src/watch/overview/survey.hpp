#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.hpp"

namespace atelier::watch {

// All of a registry's series at one moment, by metric.
class Survey final : public MetricVisitor {
 public:
  struct Series {
    std::string labels;               // as Prometheus writes them, without braces
    double value = 0;                 // of a counter or gauge
    Histogram::Snapshot spread = {};  // of a histogram
    // The value of one label; "" where there is none of that name.
    std::string label(std::string_view name) const;
  };
  explicit Survey(const Metrics& metrics) { metrics.visit(*this); }

  // Empty where nothing of that name was declared.
  std::span<const Series> of(std::string_view metric) const;
  // Of counters and gauges; 0 where there is none.
  double sum(std::string_view metric) const;
  double sum(std::string_view metric, std::string_view label, std::string_view value) const;
  // Of all series of a histogram together.
  Histogram::Snapshot spread(std::string_view metric) const;

  void counter(const Metric& metric, const std::string& labels, double value) override;
  void gauge(const Metric& metric, const std::string& labels, double value) override;
  void histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) override;

 private:
  std::map<std::string_view, std::vector<Series>> series_;  // names live as long as their declarations: for ever
};

}  // namespace atelier::watch

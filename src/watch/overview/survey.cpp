#include "watch/overview/survey.hpp"

#include <fmt/format.h>

namespace atelier::watch {

std::string Survey::Series::label(std::string_view name) const {
  const std::string begin = fmt::format("{}=\"", name);
  std::size_t at = labels.starts_with(begin) ? 0 : labels.find(',' + begin);
  if (at == std::string::npos) return {};
  at = labels.find('"', at) + 1;
  std::string text;
  for (; at < labels.size() && labels[at] != '"'; ++at) {
    if (labels[at] == '\\' && at + 1 < labels.size()) ++at;
    text += labels[at];
  }
  return text;
}

std::span<const Survey::Series> Survey::of(std::string_view metric) const {
  const auto found = series_.find(metric);
  return found == series_.end() ? std::span<const Series>() : std::span<const Series>(found->second);
}

double Survey::sum(std::string_view metric) const {
  double sum = 0;
  for (const Series& one : of(metric)) sum += one.value;
  return sum;
}

double Survey::sum(std::string_view metric, std::string_view label, std::string_view value) const {
  double sum = 0;
  for (const Series& one : of(metric))
    if (one.label(label) == value) sum += one.value;
  return sum;
}

Histogram::Snapshot Survey::spread(std::string_view metric) const {
  Histogram::Snapshot all;
  for (const Series& one : of(metric)) all.add(one.spread);
  return all;
}

void Survey::counter(const Metric& metric, const std::string& labels, double value) {
  series_[metric.name].push_back({.labels = labels, .value = value});
}
void Survey::gauge(const Metric& metric, const std::string& labels, double value) {
  series_[metric.name].push_back({.labels = labels, .value = value});
}
void Survey::histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) {
  series_[metric.name].push_back({.labels = labels, .spread = histogram.snapshot()});
}

}  // namespace atelier::watch

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/histogram_bounds.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/trace.hpp"

// OTLP/HTTP in JSON (opentelemetry-proto, docs/specification.md): ids in hexadecimal digits, enums as integers,
// integers of 64 bits as decimal strings.
namespace atelier::watch::otlp {

using Attributes = std::vector<std::pair<std::string, std::string>>;

// A line of the log, kept beyond the moment.
struct LogRecord {
  std::int64_t unix_ns = 0;
  log::Level level = log::Level::info;
  std::string message;
  Attributes fields = {};
  std::string trace = {};  // its field of that name; empty: none
};

// Bodies of the three requests. `resource` says who sends them.
std::string traces_request(const Attributes& resource, std::span<const trace::SpanRecord> spans);
std::string logs_request(const Attributes& resource, std::span<const LogRecord> records);
// One that OpenTelemetry's conventions name, beside our own.
struct ConventionalMetric {
  struct Series {
    Attributes attributes;
    const Histogram* values;
  };
  std::string_view name, unit, description;
  HistogramBounds bounds;
  int bound_step = 1;  // 2: powers of four
  std::vector<Series> series = {};
};
// All metrics as they are, cumulative since `started_ns`; of `conventional` those of which there is anything.
std::string metrics_request(const Attributes& resource, const Metrics& metrics,
                            std::span<const ConventionalMetric> conventional, std::int64_t started_ns,
                            std::int64_t now_ns);

// "a=1,b=2" as the environment has headers and attributes, with values percent-decoded. What is not of that form is
// left out.
Attributes parse_pairs(std::string_view text);

}  // namespace atelier::watch::otlp

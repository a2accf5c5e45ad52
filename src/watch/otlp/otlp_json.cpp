#include "watch/otlp/otlp_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/histogram_bounds.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "net/url.hpp"
#include "watch/objective/selector.hpp"

namespace atelier::watch::otlp {
namespace {

constexpr std::size_t kValueBytesMax = 1'000;
// Of a histogram of seconds, as powers of two: from a thousandth to an hour.
constexpr HistogramBounds kSeconds{-10, 12};

json::Value string_value(std::string_view text) {
  return json::Object{{"stringValue", printable(text, kValueBytesMax)}};
}

json::Object attribute(std::string_view name, json::Value value) {
  return {{"key", name}, {"value", std::move(value)}};
}

bool is_count(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

constexpr std::array<std::string_view, 4> kCounts = {"http.response.status_code", "gen_ai.request.choice.count",
                                                     "gen_ai.request.seed", "gen_ai.request.top_k"};
constexpr std::array<std::string_view, 5> kFractions = {
    "gen_ai.request.temperature", "gen_ai.request.top_p", "gen_ai.request.frequency_penalty",
    "gen_ai.request.presence_penalty", "gen_ai.response.time_to_first_chunk"};

// Of the type that the conventions have for it.
json::Value fact_value(std::string_view name, std::string_view text) {
  if ((name.ends_with("_tokens") || std::ranges::find(kCounts, name) != kCounts.end()) && is_count(text))
    return json::Object{{"intValue", text}};
  if (std::ranges::find(kFractions, name) != kFractions.end())
    if (const auto number = parse_number(text)) return json::Object{{"doubleValue", *number}};
  if (name == "gen_ai.request.stream") return json::Object{{"boolValue", text == "true"}};
  return string_value(text);
}

// "chat gpt-5", as the conventions name a request to a model; for our own lists names are of few kinds.
std::string name_of(const trace::SpanRecord& record) {
  if (record.kind != trace::SpanKind::client) return record.name;
  std::string_view operation, model;
  for (const auto& [name, value] : record.facts) {
    if (name == "gen_ai.operation.name") operation = value;
    if (name == "gen_ai.request.model") model = value;
  }
  return operation.empty() || model.empty() ? record.name
                                            : fmt::format("{} {}", operation, printable(model, kValueBytesMax));
}

json::Array attributes_of(const Attributes& pairs) {
  json::Array all;
  for (const auto& [name, value] : pairs) all.push_back(attribute(name, string_value(value)));
  return all;
}

std::string decimal(std::int64_t number) { return std::to_string(number); }

json::Object scope() { return {{"name", "atelier"}, {"version", kVersion}}; }

std::string wrap(const Attributes& resource, std::string_view outer, std::string_view middle, std::string_view inner,
                 json::Array items) {
  json::Object scoped{{"scope", scope()}};
  scoped[inner] = std::move(items);
  json::Object one{{"resource", json::Object{{"attributes", attributes_of(resource)}}}};
  one[middle] = json::Array{std::move(scoped)};
  json::Object whole;
  whole[outer] = json::Array{std::move(one)};
  return json::write(whole);
}

json::Object span_of(const trace::SpanRecord& record) {
  constexpr int kErrorStatus = 2;
  const std::int64_t began_us = trace::unix_us(record.started);
  const std::int64_t ended_us = std::max(trace::unix_us(record.ended), began_us);
  json::Array attributes;
  for (const auto& [name, value] : record.facts) attributes.push_back(attribute(name, fact_value(name, value)));
  json::Object span{{"traceId", record.context.id()},
                    {"spanId", span_id_text(record.context.span)},
                    {"name", name_of(record)},
                    {"kind", static_cast<int>(record.kind)},
                    {"startTimeUnixNano", decimal(began_us * 1'000)},
                    {"endTimeUnixNano", decimal(ended_us * 1'000)},
                    {"flags", record.context.is_sampled ? 1 : 0}};
  if (record.parent != 0) span["parentSpanId"] = span_id_text(record.parent);
  if (!record.fault.empty()) {
    attributes.push_back(attribute("error.type", string_value(record.fault)));
    span["status"] = json::Object{{"code", kErrorStatus}, {"message", printable(record.fault)}};
  }
  span["attributes"] = std::move(attributes);
  return span;
}

int severity_of(log::Level level) {
  constexpr int kNumbers[] = {5, 9, 13, 17};  // DEBUG, INFO, WARN, ERROR
  return kNumbers[static_cast<std::size_t>(level)];
}

std::string_view severity_text(log::Level level) {
  constexpr std::string_view kTexts[] = {"DEBUG", "INFO", "WARN", "ERROR"};
  return kTexts[static_cast<std::size_t>(level)];
}

std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_seconds") || name.ends_with("_seconds_total")) return "s";
  if (name.ends_with("_bytes") || name.ends_with("_bytes_total")) return "By";
  return "1";
}

json::Value number(double value) { return std::isfinite(value) ? json::Value(value) : json::Value(0.0); }

// One entry for each metric, with a data point for each of its series.
class Collector final : public MetricVisitor {
 public:
  Collector(std::int64_t started_ns, std::int64_t now_ns) : started_(decimal(started_ns)), now_(decimal(now_ns)) {}

  void counter(const Metric& metric, const std::string& labels, double value) override {
    json::Object at = point(labels);
    at["asDouble"] = number(value);
    json::Object& sum = entry(metric, "sum");
    sum["aggregationTemporality"] = kCumulative;
    sum["isMonotonic"] = true;
    sum["dataPoints"].as_array().push_back(std::move(at));
  }
  void gauge(const Metric& metric, const std::string& labels, double value) override {
    json::Object at = point(labels);
    at["asDouble"] = number(value);
    entry(metric, "gauge")["dataPoints"].as_array().push_back(std::move(at));
  }
  void histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) override {
    const HistogramBounds bounds = unit_of(metric.name) == "s" ? kSeconds : histogram_bounds(metric.name);
    json::Object& told = entry(metric, "histogram");
    told["aggregationTemporality"] = kCumulative;
    told["dataPoints"].as_array().push_back(with(point(labels), histogram.snapshot(), bounds, 1));
  }
  void conventional(const ConventionalMetric& metric) {
    json::Array points;
    for (const auto& [attributes, values] : metric.series)
      if (const Histogram::Snapshot seen = values->snapshot(); seen.count() > 0)
        points.push_back(with(point(attributes), seen, metric.bounds, metric.bound_step));
    if (points.empty()) return;
    json::Object told{{"aggregationTemporality", kCumulative}, {"dataPoints", std::move(points)}};
    all_.push_back(json::Object{{"name", metric.name},
                                {"unit", metric.unit},
                                {"description", metric.description},
                                {"histogram", std::move(told)}});
  }

  json::Array take() { return std::move(all_); }

 private:
  static constexpr int kCumulative = 2;
  json::Object point(const Attributes& attributes) const {
    return {{"startTimeUnixNano", started_}, {"timeUnixNano", now_}, {"attributes", attributes_of(attributes)}};
  }
  json::Object point(const std::string& labels) const { return point(split_labels(labels)); }
  static json::Object with(json::Object point, const Histogram::Snapshot& seen, HistogramBounds between, int step) {
    json::Array bounds, counts;
    std::uint64_t before = 0;
    for (int power = between.lowest; power <= between.highest; power += step) {
      bounds.push_back(std::ldexp(1.0, power));
      const std::uint64_t upto = seen.count_to(power);
      counts.push_back(json::Value(std::to_string(upto - before)));
      before = upto;
    }
    counts.push_back(json::Value(std::to_string(seen.count() - before)));
    point["count"] = std::to_string(seen.count());
    point["sum"] = number(seen.sum());
    point["explicitBounds"] = std::move(bounds);
    point["bucketCounts"] = std::move(counts);
    return point;
  }
  // Series of a metric follow each other.
  json::Object& entry(const Metric& metric, std::string_view kind) {
    if (name_ != metric.name) {
      name_ = metric.name;
      json::Object one{{"name", metric.name}, {"unit", unit_of(metric.name)}, {"description", metric.help}};
      one[kind] = json::Object{{"dataPoints", json::Array()}};
      all_.push_back(std::move(one));
    }
    return all_.back().as_object().at(kind).as_object();
  }

  const std::string started_, now_;
  std::string_view name_;
  json::Array all_;
};

}  // namespace

std::string traces_request(const Attributes& resource, std::span<const trace::SpanRecord> spans) {
  json::Array all;
  for (const trace::SpanRecord& record : spans) all.push_back(span_of(record));
  return wrap(resource, "resourceSpans", "scopeSpans", "spans", std::move(all));
}

std::string logs_request(const Attributes& resource, std::span<const LogRecord> records) {
  json::Array all;
  for (const LogRecord& record : records) {
    json::Object one{{"timeUnixNano", decimal(record.unix_ns)},     {"observedTimeUnixNano", decimal(record.unix_ns)},
                     {"severityNumber", severity_of(record.level)}, {"severityText", severity_text(record.level)},
                     {"body", string_value(record.message)},        {"attributes", attributes_of(record.fields)}};
    if (!record.trace.empty()) one["traceId"] = record.trace;
    all.push_back(std::move(one));
  }
  return wrap(resource, "resourceLogs", "scopeLogs", "logRecords", std::move(all));
}

std::string metrics_request(const Attributes& resource, const Metrics& metrics,
                            std::span<const ConventionalMetric> conventional, std::int64_t started_ns,
                            std::int64_t now_ns) {
  Collector collector(started_ns, now_ns);
  metrics.visit(collector);
  for (const ConventionalMetric& metric : conventional) collector.conventional(metric);
  return wrap(resource, "resourceMetrics", "scopeMetrics", "metrics", collector.take());
}

Attributes parse_pairs(std::string_view text) {
  Attributes pairs;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view pair = trim(text.substr(0, comma));
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : trim(pair.substr(equals + 1));
    if (equals != std::string_view::npos && equals > 0)
      pairs.emplace_back(trim(pair.substr(0, equals)),
                         net::percent_decode(value, net::Plus::is_plus).value_or(std::string(value)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return pairs;
}

}  // namespace atelier::watch::otlp

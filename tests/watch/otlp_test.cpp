// What a collector is sent is what the specification says, and a collector that is slow, down or refuses costs its own
// records alone. The rules below are written from opentelemetry-proto's docs/specification.md, not from our writer.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "base/json.hpp"
#include "base/task_group.hpp"
#include "tests/app/webhook_receiver.hpp"
#include "tests/base/queue_report.hpp"
#include "watch/otlp/exporter.hpp"

namespace atelier::watch::otlp {
namespace {

using namespace std::chrono_literals;

bool is_hex(const json::Value& value, std::size_t digits) {
  const std::string text(value.as_string());
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos &&
         text.find_first_not_of('0') != std::string::npos;
}

bool is_decimal(const json::Value& value) {
  if (!value.is_string()) return false;
  std::string_view text(value.as_string());
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

void check_names(const json::Object& object, const std::set<std::string>& known) {
  for (const auto& [name, value] : object) EXPECT_TRUE(known.contains(std::string(name))) << name;
}

void check_attributes(const json::Value& list) {
  std::set<std::string> keys;
  for (const json::Value& one : list.as_array()) {
    check_names(one.as_object(), {"key", "value"});
    EXPECT_TRUE(keys.insert(std::string(one.at("key").as_string())).second) << "keys are unique";
    const json::Object& value = one.at("value").as_object();
    ASSERT_EQ(value.size(), 1U);
    const auto& [type, told] = *value.begin();
    EXPECT_TRUE((type == "stringValue" && told.is_string()) || (type == "boolValue" && told.is_bool()) ||
                (type == "doubleValue" && told.is_number()) || (type == "intValue" && is_decimal(told)))
        << "64-bit integers are decimal strings: " << json::write(value);
  }
}

// The records of a request, whose frame is checked.
json::Array records_of(const std::string& body, const char* outer, const char* middle, const char* inner) {
  json::Array all;
  const auto value = json::parse(body);
  EXPECT_TRUE(value);
  if (!value) return all;
  check_names(value->as_object(), {outer});
  for (const json::Value& resource : value->at(outer).as_array()) {
    check_names(resource.as_object(), {"resource", middle});
    check_attributes(resource.at("resource").at("attributes"));
    for (const json::Value& scope : resource.at(middle).as_array()) {
      check_names(scope.as_object(), {"scope", inner});
      EXPECT_TRUE(scope.at("scope").at("name").is_string());
      for (const json::Value& one : scope.at(inner).as_array()) all.push_back(one);
    }
  }
  return all;
}

json::Array check_traces(const std::string& body) {
  json::Array spans = records_of(body, "resourceSpans", "scopeSpans", "spans");
  for (const json::Value& span : spans) {
    check_names(span.as_object(), {"traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano",
                                   "endTimeUnixNano", "attributes", "status", "flags"});
    EXPECT_TRUE(is_hex(span.at("traceId"), 32));
    EXPECT_TRUE(is_hex(span.at("spanId"), 16));
    EXPECT_TRUE(!span.as_object().contains("parentSpanId") || is_hex(span.at("parentSpanId"), 16));
    EXPECT_FALSE(span.at("name").as_string().empty());
    EXPECT_TRUE(span.at("kind").is_int64()) << "enums are integers";
    EXPECT_GE(span.at("kind").as_int64(), 1);
    EXPECT_LE(span.at("kind").as_int64(), 5);
    EXPECT_TRUE(is_decimal(span.at("startTimeUnixNano")) && is_decimal(span.at("endTimeUnixNano")));
    EXPECT_LE(std::stoll(std::string(span.at("startTimeUnixNano").as_string())),
              std::stoll(std::string(span.at("endTimeUnixNano").as_string())));
    check_attributes(span.at("attributes"));
    EXPECT_TRUE(!span.as_object().contains("status") || span.at("status").at("code").as_int64() == 2);
  }
  return spans;
}

trace::SpanRecord span_named(std::string name, std::string fault = {}) {
  const auto now = std::chrono::steady_clock::now();
  return {.context = make_trace(true).below(make_span_id()),
          .parent = make_span_id(),
          .name = std::move(name),
          .kind = trace::SpanKind::client,
          .started = now - 5ms,
          .ended = now,
          .fault = std::move(fault),
          .facts = {{"gen_ai.request.model", "m"}, {"gen_ai.usage.input_tokens", "12"}}};
}

TEST(OtlpJson, TracesAreAsSpecified) {
  const std::vector<trace::SpanRecord> spans = {span_named("a"), span_named("b", "unavailable")};
  const json::Array told = check_traces(traces_request({{"service.name", "atelier"}}, spans));
  ASSERT_EQ(told.size(), 2U);
  EXPECT_FALSE(told[0].as_object().contains("status"));
  EXPECT_EQ(told[1].at("status").at("message").as_string(), "unavailable");
  EXPECT_EQ(json::write(told[0].at("attributes")).find(R"("intValue":"12")") != std::string::npos, true)
      << json::write(told[0].at("attributes"));
}

// As the conventions for generative models want a request to a model told: its name, and each attribute's type.
TEST(OtlpJson, ARequestToAModelIsToldByItsConventions) {
  trace::SpanRecord span = span_named("attempt");
  span.facts = {{"gen_ai.operation.name", "chat"},
                {"gen_ai.request.model", "gpt-5"},
                {"gen_ai.request.stream", "true"},
                {"gen_ai.request.temperature", "0.7"},
                {"gen_ai.request.seed", "-3"},
                {"gen_ai.response.time_to_first_chunk", "0.25"},
                {"gen_ai.usage.cache_read.input_tokens", "7"}};
  const json::Array told = check_traces(traces_request({}, {{span}}));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].at("name").as_string(), "chat gpt-5");
  std::map<std::string, std::string> values;
  for (const json::Value& one : told[0].at("attributes").as_array())
    values[std::string(one.at("key").as_string())] = json::write(one.at("value"));
  EXPECT_EQ(values["gen_ai.request.stream"], R"({"boolValue":true})");
  EXPECT_EQ(values["gen_ai.request.temperature"], R"({"doubleValue":7E-1})");
  EXPECT_EQ(values["gen_ai.request.seed"], R"({"intValue":"-3"})");
  EXPECT_EQ(values["gen_ai.response.time_to_first_chunk"], R"({"doubleValue":2.5E-1})");
  EXPECT_EQ(values["gen_ai.usage.cache_read.input_tokens"], R"({"intValue":"7"})");
  span.kind = trace::SpanKind::internal;
  EXPECT_EQ(check_traces(traces_request({}, {{span}}))[0].at("name").as_string(), "attempt");
}

TEST(OtlpJson, LogsAreAsSpecified) {
  const std::vector<LogRecord> lines = {{.unix_ns = 1'800'000'000'000'000'000,
                                         .level = log::Level::warn,
                                         .message = "said",
                                         .fields = {{"n", "1"}},
                                         .trace = make_trace(true).id()}};
  const json::Array told = records_of(logs_request({}, lines), "resourceLogs", "scopeLogs", "logRecords");
  ASSERT_EQ(told.size(), 1U);
  check_names(told[0].as_object(), {"timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body",
                                    "attributes", "traceId"});
  EXPECT_EQ(told[0].at("severityNumber").as_int64(), 13);
  EXPECT_EQ(told[0].at("body").at("stringValue").as_string(), "said");
  EXPECT_TRUE(is_decimal(told[0].at("timeUnixNano")));
  EXPECT_TRUE(is_hex(told[0].at("traceId"), 32));
  check_attributes(told[0].at("attributes"));
}

constexpr std::string_view kLabel[] = {"route"};
constexpr Metric kCount{"test_total", MetricKind::counter, "A count", kLabel};
constexpr Metric kLevel{"test_bytes", MetricKind::gauge, "A level"};
constexpr Metric kTime{"test_seconds", MetricKind::histogram, "A time"};

TEST(OtlpJson, MetricsAreAsSpecified) {
  Metrics metrics;
  metrics.counter(kCount, {"/a \"b\""}).add(3);
  metrics.counter(kCount, {"/c"}).add(4);
  metrics.gauge(kLevel).set(1.5);
  for (const double seconds : {0.0001, 0.01, 0.5, 5'000.0}) metrics.histogram(kTime).observe(seconds);
  const json::Array told =
      records_of(metrics_request({}, metrics, {}, 1, 2), "resourceMetrics", "scopeMetrics", "metrics");
  ASSERT_EQ(told.size(), 3U);
  for (const json::Value& metric : told) {
    check_names(metric.as_object(), {"name", "unit", "description", "sum", "gauge", "histogram"});
    const json::Object& object = metric.as_object();
    const std::string kind = object.contains("sum") ? "sum" : object.contains("gauge") ? "gauge" : "histogram";
    EXPECT_TRUE(kind == "gauge" || metric.at(kind).at("aggregationTemporality").as_int64() == 2);
    EXPECT_TRUE(kind != "sum" || metric.at(kind).at("isMonotonic").as_bool());
    for (const json::Value& point : metric.at(kind).at("dataPoints").as_array()) {
      EXPECT_TRUE(is_decimal(point.at("timeUnixNano")) && is_decimal(point.at("startTimeUnixNano")));
      check_attributes(point.at("attributes"));
      if (kind != "histogram") continue;
      const json::Array &bounds = point.at("explicitBounds").as_array(), &counts = point.at("bucketCounts").as_array();
      EXPECT_EQ(counts.size(), bounds.size() + 1);
      std::int64_t sum = 0;
      for (const json::Value& count : counts) {
        EXPECT_TRUE(is_decimal(count));
        sum += std::stoll(std::string(count.as_string()));
      }
      EXPECT_EQ(std::to_string(sum), point.at("count").as_string()) << "the buckets hold all";
      for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i - 1].as_double(), bounds[i].as_double());
    }
  }
}

// A share of one is mostly far below one, and a page's memory far above: bounds are of the unit, or say nothing.
TEST(OtlpJson, BoundsOfHistogramsAreOfTheirUnit) {
  static constexpr Metric kShare{"test_ratio", MetricKind::histogram, "A share"};
  static constexpr Metric kSize{"test_heap_bytes", MetricKind::histogram, "A size"};
  Metrics metrics;
  for (const double share : {0.01, 0.1}) metrics.histogram(kShare).observe(share);
  for (const double size : {100e6, 300e6}) metrics.histogram(kSize).observe(size);
  for (const json::Value& metric :
       records_of(metrics_request({}, metrics, {}, 1, 2), "resourceMetrics", "scopeMetrics", "metrics")) {
    int filled = 0;
    const json::Array& counts = metric.at("histogram").at("dataPoints").at(0).at("bucketCounts").as_array();
    for (const json::Value& count : counts) filled += count.as_string() == "1" ? 1 : 0;
    EXPECT_EQ(filled, 2) << json::write(metric);
    EXPECT_EQ(counts.back().as_string(), "0") << "none is beyond the last";
  }
}

model::CallReport call_at(std::string candidate, std::optional<model::Fault> fault = {}) {
  model::CallReport report;
  report.is_streamed = true;
  model::AttemptReport attempt{.candidate = std::move(candidate), .first_token = 250ms, .fault = std::move(fault)};
  attempt.usage = {.input = 100, .output = 20};
  attempt.began_at = std::chrono::steady_clock::now();
  attempt.ended_at = attempt.began_at + 3s;
  report.attempts.push_back(std::move(attempt));
  return report;
}

// Attributes of a data point as "name=value", joined; the sum of its values.
std::map<std::string, double> sums_of(const json::Array& metrics, std::string_view name) {
  std::map<std::string, double> sums;
  for (const json::Value& metric : metrics) {
    if (metric.at("name").as_string() != name) continue;
    for (const json::Value& point : metric.at("histogram").at("dataPoints").as_array()) {
      std::set<std::string> attributes;
      for (const json::Value& one : point.at("attributes").as_array())
        attributes.insert(fmt::format("{}={}", std::string(one.at("key").as_string()),
                                      std::string(one.at("value").at("stringValue").as_string())));
      sums[fmt::format("{}", fmt::join(attributes, " "))] = point.at("sum").to_number<double>();
    }
  }
  return sums;
}

TEST(OtlpModelMeter, MeasuresRequestsToModelsByTheConventions) {
  ModelMeter meter;
  meter.note(call_at("openai/gpt-5"));
  meter.note(call_at("openai/gpt-5"));
  meter.note(call_at("worn/a/b", model::Fault{.kind = model::Fault::Kind::timeout}));
  const auto conventional = meter.metrics();
  const json::Array told =
      records_of(metrics_request({}, Metrics(), conventional, 1, 2), "resourceMetrics", "scopeMetrics", "metrics");
  EXPECT_EQ(told.size(), 3U);
  const std::string good = "gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=gpt-5";
  const std::string bad = "gen_ai.operation.name=chat gen_ai.provider.name=worn gen_ai.request.model=a/b";
  EXPECT_EQ(sums_of(told, "gen_ai.client.operation.duration"),
            (std::map<std::string, double>{{good, 6}, {"error.type=provider_timeout " + bad, 3}}));
  EXPECT_EQ(sums_of(told, "gen_ai.client.operation.time_to_first_chunk").at(good), 0.5);
  const auto tokens = sums_of(told, "gen_ai.client.token.usage");
  EXPECT_EQ(tokens.at(good + " gen_ai.token.type=input"), 200);
  EXPECT_EQ(tokens.at(good + " gen_ai.token.type=output"), 40);
  for (const json::Value& metric : told) {
    const json::Value& point = metric.at("histogram").at("dataPoints").as_array().front();
    EXPECT_EQ(point.at("bucketCounts").as_array().size(), point.at("explicitBounds").as_array().size() + 1);
  }
}

// Callers name models as they like: what they name must not fill the memory, nor the collector's.
TEST(OtlpModelMeter, HasABound) {
  ModelMeter meter;
  for (std::size_t i = 0; i < 2 * ModelMeter::kSeriesMax; ++i) meter.note(call_at(fmt::format("p/m{}", i)));
  const auto metrics = meter.metrics();
  EXPECT_LE(metrics.front().series.size(), ModelMeter::kSeriesMax + 1);
  EXPECT_THAT(metrics.front().series,
              testing::Contains(testing::Field(&ConventionalMetric::Series::attributes,
                                               testing::Contains(testing::Pair("gen_ai.request.model", "_other")))));
}

TEST(OtlpOptions, AreTheEnvironmentsOwn) {
  EXPECT_FALSE(exporter_options("", {})->is_on());
  auto base = exporter_options("http://collector:4318/", {{"OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b, y=2"},
                                                          {"OTEL_SERVICE_NAME", "studio"},
                                                          {"OTEL_RESOURCE_ATTRIBUTES", "service.name=x,host=h"},
                                                          {"OTEL_METRIC_EXPORT_INTERVAL", "5000"},
                                                          {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}});
  ASSERT_TRUE(base);
  EXPECT_EQ(base->traces.url, "http://collector:4318/v1/traces");
  EXPECT_EQ(base->logs.url, "http://collector:4318/v1/logs");
  EXPECT_EQ(base->metrics.headers, (Attributes{{"x-key", "a b"}, {"y", "2"}}));
  EXPECT_EQ(base->resource.front(), (std::pair<std::string, std::string>("host", "h")));
  EXPECT_EQ(base->metrics_every, 5s);
  EXPECT_TRUE(base->traces.is_compressed);
  auto own = exporter_options("", {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t.example/in"}});
  ASSERT_TRUE(own);
  EXPECT_EQ(own->traces.url, "https://t.example/in") << "as it stands";
  EXPECT_TRUE(own->logs.url.empty());
  EXPECT_EQ(exporter_options("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere"}}).error().where,
            "OTEL_EXPORTER_OTLP_ENDPOINT");
  EXPECT_FALSE(exporter_options("http://c:1", {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}));
  const auto share = [](std::string sampler, std::string argument = {}) {
    const auto options = exporter_options(
        "http://c:1", {{"OTEL_TRACES_SAMPLER", std::move(sampler)}, {"OTEL_TRACES_SAMPLER_ARG", std::move(argument)}});
    return options ? options->traces_share : -1;
  };
  EXPECT_EQ(share("parentbased_always_on"), 1);
  EXPECT_EQ(share("always_off"), 0);
  EXPECT_EQ(share("parentbased_traceidratio", "0.25"), 0.25);
  EXPECT_EQ(share("traceidratio"), 1);
  for (const char* wrong : {"1.5", "-0.1", "half", "nan"}) EXPECT_EQ(share("traceidratio", wrong), -1) << wrong;
  EXPECT_EQ(share("jaeger_remote"), -1);
  EXPECT_FALSE(exporter_options("http://c:1", {{"OTEL_BSP_MAX_QUEUE_SIZE", "-1"}}));
  EXPECT_FALSE(exporter_options("http://c:1", {{"OTEL_SDK_DISABLED", "true"}})->is_on());
}

class OtlpExporterTest : public testing::Test {
 protected:
  OtlpExporterTest() { client_ = *net::HttpClient::make(loops_, {}, metrics_); }
  ~OtlpExporterTest() override {
    end();
    client_->stop();
    loops_.stop();
  }
  void begin(std::size_t spans_max = 2'048, double traces_share = 1) {
    ExporterOptions options;
    if (has_metrics_) options.metrics.url = collector_.url("/v1/metrics");
    options.metrics_every = 5ms;
    options.traces_share = traces_share;
    options.traces.url = collector_.url("/v1/traces");
    options.logs.url = collector_.url("/v1/logs");
    options.resource = {{"service.name", "atelier"}};
    options.spans_every = options.logs_every = 10ms;
    options.retry_min = options.retry_max = 20ms;
    options.spans_max = spans_max;
    exporter_ = std::make_unique<Exporter>(*client_, metrics_, nullptr, system_clock(), std::move(options));
    group_ = std::make_unique<TaskGroup>(loops_.executor(0));
    asio::post(loops_.executor(0), [this] { group_->spawn(exporter_->run()); });
  }
  void end() {
    if (!group_) return;
    std::promise<void> ended;
    asio::co_spawn(
        loops_.executor(0),
        [](TaskGroup* group) -> Task<> {
          group->cancel();
          (void)co_await group->join();
        }(group_.get()),
        [&](const std::exception_ptr&) { ended.set_value(); });
    ended.get_future().wait();
    group_.reset();
  }
  double counted(const std::string& line) const {
    const std::string all = metrics_.render();
    const std::size_t at = all.find("\n" + line + " ");
    return at == std::string::npos ? 0 : std::stod(all.substr(at + line.size() + 2));
  }
  void wait_until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 1'000 && !is_so(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(is_so());
  }
  static constexpr const char* kSentTraces = R"(atelier_otlp_sent_total{signal="traces"})";
  static constexpr const char* kDroppedTraces = R"(atelier_otlp_dropped_total{signal="traces"})";

  Metrics metrics_;
  net::Loops loops_{1};
  std::unique_ptr<net::HttpClient> client_;
  WebhookReceiver collector_;
  bool has_metrics_ = false;  // sends those too
  std::unique_ptr<Exporter> exporter_;
  std::unique_ptr<TaskGroup> group_;
};

TEST_F(OtlpExporterTest, SendsWhatHappens) {
  begin();
  exporter_->take({span_named("a"), span_named("b")});
  exporter_->see({.level = log::Level::error, .message = "went wrong", .fields = {{"n", 1}}, .where = {}});
  const auto seen = collector_.wait_for(2);
  std::set<std::string> paths;
  for (const auto& one : seen) {
    paths.insert(one.path);
    EXPECT_EQ(one.header("content-type"), "application/json");
    EXPECT_TRUE(one.header("user-agent").starts_with("Atelier-OTLP-Exporter/"));
    if (one.path == "/v1/traces") {
      EXPECT_EQ(check_traces(one.body).size(), 2U);
    }
  }
  EXPECT_EQ(paths, (std::set<std::string>{"/v1/logs", "/v1/traces"}));
  wait_until([&] { return counted(kSentTraces) == 2; });
}

// Every span of a trace, or none: else a trace would have holes.
TEST_F(OtlpExporterTest, SendsAShareOfAllTracesWhole) {
  begin(2'048, 0.25);
  std::vector<trace::SpanRecord> spans;
  for (int trace = 0; trace < 400; ++trace) {
    spans.push_back(span_named("a"));
    spans.push_back(spans.back());
    spans.back().context = spans.back().context.below(make_span_id());
  }
  exporter_->take(spans);
  wait_until([&] { return counted(kSentTraces) > 0; });
  std::map<std::string, int> told;
  for (const auto& one : collector_.wait_for(1))
    for (const json::Value& span : check_traces(one.body)) ++told[std::string(span.at("traceId").as_string())];
  EXPECT_GT(told.size(), 40U);
  EXPECT_LT(told.size(), 170U);
  for (const auto& [id, count] : told) EXPECT_EQ(count, 2) << id;
  EXPECT_EQ(counted(kDroppedTraces), 0) << "what is not wanted is not lost";
}

TEST_F(OtlpExporterTest, TriesAgainWhatMayBeTakenLater) {
  collector_.answer_with([](std::size_t index) {
    return net::text_response("{}", "application/json", index == 0 ? 503 : index == 1 ? 429 : 200);
  });
  begin();
  exporter_->take({span_named("a")});
  const auto seen = collector_.wait_for(3);
  EXPECT_EQ(seen[0].body, seen[2].body);
  wait_until([&] { return counted(kSentTraces) == 1; });
  EXPECT_EQ(counted(kDroppedTraces), 0);
}

TEST_F(OtlpExporterTest, ACollectorIsAskedAgainNoSoonerThanItSays) {
  collector_.answer_with([](std::size_t index) {
    net::Response response = net::text_response("{}", "application/json", index == 0 ? 429 : 200);
    if (index == 0) response.headers.set("retry-after", "1");
    return response;
  });
  begin();
  exporter_->take({span_named("a")});
  const auto seen = collector_.wait_for(2);
  EXPECT_GE(seen[1].at - seen[0].at, 990ms);
  wait_until([&] { return counted(kSentTraces) == 1; });
}

// One that wants nothing for an hour has nothing kept for it, and is not asked once a batch whether it has changed its
// mind.
TEST_F(OtlpExporterTest, ACollectorThatWantsNothingForLongIsLeftAlone) {
  collector_.answer_with([](std::size_t) {
    net::Response response = net::text_response("{}", "application/json", 429);
    response.headers.set("retry-after", "3600");
    return response;
  });
  has_metrics_ = true;
  begin();
  for (int i = 1; i <= 3; ++i) {
    exporter_->take({span_named("a")});
    wait_until([&] { return counted(kDroppedTraces) == i; });
  }
  wait_until([&] { return counted(R"(atelier_otlp_dropped_total{signal="metrics"})") >= 5; });
  std::multiset<std::string> paths;
  for (const auto& one : collector_.seen()) paths.insert(one.path);
  EXPECT_EQ(paths, (std::multiset<std::string>{"/v1/metrics", "/v1/traces"}));
}

TEST_F(OtlpExporterTest, WhatWaitsIsAsOldAsItsFirstUntilItIsTaken) {
  const auto waiting = [] { return queue_report_of("spans to export"); };
  std::atomic<int> status = 503;
  collector_.answer_with([&](std::size_t) { return net::text_response("{}", "application/json", status); });
  begin();
  exporter_->take({span_named("a")});
  (void)collector_.wait_for(2);
  exporter_->take({span_named("b")});
  wait_until([&] { return waiting().oldest_seconds > 0.1; });
  EXPECT_EQ(waiting().count, 2U) << "the batch that is tried again, and what came after it";
  status = 200;
  wait_until([&] { return waiting().count == 0; });
  EXPECT_EQ(waiting().oldest_seconds, 0);
}

TEST_F(OtlpExporterTest, NeverSendsAgainWhatWasRefused) {
  collector_.answer_with([](std::size_t index) {
    if (index == 0) return net::text_response("{}", "application/json", 400);
    return net::text_response(R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}})", "application/json");
  });
  begin();
  exporter_->take({span_named("a")});
  wait_until([&] { return counted(kDroppedTraces) == 1; });
  exporter_->take({span_named("b"), span_named("c")});
  wait_until([&] { return counted(kSentTraces) == 1; });
  EXPECT_EQ(counted(kDroppedTraces), 2) << "what it refused of the second is dropped";
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(collector_.seen().size(), 2U);
}

// What the exporter says of a collector is a line of the log, which goes to the same collector: said each time, it
// would never end.
TEST_F(OtlpExporterTest, SaysOnceWhatACollectorDoesNotTake) {
  struct Ear final : log::Tap {
    explicit Ear(Exporter* one) : exporter(one), tap(log::add_tap(*this)) {}
    void see(const log::Line& line) noexcept override {
      if (line.message.starts_with("the collector ")) ++count;
      exporter->see(line);
    }
    Exporter* exporter;
    std::atomic<int> count = 0;
    std::shared_ptr<void> tap;
  };
  // One that takes traces and nothing else, as many do; and refuses a part of those.
  collector_.answer_with([this](std::size_t index) {
    if (collector_.seen()[index].path == "/v1/logs") return net::text_response("no such path", "text/plain", 404);
    return net::text_response(R"({"partialSuccess":{"rejectedSpans":1,"errorMessage":"no"}})", "application/json");
  });
  begin();
  Ear ear(exporter_.get());
  log::info("something happens");
  for (int i = 1; i <= 20; ++i) {
    exporter_->take({span_named("a")});
    log::info("something happens");
    wait_until([&] { return counted(kDroppedTraces) >= i; });
  }
  wait_until([&] { return counted(R"(atelier_otlp_dropped_total{signal="logs"})") >= 21; });
  end();
  EXPECT_EQ(ear.count, 2) << "one of each signal";
}

// A field of the log that is named as a trace's id and is none would have the collector refuse all lines beside it.
TEST_F(OtlpExporterTest, WhatIsNoTraceIdIsAnOrdinaryField) {
  begin();
  exporter_->see({.level = log::Level::warn, .message = "odd", .fields = {{"trace", "of what"}}, .where = {}});
  const std::string body = collector_.wait_for(1).front().body;
  EXPECT_EQ(body.find("traceId"), std::string::npos) << body;
  EXPECT_NE(body.find("of what"), std::string::npos) << body;
}

TEST_F(OtlpExporterTest, ACollectorThatHangsCostsItsOwnRecordsAlone) {
  collector_.holds = true;
  begin(10);
  for (int i = 0; i < 100; ++i) exporter_->take({span_named("a")});
  wait_until([&] { return collector_.at_once > 0; });
  for (int i = 0; i < 100; ++i) exporter_->take({span_named("a")});
  EXPECT_GE(counted(kDroppedTraces), 100) << "what finds no room is counted";
  collector_.holds = false;
  end();
}

}  // namespace
}  // namespace atelier::watch::otlp

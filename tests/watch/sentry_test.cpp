// Sentry: what is sent is as its specification has it, and a Sentry that is slow, full or gone costs nothing else.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/task_group.hpp"
#include "net/server.hpp"
#include "tests/base/queue_report.hpp"
#include "tests/net/gunzip.hpp"
#include "watch/sentry/sender.hpp"

namespace atelier::watch {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// What an envelope holds; throws where it is none. Written from the specification: a line of JSON, then for each item a
// line of JSON and as many bytes as it says, LF between them, and nothing behind the last but one LF.
struct ReadItem {
  json::Object header;
  json::Value payload;
};
struct ReadEnvelope {
  json::Object header;
  std::vector<ReadItem> items;
};

json::Object object_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  if (line.empty() || line.front() != '{' || line.back() != '}')
    throw std::runtime_error("a header is no plain object");
  auto value = json::parse(line);
  if (!value) throw std::runtime_error("a header is no JSON");
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return value->as_object();
}

void need(bool is_so, const char* what) {
  if (!is_so) throw std::runtime_error(what);
}

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void check_event(const json::Object& event, const json::Object& header) {
  const std::string_view id = event.at("event_id").as_string();
  need(is_hex(id, 32), "event_id");
  need(id == std::string_view(header.at("event_id").as_string()), "event_id differs");
  need(event.at("timestamp").as_string().ends_with("Z"), "timestamp");
  const std::string_view platform = event.at("platform").as_string();
  need(platform == "native" || platform == "javascript", "platform");
  const std::string_view level = event.at("level").as_string();
  need(level == "fatal" || level == "error", "level");
  for (const auto& [name, value] : event.at("tags").as_object()) need(value.is_string(), "a tag is no string");
  for (const json::Value& part : event.at("fingerprint").as_array()) need(part.is_string(), "fingerprint");
  for (const json::Value& one : event.at("exception").at("values").as_array()) {
    need(one.at("type").is_string() && one.at("value").is_string(), "exception");
    need(one.at("mechanism").at("handled").is_bool(), "mechanism");
    if (const auto* stack = one.as_object().if_contains("stacktrace"))
      need(!stack->at("frames").as_array().empty(), "a stack without frames");
  }
  if (const auto* contexts = event.if_contains("contexts")) {
    need(is_hex(std::string_view(contexts->at("trace").at("trace_id").as_string()), 32), "trace_id");
    need(is_hex(std::string_view(contexts->at("trace").at("span_id").as_string()), 16), "span_id");
  }
}

ReadEnvelope read_envelope(std::string_view rest) {
  ReadEnvelope envelope{.header = object_line(rest), .items = {}};
  need(envelope.header.at("sent_at").as_string().ends_with("Z"), "sent_at");
  need(envelope.header.at("sdk").at("name").is_string() && envelope.header.at("sdk").at("version").is_string(), "sdk");
  int events = 0;
  while (!rest.empty()) {
    ReadItem item{.header = object_line(rest), .payload = {}};
    const auto size = item.header.at("length").to_number<std::size_t>();
    need(size <= rest.size(), "an item is cut");
    item.payload = json::parse(rest.substr(0, size)).value();
    rest.remove_prefix(size);
    if (!rest.empty()) {
      need(rest.front() == '\n', "no LF behind an item");
      rest.remove_prefix(1);
    }
    if (item.header.at("type").as_string() == "event") {
      need(++events == 1, "two events");
      check_event(item.payload.as_object(), envelope.header);
    }
    envelope.items.push_back(std::move(item));
  }
  return envelope;
}

// A Sentry that behaves as it is told.
class SentryTest : public testing::Test {
 protected:
  SentryTest() {
    auto server = net::Server::listen(
        loops_, {.port = 0, .stop_timeout = 100ms},
        [this](net::Request request) { return answer(this, std::move(request)); }, metrics_);
    server_ = std::move(*server);
    client_ = std::move(*net::HttpClient::make(loops_, {}, metrics_));
  }
  ~SentryTest() override {
    stop();
    client_->stop();
    server_->stop();
    loops_.stop();
  }
  static Task<Result<net::Response>> answer(SentryTest* self, net::Request request) {
    auto body = co_await request.read_body(1 << 20);
    if (!body) co_return error_of(body);
    net::Response response = net::text_response("{}", "application/json");
    std::chrono::milliseconds wait{0};
    {
      const std::lock_guard lock(self->mutex_);
      self->paths_.push_back(request.path);
      self->auth_ = request.headers.find("x-sentry-auth").value_or("");
      self->type_ = request.headers.find("content-type").value_or("");
      const bool is_smaller = request.headers.find("content-encoding") == "gzip";
      self->sent_sizes_.push_back(body->size());
      self->bodies_.push_back(is_smaller ? net::gunzip(*body) : std::move(*body));
      response.status = self->status_;
      for (const auto& [name, value] : self->fields_) response.headers.set(name, value);
      wait = self->wait_;
    }
    if (wait.count() > 0) (void)co_await sleep_for(wait);
    co_return response;
  }
  void start(SentrySender::Options options = {}, std::uint16_t port = 0) {
    if (options.look_every == SentrySender::Options().look_every) options.look_every = 5ms;
    auto dsn =
        SentryDsn::parse(fmt::format("http://abc123:old@127.0.0.1:{}/sub/7", port == 0 ? server_->port() : port));
    ASSERT_TRUE(dsn) << dsn.error().describe();
    sender_ = std::make_unique<SentrySender>(*client_, **dsn, system_clock(), metrics_, options);
    group_ = std::make_unique<TaskGroup>(loops_.executor(0), TaskGroup::Options{.stops_on_error = false});
    asio::post(loops_.executor(0), [this] { group_->spawn(sender_->run()); });
  }
  void stop() {
    if (!group_) return;
    run_blocking(loops_.executor(0), [](TaskGroup* group) -> Task<> {
      group->cancel();
      (void)co_await group->join();
    }(group_.get()));
    group_.reset();
  }
  void say(int status, std::map<std::string, std::string> fields = {}, std::chrono::milliseconds wait = 0ms) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    fields_ = std::move(fields);
    wait_ = wait;
  }
  std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  // Once so many envelopes have come.
  std::vector<std::string> bodies(std::size_t count) {
    for (int i = 0; i < 1'000 && bodies().size() < count; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_GE(bodies().size(), count);
    return bodies();
  }
  void expect_counted(const std::string& line) {
    for (int i = 0; i < 1'000 && metrics_.render().find(line + "\n") == std::string::npos; ++i)
      std::this_thread::sleep_for(5ms);
    EXPECT_THAT(metrics_.render(), HasSubstr(line));
  }
  static Occurrence broken(std::string code = "internal") {
    Occurrence one;
    one.time_ms = 1'800'000'000'000;
    one.message = "a request failed inside";
    one.code = std::move(code);
    one.route = "/api/runs";
    one.trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    one.stack = {0x1234, 0x5678};
    one.build_id = "00112233445566778899aabbccddeeff00112233";
    one.breadcrumbs = {{.time_ms = 1, .level = "info", .message = "before\nit", .fields = {{"provider", "x"}}}};
    one.version = "0.1.0";
    return one;
  }

  Metrics metrics_;
  net::Loops loops_{1};
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<SentrySender> sender_;
  std::unique_ptr<TaskGroup> group_;
  std::mutex mutex_;
  std::vector<std::string> bodies_, paths_;
  std::vector<std::size_t> sent_sizes_;
  std::string auth_, type_;
  int status_ = 200;
  std::map<std::string, std::string> fields_;
  std::chrono::milliseconds wait_{0};
};

TEST_F(SentryTest, AnErrorIsAnEnvelope) {
  start();
  Occurrence warning = broken();
  warning.severity = Severity::warning;
  sender_->send(warning);
  Occurrence page = broken("TypeError");
  page.origin = ErrorOrigin::page;
  page.stack.clear();
  page.frames = {"load (/_app/chat-1a.js:12:34)"};
  sender_->send(broken());
  sender_->send(page);
  const auto all = bodies(2);
  const ReadEnvelope first = read_envelope(all[0]);
  ASSERT_EQ(first.items.size(), 1U);
  const json::Value& event = first.items[0].payload;
  EXPECT_EQ(event.at("transaction").as_string(), "/api/runs");
  EXPECT_EQ(event.at("release").as_string(), "atelier@0.1.0");
  // Outermost first.
  EXPECT_EQ(event.at("exception").at("values").at(0).at("stacktrace").at("frames").at(0).at("instruction_addr"),
            "0x5678");
  EXPECT_EQ(event.at("debug_meta").at("images").at(0).at("debug_id"), "33221100-5544-7766-8899-aabbccddeeff");
  const json::Value paged = read_envelope(all[1]).items.at(0).payload;
  EXPECT_EQ(paged.at("exception").at("values").at(0).at("stacktrace").at("frames").at(0).at("lineno"), 12);
  EXPECT_EQ(paths_.front(), "/sub/api/7/envelope/");
  EXPECT_EQ(type_, "application/x-sentry-envelope");
  EXPECT_THAT(auth_, HasSubstr("Sentry sentry_version=7, sentry_key=abc123, sentry_client=atelier/"));
  EXPECT_EQ(auth_.find("old"), std::string::npos);
}

TEST_F(SentryTest, WhatIsLargeIsSentSmaller) {
  start();
  Occurrence long_one = broken();
  for (int i = 0; i < 40; ++i)
    long_one.breadcrumbs.push_back({.time_ms = i, .level = "info", .message = "a step was done", .fields = {}});
  sender_->send(long_one);
  const std::string body = bodies(1)[0];
  EXPECT_EQ(read_envelope(body).items.at(0).payload.at("breadcrumbs").at("values").as_array().size(), 41U);
  ASSERT_GT(body.size(), 3'000U);
  EXPECT_LT(sent_sizes_.front(), body.size() / 2);
}

TEST_F(SentryTest, WhatWaitsForASentryThatIsGoneGrowsOld) {
  const auto waiting = [] { return queue_report_of("errors to Sentry"); };
  const std::uint16_t port = server_->port();
  server_->stop();
  start({.retry_min = 20ms, .retry_max = 20ms}, port);
  sender_->send(broken());
  for (int i = 0; i < 1'000 && waiting().oldest_seconds < 0.05; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_GE(waiting().oldest_seconds, 0.05) << "to be tried again makes nothing younger";
  auto again = net::Server::listen(
      loops_, {.port = port, .stop_timeout = 100ms},
      [this](net::Request request) { return answer(this, std::move(request)); }, metrics_);
  ASSERT_TRUE(again) << again.error().describe();
  server_ = std::move(*again);
  (void)bodies(1);
  EXPECT_EQ(waiting().count, 0U);
  EXPECT_EQ(waiting().oldest_seconds, 0);
}

TEST_F(SentryTest, ALimitIsObeyedAndWhatItCostIsTold) {
  say(200, {{"X-Sentry-Rate-Limits", "3:error;transaction:key:quota, 5000:log_item:key, x:error"}});
  start({.report_every = 0ms});
  sender_->send(broken());
  (void)bodies(1);
  say(200);
  expect_counted("atelier_sentry_events_total{outcome=\"sent\"} 1");
  for (int i = 0; i < 3; ++i) sender_->send(broken());
  expect_counted("atelier_sentry_events_total{outcome=\"dropped\"} 3");
  EXPECT_EQ(bodies().size(), 1U);
  // Until the limit's seconds are over.
  for (int i = 0; i < 1'000 && bodies().size() < 2; ++i) {
    sender_->send(broken());
    std::this_thread::sleep_for(20ms);
  }
  const ReadEnvelope next = read_envelope(bodies(2)[1]);
  ASSERT_EQ(next.items.size(), 2U);
  EXPECT_EQ(next.items[1].header.at("type"), "client_report");
  const json::Value& discarded = next.items[1].payload.at("discarded_events").at(0);
  EXPECT_EQ(discarded.at("reason"), "ratelimit_backoff");
  EXPECT_EQ(discarded.at("category"), "error");
  const auto quantity = discarded.at("quantity").to_number<int>();
  EXPECT_GE(quantity, 3);
  EXPECT_THAT(metrics_.render(), HasSubstr(fmt::format("{{outcome=\"dropped\"}} {}\n", quantity)));
}

TEST(SentryLimits, AreReadAsTheyAreTold) {
  SentryLimits limits;
  const auto now = std::chrono::steady_clock::now();
  const auto note = [&](int status, std::string_view name, std::string_view value) {
    net::Headers headers;
    if (!name.empty()) headers.set(name, value);
    limits = {};
    limits.note(status, headers, 0, now);
  };
  note(429, "", "");
  EXPECT_TRUE(limits.holds("error", now + 59s));
  EXPECT_FALSE(limits.holds("error", now + 61s));
  note(429, "retry-after", "7");
  EXPECT_TRUE(limits.holds("error", now + 6s));
  EXPECT_FALSE(limits.holds("error", now + 8s));
  note(200, "retry-after", "7");
  EXPECT_FALSE(limits.holds("error", now));
  note(200, "x-sentry-rate-limits", "60::organization");
  EXPECT_TRUE(limits.holds("error", now + 59s));
  note(429, "x-sentry-rate-limits", "60:transaction;attachment:key, 2700:nonsense:key");
  EXPECT_FALSE(limits.holds("error", now));
  EXPECT_TRUE(limits.holds("transaction", now));
  note(200, "x-sentry-rate-limits", "10:error:key,5:error:key");
  EXPECT_TRUE(limits.holds("error", now + 9s));
  // Seconds may have a fraction, and count whole then.
  note(200, "x-sentry-rate-limits", "2.5:error:key");
  EXPECT_TRUE(limits.holds("error", now + 2'900ms));
  EXPECT_FALSE(limits.holds("error", now + 3'100ms));
  note(429, "retry-after", "6.2");
  EXPECT_TRUE(limits.holds("error", now + 6'900ms));
  EXPECT_FALSE(limits.holds("error", now + 7'100ms));
  note(200, "x-sentry-rate-limits", "nan:error:key, inf:error:key, 1e300:transaction:key, -5:error:key");
  EXPECT_FALSE(limits.holds("error", now));
  EXPECT_TRUE(limits.holds("transaction", now + 23h));
}

TEST_F(SentryTest, WhatIsTooLargeIsDroppedAndNotTriedAgain) {
  say(413);
  start({.report_every = 0ms});
  sender_->send(broken());
  expect_counted("atelier_sentry_events_total{outcome=\"dropped\"} 1");
  say(200);
  sender_->send(broken());
  const ReadEnvelope next = read_envelope(bodies(2)[1]);
  EXPECT_EQ(next.items.at(1).payload.at("discarded_events").at(0).at("reason"), "send_error");
  EXPECT_EQ(bodies().size(), 2U);
}

TEST_F(SentryTest, ASentryThatIsGoneIsTriedAgainFromABoundedQueue) {
  const std::uint16_t port = server_->port();
  server_->stop();
  start({.queue_max = 5, .retry_min = 20ms, .retry_max = 40ms, .report_every = 0ms}, port);
  for (int i = 0; i < 50; ++i) sender_->send(broken(fmt::format("c{}", i)));
  auto again = net::Server::listen(
      loops_, {.port = port, .stop_timeout = 100ms},
      [this](net::Request request) { return answer(this, std::move(request)); }, metrics_);
  ASSERT_TRUE(again) << again.error().describe();
  server_ = std::move(*again);
  const auto all = bodies(5);
  std::uint64_t told = 0;
  for (const std::string& body : all)
    for (const ReadItem& item : read_envelope(body).items)
      if (item.header.at("type") == "client_report")
        for (const json::Value& one : item.payload.at("discarded_events").as_array())
          told += one.at("quantity").to_number<std::uint64_t>();
  EXPECT_GE(told, 44U);
}

TEST_F(SentryTest, AtTheEndASlowOneIsNotWaitedForLong) {
  start({.flush = 200ms});
  sender_->send(broken());
  (void)bodies(1);
  say(200, {}, 10'000ms);
  for (int i = 0; i < 5; ++i) sender_->send(broken());
  const auto began = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST_F(SentryTest, AtTheEndWhatWaitsIsSent) {
  start({.look_every = 10min});
  for (int i = 0; i < 3; ++i) sender_->send(broken());
  stop();
  EXPECT_EQ(bodies().size(), 3U);
}

TEST(SentryDsn, IsReadOrRefused) {
  const auto refused = [](std::string_view text) {
    const auto dsn = SentryDsn::parse(text);
    EXPECT_FALSE(dsn) << text;
    if (!dsn) {
      EXPECT_EQ(dsn.error().where, "watch.sentry_dsn");
    }
  };
  EXPECT_FALSE(SentryDsn::parse("").value());
  EXPECT_EQ(SentryDsn::parse(" https://k1@o1.ingest.sentry.io/42 ").value()->envelopes.target, "/api/42/envelope/");
  for (const std::string_view text : {"sentry", "https://sentry.io/42", "https://@sentry.io/42", "ftp://k@h/1",
                                      "https://k@sentry.io", "https://k@sentry.io/", "https://k e@h/1", "https://k@/1"})
    refused(text);
}

}  // namespace
}  // namespace atelier::watch

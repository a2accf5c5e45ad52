// Secrets and prompts that are put into every input come out nowhere: not in the log, in errors, metrics, traces, nor
// in what a Sentry or a collector is told. Of crashes tests/app/crash_test.cpp shows it.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <mutex>
#include <sstream>

#include "base/log.hpp"
#include "net/server.hpp"
#include "tests/api/chat_fixture.hpp"
#include "tests/net/gunzip.hpp"

namespace atelier::app {
namespace {

using net::Method;

// A prompt and secrets of several makers: all hold the same word.
constexpr std::string_view kCanary = "canary7731";
constexpr std::string_view kPrompt = "the canary7731 sings of the sea";
constexpr std::string_view kProviderKey = "sk-proj-canary7731abcdefghijklmnop";

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Answers as it is told, and hears what it is asked: a provider, a Sentry, or a collector.
class Other {
 public:
  explicit Other(net::Loops& loops) {
    server_ = std::move(*net::Server::listen(
        loops, {.port = 0}, [this](net::Request request) { return answer(this, std::move(request)); }, metrics_));
  }
  ~Other() { server_->stop(); }
  std::uint16_t port() const { return server_->port(); }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  // Repeats what it was asked, with the headers, as providers' errors do.
  bool echoes = false;
  int status = 200;

 private:
  static Task<Result<net::Response>> answer(Other* self, net::Request request) {
    std::string all = request.path + "?" + request.query;
    for (const auto& [name, value] : request.headers.fields()) all += fmt::format("\n{}: {}", name, value);
    auto body = co_await request.read_body(1 << 20);
    if (!body) co_return error_of(body);
    // What is not seen cannot be found.
    if (request.headers.find("content-encoding") == "gzip") *body = net::gunzip(*body);
    {
      const std::lock_guard lock(self->mutex_);
      self->heard_ += all + *body;
    }
    json::Object error{{"error", json::Object{{"message", "Incorrect API key or prompt: " + all + *body},
                                              {"type", "invalid_request_error"},
                                              {"code", std::string(kPrompt)}}}};
    net::Response response = net::json_response(self->echoes ? json::Value(error) : json::Value(json::Object()));
    response.status = self->status;
    co_return response;
  }
  Metrics metrics_;
  std::unique_ptr<net::Server> server_;
  std::mutex mutex_;
  std::string heard_;
};

class CanaryTest : public ChatHouseTest {
 protected:
  void SetUp() override {
    ChatHouseTest::SetUp();
    // Soon, and in one go.
    ::setenv("OTEL_METRIC_EXPORT_INTERVAL", "300", 1);
    ::setenv("OTEL_BSP_SCHEDULE_DELAY", "100", 1);
    ::setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", 1);
    log_ = folder_.string() + ".log";
    log_fd_ = ::open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    log::flush();
    log::configure({.least = log::Level::debug, .format = log::Format::json, .fd = log_fd_});
  }
  void TearDown() override {
    ChatHouseTest::TearDown();
    for (const char* name :
         {"OTEL_METRIC_EXPORT_INTERVAL", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_EXPORTER_OTLP_COMPRESSION"})
      ::unsetenv(name);
    log::flush();
    log::configure({.least = log::Level::warn, .format = log::Format::text});
    ::close(log_fd_);
    fs::remove(log_);
  }
  // What becomes of an answer of that provider in a thread of ours.
  std::string fail_in_a_thread(const std::string& name, const Other& provider) {
    EXPECT_EQ(call(Method::post, "/api/providers",
                   json::write(json::Object{{"name", name},
                                            {"preset", "openai_chat"},
                                            {"base_url", fmt::format("http://127.0.0.1:{}/v1", provider.port())},
                                            {"key", kProviderKey}}),
                   admin_)
                  .status,
              201);
    const json::Object settings{
        {"model", name + "/m"}, {"title", std::string(kPrompt)}, {"system", std::string(kPrompt)}};
    const Answer made = call(Method::post, "/api/threads", json::write(settings), admin_);
    EXPECT_EQ(made.status, 201) << made.body;
    const std::string thread = text(made.json(), "id");
    const Answer sent = call(Method::post, path(thread, "/messages"), said(std::string(kPrompt)), admin_);
    EXPECT_EQ(sent.status, 201) << sent.body;
    for (int i = 0; i < 1'500; ++i) {
      const std::string state = text(call(Method::get, path(thread, "/messages/2"), {}, admin_).json(), "state");
      if (state == "complete" || state == "failed") return state;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "never ended";
  }
  static void expect_none(std::string_view where, std::string_view told) {
    const std::size_t at = told.find(kCanary);
    EXPECT_EQ(at, std::string_view::npos) << where << ": " << told.substr(at < 200 ? 0 : at - 200, 400);
  }

  std::string log_;
  int log_fd_ = -1;
};

TEST_F(CanaryTest, WhatIsSecretOrAskedComesOutNowhere) {
  Other sentry(loops_), provider(loops_), collector(loops_);
  provider.echoes = true;
  ask_for_keys({{"watch.sentry_dsn", fmt::format("http://public1@127.0.0.1:{}/3", sentry.port())},
                {"watch.otlp_endpoint", fmt::format("http://127.0.0.1:{}", collector.port())}});
  ASSERT_EQ(call(Method::post, "/api/providers",
                 json::write(json::Object{{"name", "echo"},
                                          {"preset", "openai"},
                                          {"base_url", fmt::format("http://127.0.0.1:{}/v1", provider.port())},
                                          {"key", kProviderKey}}),
                 admin_)
                .status,
            201);
  const std::string chat = json::write(
      json::Object{{"model", "echo/m"},
                   {"messages", json::Array{json::Object{{"role", "user"}, {"content", std::string(kPrompt)}}}}});
  const std::string escaped = "the%20canary7731%20sings";
  for (const int status : {400, 401, 429, 500, 503, 200}) {
    provider.status = status;
    (void)call(Method::post, "/v1/chat/completions", chat, admin_);
    (void)call(Method::post, "/v1/images/generations",
               json::write(json::Object{{"model", "echo/m"}, {"prompt", std::string(kPrompt)}}), admin_);
  }
  EXPECT_NE(provider.heard().find(kPrompt), std::string::npos) << "the provider was asked";
  EXPECT_NE(provider.heard().find(kProviderKey), std::string::npos) << "with its key";
  // Credentials, wrong bodies and queries of all kinds.
  const Headers secrets = {{"authorization", "Bearer at_canary7731canary7731canary7731"}};
  const Headers cookie = {{"cookie", "atelier_session=as_canary7731canary7731canary7731"}};
  const Headers other = {
      {"x-api-key", "canary7731-key"}, {"x-csrf-token", "canary7731"}, {"user-agent", std::string(kPrompt)}};
  for (const Headers& who : {secrets, cookie, other}) {
    (void)call(Method::get, "/api/threads?q=" + escaped + "&key=sk-canary7731abcdefghijkl", {}, who);
    (void)call(Method::post, "/v1/chat/completions", chat, who);
  }
  (void)call(Method::post, "/api/threads", R"({"title": "the canary7731 sings)", admin_);
  (void)call(Method::post, "/api/generations", json::write(json::Object{{"prompt", std::string(kPrompt)}}), admin_);
  (void)call(Method::post, "/api/page-errors",
             json::write(json::Object{
                 {"errors", json::Array{json::Object{{"name", std::string(kPrompt)},
                                                     {"message", std::string(kPrompt)},
                                                     {"stack", std::string("Error: ") + std::string(kPrompt) +
                                                                   "\n at x (http://h/" + escaped + ".js:1:1)"},
                                                     {"page", "/c/canary7731"},
                                                     {"request_id", std::string(kProviderKey)}},
                                        json::Object{{"name", "TypeError"},
                                                     {"message", "the canary7731 sings is not a function"},
                                                     {"page", "/c?" + escaped}}}}}),
             admin_);
  (void)call(Method::post, "/api/page-figures",
             json::write(json::Array{json::Object{{"name", "LCP"},
                                                  {"value", 1},
                                                  {"page", "/c/canary7731"},
                                                  {"device", "canary7731"},
                                                  {"element", std::string(kPrompt)}}}),
             admin_);
  log::error("a provider said", {{"error", "Incorrect API key provided: " + std::string(kProviderKey)}});

  // Until the errors are in the inbox, and the Sentry knows of one.
  json::Array items;
  for (int i = 0; i < 400 && (items.size() < 3 || sentry.heard().find("a provider said") == std::string::npos); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    items = call(Method::get, "/api/performance/errors?limit=200", {}, admin_).json().at("items").as_array();
  }
  EXPECT_GE(items.size(), 3U);
  // And until the alert of a provider that refuses our key, with its evidence.
  json::Array alerts;
  for (int i = 0; i < 400 && alerts.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    alerts = call(Method::get, "/api/performance/alerts", {}, admin_).json().at("items").as_array();
  }
  EXPECT_FALSE(alerts.empty());
  for (const json::Value& alert : alerts)
    expect_none("an alert", call(Method::get, "/api/performance/alerts/" + text(alert, "id"), {}, admin_).body);
  for (const json::Value& item : items)
    expect_none("an error", call(Method::get, "/api/performance/errors/" + text(item, "id"), {}, admin_).body);
  expect_none("metrics", call(Method::get, "/metrics", {}, admin_).body);
  expect_none("pages", call(Method::get, "/api/performance/pages", {}, admin_).body);
  EXPECT_NE(sentry.heard().find("x-sentry-auth"), std::string::npos);
  house_.reset();
  expect_none("sentry", sentry.heard());
  const std::string collected = collector.heard();
  for (const std::string_view part :
       {"/v1/traces", "/v1/logs", "/v1/metrics", "request answered", "POST /api/threads", "a provider said"})
    EXPECT_NE(collected.find(part), std::string::npos) << "the collector was not told of " << part;
  expect_none("the collector", collected);
  log::flush();
  const std::string said = contents_of(log_);
  EXPECT_NE(said.find("request answered"), std::string::npos);
  expect_none("the log", said);
  // Calls, errors, traces and figures.
  for (const auto& entry : fs::directory_iterator(folder_))
    if (const std::string name = entry.path().filename(); name.starts_with("telemetry.db"))
      expect_none(name, contents_of(entry.path()));
}

// A thread keeps what was said, and the index of search its words: in telemetry.db there are words then, and no texts.
TEST_F(CanaryTest, WhatFailsInThreadsComesOutNowhereElse) {
  Other sentry(loops_), collector(loops_), provider(loops_);
  provider.echoes = true;
  ask_for_keys({{"watch.sentry_dsn", fmt::format("http://public1@127.0.0.1:{}/3", sentry.port())},
                {"watch.otlp_endpoint", fmt::format("http://127.0.0.1:{}", collector.port())}});
  for (const int status : {400, 401, 200}) {
    provider.status = status;
    // Another breaker each.
    EXPECT_EQ(fail_in_a_thread(fmt::format("echo{}", status), provider), "failed") << status;
  }
  EXPECT_NE(provider.heard().find(kPrompt), std::string::npos) << "the provider was asked";
  EXPECT_NE(provider.heard().find(kProviderKey), std::string::npos) << "with its key";
  log::error("a provider said", {{"error", "Incorrect API key provided: " + std::string(kProviderKey)}});
  const auto is_told = [&] { return sentry.heard().find("a provider said") != std::string::npos; };
  for (int i = 0; i < 400 && !is_told(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(is_told());
  const json::Value errors = call(Method::get, "/api/performance/errors?limit=200", {}, admin_).json();
  for (const json::Value& item : errors.at("items").as_array())
    expect_none("an error", call(Method::get, "/api/performance/errors/" + text(item, "id"), {}, admin_).body);
  expect_none("metrics", call(Method::get, "/metrics", {}, admin_).body);
  const json::Value traces =
      call(Method::get, "/api/performance/traces?limit=200&name=POST%20/api/threads/{id}/messages", {}, admin_).json();
  for (const json::Value& item : traces.at("items").as_array())
    expect_none("a trace", call(Method::get, "/api/performance/traces/" + text(item, "trace"), {}, admin_).body);
  house_.reset();
  expect_none("sentry", sentry.heard());
  const std::string collected = collector.heard();
  for (const std::string_view part : {"/v1/traces", "/v1/logs", "POST /api/threads/{id}/messages", "a provider said"})
    EXPECT_NE(collected.find(part), std::string::npos) << "the collector was not told of " << part;
  expect_none("the collector", collected);
  log::flush();
  expect_none("the log", contents_of(log_));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("telemetry.db")) continue;
    const std::string stored = contents_of(entry.path());
    for (const std::string_view text : {kPrompt.substr(4, 16), kProviderKey.substr(8)})
      EXPECT_EQ(stored.find(text), std::string::npos) << name << " holds " << text;
  }
}

}  // namespace
}  // namespace atelier::app

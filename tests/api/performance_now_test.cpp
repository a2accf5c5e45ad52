// How the studio does now: one document, live figures, and memory given back.
#include <gmock/gmock.h>

#include "base/time_text.hpp"
#include "tests/api/gateway_fixture.hpp"
#include "tests/api/made_by_ffmpeg.hpp"
#include "watch/history/history.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;
using testing::IsSupersetOf;

class PerformanceNow : public GatewayHouseTest {
 protected:
  json::Value metrics(std::string path = "/api/performance/metrics") {
    const Answer answer = call(Method::get, std::move(path));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  std::vector<std::string> names(const json::Value& list, const char* field) {
    std::vector<std::string> all;
    for (const json::Value& one : list.as_array()) all.push_back(text(one, field));
    return all;
  }
  void ask(std::string words, bool is_kept) {
    const json::Value body = json::Object{
        {"model", "openai/gpt-5"}, {"messages", json::Array{json::Object{{"role", "user"}, {"content", words}}}}};
    Headers headers;
    if (is_kept) headers.emplace_back("x-atelier-cache", "60");
    const Answer answer = call(Method::post, "/v1/chat/completions", json::write(body), std::move(headers));
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
};

TEST_F(PerformanceNow, OneDocumentTellsAll) {
  listen();
  add_provider("openai", "openai", "/openai/v1");
  ask("[cached 3] one two three four five six", false);
  calls(1);
  const json::Value document = metrics();
  EXPECT_GT(document.at("process").at("resident_bytes").to_number<double>(), 1 << 20);
  EXPECT_GT(document.at("process").at("threads").as_int64(), 1);
  EXPECT_FALSE(document.at("loops").as_array().empty());
  EXPECT_THAT(names(document.at("requests"), "route"), IsSupersetOf({"/api/providers", "/v1/chat/completions"}));
  EXPECT_THAT(names(document.at("queues"), "name"), IsSupersetOf({"database writes", "call log", "blobs pool"}));
  for (const json::Value& queue : document.at("queues").as_array()) {
    const std::string name = text(queue, "name");
    const bool is_unknown =
        name == "search index" || name == "upstream connections" || name == "history" || name == "log lines";
    EXPECT_EQ(queue.at("oldest_seconds").is_null(), is_unknown) << name;
    if (!is_unknown && queue.at("depth").to_number<double>() == 0) {
      EXPECT_EQ(queue.at("oldest_seconds").to_number<double>(), 0) << name;
    }
  }
  EXPECT_THAT(names(document.at("queues"), "name"),
              IsSupersetOf({"light steps", "media steps", "media workers", "telemetry writes"}));
  EXPECT_FALSE(document.at("pools").at("work").as_array().empty());
  ASSERT_EQ(document.at("providers").as_array().size(), 1U);
  const json::Value& provider = document.at("providers").as_array().front();
  EXPECT_EQ(text(provider, "provider") + "/" + text(provider, "model"), "openai/gpt-5");
  EXPECT_EQ(provider.at("usage").at("calls").as_int64(), 1);
  EXPECT_GT(std::stod(text(provider.at("usage"), "cost_per_answer")), 0);
  EXPECT_EQ(document.at("caches").at("prompts").at("cached_tokens").as_int64(), 3);
  EXPECT_GT(std::stod(text(document.at("caches").at("prompts"), "saved")), 0);
  EXPECT_EQ(metrics("/performance/metrics").at("usage_days"), document.at("usage_days"));
}

TEST_F(PerformanceNow, WhatIsDroppedIsSaid) {
  listen();
  add_provider("openai", "openai", "/openai/v1");
  for (int i = 0; i < 2; ++i) ask("once for both", true);
  const json::Value kept = json::Value(metrics().at("caches").at("answers"));
  ASSERT_EQ(kept.at("hits").to_number<double>(), 1);
  ASSERT_EQ(kept.at("entries").as_int64(), 1);
  EXPECT_GT(std::stod(text(kept, "saved")), 0);

  const Answer wrong = call(Method::post, "/api/performance/gc", R"({"classes":["answers","users"]})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(text(wrong.json(), "where"), "/classes");
  EXPECT_EQ(metrics().at("caches").at("answers").at("entries").as_int64(), 1) << "nothing changed";

  const Answer dropped = call(Method::post, "/performance/gc", R"({"classes":["answers"]})");
  ASSERT_EQ(dropped.status, 200) << dropped.body;
  const json::Value report = dropped.json();
  ASSERT_EQ(report.at("freed").as_array().size(), 1U);
  EXPECT_EQ(report.at("freed").as_array().front().at("entries").as_int64(), 1);
  EXPECT_GT(report.at("freed").as_array().front().at("size_bytes").as_int64(), 0);
  EXPECT_GT(report.at("resident_after_bytes").as_int64(), 1 << 20);
  EXPECT_EQ(metrics().at("caches").at("answers").at("entries").as_int64(), 0);
  ask("once for both", true);
  EXPECT_EQ(metrics().at("caches").at("answers").at("hits").to_number<double>(), 1) << "it was asked for anew";
}

TEST_F(PerformanceNow, PreviewsAreDroppedAndMadeAgain) {
  listen();
  const Answer up = call(Method::post, "/api/assets?name=a.jpg", drawn("640x480", "mjpeg"),
                         {{"content-type", "application/octet-stream"}});
  ASSERT_EQ(up.status, 201) << up.body;
  const std::string url = text(up.json(), "preview_url");
  const std::string shown = call(Method::get, url).body;
  // What is being made behind it is in use, and stays.
  const auto is_pending = [&] {
    const json::Value now = call(Method::get, "/api/assets/" + text(up.json(), "id")).json();
    return text(now.at("previews"), "state") == "pending";
  };
  for (int i = 0; i < 2'000 && is_pending(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const Answer dropped = call(Method::post, "/api/performance/gc");
  ASSERT_EQ(dropped.status, 200) << dropped.body;
  const json::Value report = dropped.json();
  ASSERT_THAT(names(report.at("freed"), "class"), testing::ElementsAre("answers", "previews", "results"));
  const json::Value& previews = report.at("freed").as_array()[1];
  EXPECT_GT(previews.at("entries").as_int64(), 0);
  EXPECT_GE(previews.at("size_bytes").as_int64(), static_cast<std::int64_t>(shown.size()));
  EXPECT_EQ(metrics().at("caches").at("derived").at("size_bytes").as_int64(), 0);
  EXPECT_EQ(call(Method::get, "/api/assets/" + text(up.json(), "id") + "/content").status, 200) << "originals stay";
  EXPECT_EQ(call(Method::get, url).body, shown);
}

TEST_F(PerformanceNow, IsToldOnceASecondWhileSomebodyWatches) {
  listen();
  net::FetchRequest request;
  request.target = "/api/performance/events?topics=process,requests";
  auto heard = run_blocking(loops_.executor(0), listen_for(endpoint_, std::move(request), "event: requests\n", 2));
  ASSERT_TRUE(heard) << heard.error().describe();
  const std::string& told = *heard;
  EXPECT_THAT(told, HasSubstr("event: process\ndata: {"));
  EXPECT_THAT(told, testing::Not(HasSubstr("event: queues")));
  EXPECT_EQ(call(Method::get, "/api/performance/events?topics=colours").status, 400);
}

TEST_F(PerformanceNow, FiguresThatAreAskedForAreToldAsTheyAreMade) {
  listen();
  const std::string path = "/api/performance/events";
  const auto listed = [&] {
    const json::Value known = call(Method::get, "/api/performance/figures").json();
    return std::ranges::any_of(known.at("items").as_array(), [](const json::Value& one) {
      return one.get_string() == "atelier_http_requests_total:rate";
    });
  };
  for (int i = 0; i < 1'000 && !listed(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  net::FetchRequest request;
  request.target = path + "?figures=atelier_process_uptime_seconds:value%0Aatelier_http_requests_total:rate";
  auto heard = run_blocking(loops_.executor(0), listen_for(endpoint_, std::move(request), "event: figures\n", 3));
  ASSERT_TRUE(heard) << heard.error().describe();
  EXPECT_THAT(*heard, testing::Not(HasSubstr("event: process"))) << "nobody asked for topics";
  std::vector<std::int64_t> seconds;  // each once, none left out
  for (std::size_t at = heard->find("data: "); at != std::string::npos; at = heard->find("data: ", at + 1)) {
    const std::size_t end = heard->find('\n', at);
    if (end == std::string::npos) break;
    auto told = json::parse(heard->substr(at + 6, end - at - 6));
    ASSERT_TRUE(told);
    ASSERT_EQ(told->at("step_ms").as_int64(), 1'000);
    ASSERT_EQ(told->at("lines").as_array().size(), 2U);
    EXPECT_EQ(text(told->at("lines").as_array()[1], "figure"), "atelier_http_requests_total:rate");
    const json::Array& points = told->at("lines").as_array()[0].at("points").as_array();
    for (std::size_t i = 0; i < points.size(); ++i)
      seconds.push_back(*parse_rfc3339(text(*told, "from")) / 1000 + static_cast<std::int64_t>(i));
    EXPECT_FALSE(points.back().is_null());
  }
  for (std::size_t i = 1; i < seconds.size(); ++i) EXPECT_EQ(seconds[i], seconds[i - 1] + 1);
  EXPECT_GE(seconds.size(), 3U);

  const Answer wrong = call(Method::get, path + "?figures=none%20such");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(text(wrong.json(), "where"), "figures");
  EXPECT_NE(text(wrong.json(), "detail").find("\"none such\" is no figure's name"), std::string::npos) << wrong.body;
  std::string many = path + "?figures=a:value";
  for (std::size_t i = 0; i < watch::History::kFiguresMax; ++i) many += "%0Aa:value";
  EXPECT_EQ(call(Method::get, std::move(many)).status, 400);
}

TEST_F(PerformanceNow, IsForAdminsAlone) {
  ask_for_keys();
  const Headers member = make_key(R"({"name":"m"})");
  for (const std::string before : {"/api/performance/", "/performance/"}) {
    EXPECT_EQ(call(Method::get, before + "metrics", {}, member).status, 403);
    EXPECT_EQ(call(Method::get, before + "events", {}, member).status, 403);
    EXPECT_EQ(call(Method::post, before + "gc", "{}", member).status, 403);
    EXPECT_EQ(call(Method::post, before + "gc", "{}").status, 401);
  }
}

}  // namespace
}  // namespace atelier::app

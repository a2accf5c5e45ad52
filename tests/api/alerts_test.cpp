// A studio in trouble, for real: what is wrong is told on the page, to webhooks and by mail, and is over once it is.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "model/media/webhook.hpp"
#include "tests/api/gateway_fixture.hpp"
#include "tests/app/webhook_receiver.hpp"
#include "tests/watch/smtp_double.hpp"
#include "watch/alert/alert.hpp"

namespace atelier::app {
namespace {

using net::Method;
using testing::HasSubstr;

watch::SmtpDouble::Options plain_mail() {
  watch::SmtpDouble::Options options;
  options.offers = "250 double";
  return options;
}

class AlertsApi : public GatewayHouseTest {
 protected:
  void SetUp() override {
    GatewayHouseTest::SetUp();
    open(flags());
    listen();
  }
  Flags flags() const {
    return {{"network.reachable", receiver_.authority()},
            {"alerts.smtp_url", fmt::format("smtp://127.0.0.1:{}", mail_.port())},
            {"alerts.mail_from", "Studio <studio@example.org>"},
            {"alerts.mail_to", "ada@example.org"}};
  }
  json::Array listed(std::string_view state) {
    return call(Method::get, fmt::format("/api/performance/alerts?state={}", state), {}, admin_)
        .json()
        .at("items")
        .as_array();
  }
  // The one of this kind, once it fires.
  json::Value await(std::string_view kind) {
    for (int i = 0; i < 600; ++i) {
      for (const json::Value& alert : listed("firing"))
        if (alert.at("kind").as_string() == kind) return alert;
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    ADD_FAILURE() << "no alert " << kind << " fired";
    return json::Object{{"id", ""}, {"cause", ""}, {"subject", ""}};
  }
  void hold_a_loop(std::chrono::milliseconds time) {
    asio::post(house_->executor(), [time] { std::this_thread::sleep_for(time); });
  }
  static std::string at(const json::Value& alert, std::string_view rest = {}) {
    return fmt::format("/api/performance/alerts/{}{}", alert.at("id").as_string().c_str(), rest);
  }
  std::string cursor() {
    const std::string hello = events("?topics=alerts", "", "event: hello");
    const std::size_t id = hello.find("id: ") + 4;
    return hello.substr(id, hello.find('\n', id) - id);
  }

  WebhookReceiver receiver_;
  watch::SmtpDouble mail_{plain_mail()};
};

TEST_F(AlertsApi, AHeldLoopIsToldToThePageToWebhooksAndByMail) {
  const json::Value endpoint =
      call(Method::post, "/api/webhook-endpoints",
           fmt::format(R"({{"url":"{}","types":["alert.fired","alert.resolved"]}})", receiver_.url()))
          .json();
  const std::string from = cursor();
  json::Value alert;
  // It may be between two looks that the loop is held.
  for (int i = 0; i < 20 && listed("firing").empty(); ++i) {
    hold_a_loop(std::chrono::milliseconds(400));
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
  }
  alert = await("loop_stall");
  EXPECT_EQ(text(alert, "subject"), "loop 0");
  EXPECT_THAT(text(alert, "cause"), HasSubstr("Event loop 0 was held for "));
  EXPECT_THAT(text(alert, "cause"), HasSubstr(" ms; the limit is 50 ms."));
  EXPECT_EQ(text(alert, "runbook"), "/help/operations#alert-event-loop-held");

  const std::string told = events("?topics=alerts", from, "event: alert.changed");
  EXPECT_THAT(told, HasSubstr("Event loop 0 was held for "));
  EXPECT_THAT(told, HasSubstr(text(alert, "id")));

  const auto seen = receiver_.wait_for(1);
  ASSERT_FALSE(seen.empty());
  EXPECT_THAT(seen[0].body, HasSubstr(R"("type":"alert.fired")"));
  EXPECT_THAT(seen[0].body, HasSubstr(text(alert, "id")));
  EXPECT_THAT(seen[0].header("webhook-signature"), testing::StartsWith("v1,"));

  for (int i = 0; i < 400 && mail_.messages().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  ASSERT_EQ(mail_.messages().size(), 1);
  EXPECT_THAT(mail_.messages().front(), HasSubstr("To: <ada@example.org>"));
  EXPECT_THAT(mail_.messages().front(), HasSubstr("Subject: "));
}

TEST_F(AlertsApi, AProviderThatRefusesOurKeyUntilItHasAGoodOne) {
  add_provider("p", "openai", "/openai/v1", "sk-wrong");
  const std::string question = R"({"model":"p/double","messages":[{"role":"user","content":"hi"}]})";
  EXPECT_NE(call(Method::post, "/v1/chat/completions", question).status, 200);
  const json::Value alert = await("provider_key");
  EXPECT_EQ(text(alert, "subject"), "p");
  EXPECT_EQ(text(alert, "severity"), "page");
  EXPECT_THAT(text(alert, "cause"), HasSubstr("p refuses our key or account, for double."));
  EXPECT_THAT(text(alert, "cause"), testing::Not(HasSubstr("sk-wrong")));
  const Answer changed = call(
      Method::put, "/api/providers/p",
      json::write(json::Object{{"preset", "openai"}, {"base_url", double_.url("/openai/v1")}, {"key", double_.key()}}),
      {{"if-match", "\"1\""}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(call(Method::post, "/v1/chat/completions", question).status, 200);
  for (int i = 0; i < 800 && !listed("firing").empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_TRUE(listed("firing").empty());
  for (int i = 0; i < 200 && listed("resolved").empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  ASSERT_EQ(listed("resolved").size(), 1);
  EXPECT_EQ(listed("resolved").front().at("id"), alert.at("id"));
}

TEST_F(AlertsApi, AMediaWorkerThatIsKilled) {
  ASSERT_TRUE(run_blocking(house_->executor(), house_->workers().describe()));
  pid_t worker = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string id, name, state;
    pid_t parent = 0;
    if (file >> id >> name >> state >> parent && parent == ::getpid() && name.starts_with("(atelier-media"))
      worker = static_cast<pid_t>(std::stol(id));
  }
  ASSERT_NE(worker, 0) << "no media worker was found";
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  EXPECT_THAT(text(await("worker_kills"), "cause"), HasSubstr("Media workers died: 1 crashed; 1 since the start."));
}

TEST_F(AlertsApi, WebhooksThatNobodyTakes) {
  receiver_.answer_status(500);
  // An endpoint that fails is tried at growing pauses: several of them are as many attempts.
  for (int i = 0; i < 6; ++i) {
    const json::Value endpoint = call(Method::post, "/api/webhook-endpoints",
                                      fmt::format(R"({{"url":"{}","types":["asset.created"]}})", receiver_.url()))
                                     .json();
    ASSERT_EQ(call(Method::post, "/api/webhook-endpoints/" + text(endpoint, "id") + "/test").status, 202);
  }
  EXPECT_THAT(text(await("webhook_failing"), "cause"),
              HasSubstr("attempts to deliver webhooks failed in five minutes"));
}

TEST_F(AlertsApi, IsSilencedAndResolvedByHand) {
  add_provider("p", "openai", "/openai/v1", "sk-wrong");
  (void)call(Method::post, "/v1/chat/completions",
             R"({"model":"p/double","messages":[{"role":"user","content":"hi"}]})");
  const json::Value alert = await("provider_key");
  const Answer silenced = call(Method::post, at(alert, "/silence"), R"({"minutes":60,"why":"a key is on its way"})");
  ASSERT_EQ(silenced.status, 200) << silenced.body;
  EXPECT_EQ(text(silenced.json().at("silence"), "why"), "a key is on its way");
  EXPECT_EQ(call(Method::get, "/api/performance/silences").json().at("items").as_array().size(), 1);
  EXPECT_EQ(call(Method::del, at(alert, "/silence")).status, 204);
  EXPECT_EQ(call(Method::get, "/api/performance/silences").json().at("items").as_array().size(), 0);
  const Answer resolved = call(Method::post, at(alert, "/resolve"));
  ASSERT_EQ(resolved.status, 200) << resolved.body;
  EXPECT_EQ(text(resolved.json(), "state"), "resolved");
  EXPECT_EQ(text(call(Method::post, at(alert, "/resolve")).json(), "code"), "not_firing");
  EXPECT_TRUE(listed("firing").empty());
}

TEST_F(AlertsApi, WhatIsWrongIsNamed) {
  const auto where = [&](Method method, std::string target, std::string body = {}) {
    const Answer answer = call(method, std::move(target), std::move(body));
    EXPECT_EQ(answer.status, 400) << answer.body;
    return text(answer.json(), "where");
  };
  EXPECT_EQ(where(Method::get, "/api/performance/alerts?state=loud"), "state");
  EXPECT_EQ(where(Method::get, "/api/performance/alerts?limit=0"), "limit");
  const std::string none = "/api/performance/alerts/01jcn00000000000000000000z";
  EXPECT_EQ(where(Method::post, none + "/silence", "{}"), "/minutes");
  EXPECT_EQ(where(Method::post, none + "/silence", R"({"minutes":0})"), "/minutes");
  EXPECT_EQ(where(Method::post, none + "/silence", R"({"minutes":5,"scope":"all"})"), "/scope");
  for (const auto& [method, rest] : std::vector<std::pair<Method, std::string>>{
           {Method::get, ""}, {Method::post, "/resolve"}, {Method::del, "/silence"}})
    EXPECT_EQ(call(method, none + rest).status, 404) << rest;
  EXPECT_EQ(call(Method::post, none + "/silence", R"({"minutes":5})").status, 404);
  EXPECT_EQ(call(Method::get, "/api/performance/alerts/nonsense").status, 404);
}

TEST_F(AlertsApi, IsForAdminsAlone) {
  ask_for_keys();
  const Headers member = make_key(R"({"name":"m"})");
  EXPECT_EQ(call(Method::get, "/api/performance/alerts", {}, member).status, 403);
  EXPECT_EQ(call(Method::get, "/api/performance/silences", {}, member).status, 403);
  EXPECT_EQ(call(Method::get, "/api/performance/alerts", {}, admin_).status, 200);
}

TEST_F(AlertsApi, TheManualSaysOfEachKindWhatToDo) {
  const json::Value page = call(Method::get, "/api/manual/operations").json();
  std::set<std::string> anchors;
  for (const json::Value& section : page.at("sections").as_array())
    if (section.at("text").as_string().size() > 100) anchors.insert(text(section, "anchor"));
  for (const watch::AlertKindInfo& kind : watch::alert_kinds())
    EXPECT_TRUE(anchors.contains(std::string(kind.runbook))) << kind.name << ": " << kind.runbook;
}

}  // namespace
}  // namespace atelier::app

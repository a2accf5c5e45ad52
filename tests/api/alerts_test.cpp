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
    return {{"network.reachable", receiver_.authority() + "," + deaf_.authority()},
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

  bool fires(std::string_view kind) {
    return std::ranges::any_of(listed("firing"),
                               [&](const json::Value& alert) { return alert.at("kind").as_string() == kind; });
  }
  static void wait_until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 800 && !is_so(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  // What goes wrong.
  void refuse_our_key() {
    add_provider("p", "openai", "/openai/v1", "sk-wrong");
    EXPECT_NE(call(Method::post, "/v1/chat/completions", std::string(kQuestion)).status, 200);
  }
  void fail_webhooks() {
    deaf_.answer_status(500);
    // An endpoint that fails is tried at growing pauses: several of them are as many attempts.
    for (int i = 0; i < 6; ++i) {
      const json::Value endpoint = call(Method::post, "/api/webhook-endpoints",
                                        fmt::format(R"({{"url":"{}","types":["asset.created"]}})", deaf_.url()))
                                       .json();
      ASSERT_EQ(call(Method::post, "/api/webhook-endpoints/" + text(endpoint, "id") + "/test").status, 202);
    }
  }
  void kill_a_worker() {
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
  }

  static constexpr std::string_view kQuestion = R"({"model":"p/double","messages":[{"role":"user","content":"hi"}]})";
  WebhookReceiver receiver_, deaf_;
  watch::SmtpDouble mail_{plain_mail()};
};

// In one house, so that their windows pass at once: alerts are looked for once a second, wait for others of their
// group, and have to be gone for a while.
TEST_F(AlertsApi, WhatGoesWrongIsToldAndIsOverOnceItIsMended) {
  const json::Value endpoint =
      call(Method::post, "/api/webhook-endpoints",
           fmt::format(R"({{"url":"{}","types":["alert.fired","alert.resolved"]}})", receiver_.url()))
          .json();
  const std::string from = cursor();
  refuse_our_key();
  fail_webhooks();
  kill_a_worker();
  // It may be between two looks that the loop is held.
  for (int i = 0; i < 20 && !fires("loop_stall"); ++i) {
    hold_a_loop(std::chrono::milliseconds(400));
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
  }
  const json::Value held = await("loop_stall"), refused = await("provider_key");
  EXPECT_EQ(text(held, "subject"), "loop 0");
  EXPECT_THAT(text(held, "cause"), HasSubstr("Event loop 0 was held for "));
  EXPECT_THAT(text(held, "cause"), HasSubstr(" ms; the limit is 50 ms."));
  EXPECT_EQ(text(held, "runbook"), "/help/operations#alert-event-loop-held");
  EXPECT_EQ(text(refused, "subject"), "p");
  EXPECT_EQ(text(refused, "severity"), "page");
  EXPECT_THAT(text(refused, "cause"), HasSubstr("p refuses our key or account, for double."));
  EXPECT_THAT(text(refused, "cause"), testing::Not(HasSubstr("sk-wrong")));
  EXPECT_THAT(text(await("worker_kills"), "cause"), HasSubstr("Media workers died: 1 crashed; 1 since the start."));
  EXPECT_THAT(text(await("webhook_failing"), "cause"),
              HasSubstr("attempts to deliver webhooks failed in five minutes"));

  // To the page, ...
  EXPECT_THAT(events("?topics=alerts", from, "Event loop 0 was held for "), HasSubstr(text(held, "id")));
  // ... to the webhook, ...
  const auto webhook = [&]() -> std::optional<WebhookReceiver::Seen> {
    for (const WebhookReceiver::Seen& seen : receiver_.seen())
      if (seen.body.find(text(held, "id")) != std::string::npos) return seen;
    return std::nullopt;
  };
  wait_until([&] { return webhook().has_value(); });
  ASSERT_TRUE(webhook()) << "no webhook told of the held loop";
  EXPECT_THAT(webhook()->body, HasSubstr(R"("type":"alert.fired")"));
  EXPECT_THAT(webhook()->header("webhook-signature"), testing::StartsWith("v1,"));
  // ... and by mail, whose subject is too long to stand as it is: "[Atelier] Alert: Event loop", in base64.
  static constexpr std::string_view kSubject = "Subject: =?UTF-8?B?W0F0ZWxpZXJdIEFsZXJ0OiBFdmVudCBsb29w";
  const auto is_mailed = [&] {
    return std::ranges::any_of(mail_.messages(),
                               [](const std::string& message) { return message.find(kSubject) != std::string::npos; });
  };
  wait_until(is_mailed);
  EXPECT_TRUE(is_mailed()) << testing::PrintToString(mail_.messages());
  EXPECT_THAT(mail_.messages().front(), HasSubstr("To: <ada@example.org>"));
  EXPECT_THAT(mail_.messages().front(), HasSubstr("Subject: "));

  const Answer changed = call(
      Method::put, "/api/providers/p",
      json::write(json::Object{{"preset", "openai"}, {"base_url", double_.url("/openai/v1")}, {"key", double_.key()}}),
      {{"if-match", "\"1\""}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(call(Method::post, "/v1/chat/completions", std::string(kQuestion)).status, 200);
  wait_until([&] { return !fires("provider_key") && !listed("resolved").empty(); });
  ASSERT_EQ(listed("resolved").size(), 1);
  EXPECT_EQ(listed("resolved").front().at("id"), refused.at("id"));
}

TEST_F(AlertsApi, IsSilencedAndResolvedByHand) {
  refuse_our_key();
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

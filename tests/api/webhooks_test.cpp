// What providers tell us of jobs, over the wire: whether it is they, and that it is kept once.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "model/media/webhook.hpp"
#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

const std::string kSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const std::string kNext = "whsec_dGhlIG5leHQgc2VjcmV0IG9mIHRoaXMgcHJvdmlkZXI=";

class ProviderWebhooks : public GatewayHouseTest {
 protected:
  void start() {
    listen();
    set_up(json::Array{kSecret});
  }
  void set_up(json::Array secrets) {
    const Answer added = call(net::Method::post, "/api/providers",
                              json::write(json::Object{{"name", "mine"},
                                                       {"preset", "openai"},
                                                       {"key", "sk-canary-0123456789"},
                                                       {"webhook_secrets", std::move(secrets)}}),
                              admin_);
    ASSERT_EQ(added.status, 201) << added.body;
    EXPECT_EQ(added.body.find("whsec_"), std::string::npos) << "secrets are told to nobody";
  }
  static std::string body_of(std::string job) {
    return fmt::format(R"({{"id":"evt_1","type":"response.completed","data":{{"id":"{}"}}}})", job);
  }
  Headers sign(std::string body, std::string id, const std::string& secret = kSecret, std::int64_t age_s = 0) {
    const std::int64_t now_s = system_clock().wall_ms() / 1'000 - age_s;
    return {
        {"webhook-id", id},
        {"webhook-timestamp", std::to_string(now_s)},
        {"webhook-signature", model::standard_webhook_signature(model::standard_webhook_key(secret), id, now_s, body)}};
  }
  Answer tell(std::string body, Headers headers, std::string path = "/api/webhooks/mine") {
    return call(net::Method::post, std::move(path), std::move(body), std::move(headers));
  }
  // What was kept: each event, and the job it is about.
  std::vector<std::string> kept() {
    auto rows = run_blocking(house_->executor(), house_->database().read({"SELECT event || ' ' || job FROM "
                                                                          "webhook_inbox ORDER BY position"}));
    EXPECT_TRUE(rows);
    std::vector<std::string> all;
    for (std::size_t row = 0; row < rows->size(); ++row) all.push_back(rows->text(row, 0));
    return all;
  }
};

TEST_F(ProviderWebhooks, AreTakenOnce) {
  start();
  const std::string body = body_of("resp_1");
  const Headers headers = sign(body, "msg_1");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(tell(body, headers).status, 200);
  const std::string other = body_of("resp_2");
  EXPECT_EQ(tell(other, sign(other, "msg_2")).status, 200);
  EXPECT_EQ(kept(), (std::vector<std::string>{"msg_1 resp_1", "msg_2 resp_2"}));
}

TEST_F(ProviderWebhooks, ThatAreNotAsTheyShouldBeAreRefusedAlike) {
  start();
  const std::string body = body_of("resp_1");
  Headers unsigned_headers, forged = sign(body, "msg_1", kNext), late = sign(body, "msg_1", kSecret, 301),
                            early = sign(body, "msg_1", kSecret, -302), half = sign(body, "msg_1");
  half.pop_back();
  std::set<std::string> said;
  const auto refuse = [&](const Answer& answer) {
    EXPECT_EQ(answer.status, 401) << answer.body;
    json::Object problem = answer.json().as_object();
    problem.erase("request_id");
    said.insert(json::write(problem));
  };
  refuse(tell(body, unsigned_headers));
  refuse(tell(body, forged));
  refuse(tell(body, late));
  refuse(tell(body, early));
  refuse(tell(body, half));
  refuse(tell(body + " ", sign(body, "msg_1")));
  refuse(tell("[]", sign("[]", "msg_1")));
  refuse(tell(body, sign(body, "msg_1"), "/api/webhooks/nobody"));
  refuse(tell(body, sign(body, "msg_1"), "/api/webhooks/gemini"));
  refuse(tell(body, sign(body, "msg_1"), "/api/webhooks/mine/job-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
  refuse(tell(body, sign(body, "msg_1"), "/api/webhooks/luma/job-1"));
  EXPECT_EQ(said.size(), 1U) << "whoever forges learns nothing";
  EXPECT_TRUE(kept().empty());
}

TEST_F(ProviderWebhooks, HaveSeveralSecretsWhileTheyChange) {
  start();
  const std::string body = body_of("resp_1");
  const auto set = [&](json::Object change, const char* revision) {
    change["preset"] = "openai";
    const Answer done = call(net::Method::put, "/api/providers/mine", json::write(change), {{"if-match", revision}});
    EXPECT_EQ(done.status, 200) << done.body;
    return done.json().at("webhook_secret_count").as_int64();
  };
  EXPECT_EQ(set({{"webhook_secrets", json::Array{kSecret, kNext}}}, "1"), 2);
  EXPECT_EQ(tell(body, sign(body, "old", kSecret)).status, 200);
  EXPECT_EQ(tell(body, sign(body, "new", kNext)).status, 200);
  // Left out they stay; the key stays as well.
  EXPECT_EQ(set({{"is_free", true}}, "2"), 2);
  EXPECT_TRUE(call(net::Method::get, "/api/providers/mine").json().at("has_key").as_bool());
  EXPECT_EQ(set({{"webhook_secrets", json::Array{kNext}}}, "3"), 1);
  EXPECT_EQ(tell(body, sign(body, "older", kSecret)).status, 401);
  EXPECT_EQ(tell(body, sign(body, "newer", kNext)).status, 200);
}

TEST_F(ProviderWebhooks, AreNoLargerThanTheyMayBe) {
  start();
  std::string body = body_of("resp_1");
  body.insert(1, R"("more":")" + std::string((1 << 20), 'x') + R"(",)");
  EXPECT_EQ(tell(body, sign(body, "msg_1")).status, 413);
  body = body_of("resp_1");
  Headers packed = sign(body, "msg_1");
  packed.emplace_back("content-encoding", "gzip");
  EXPECT_EQ(tell(body, packed).status, 400);
}

TEST_F(ProviderWebhooks, AreHeldUpWhereTooManyAreForged) {
  start();
  const std::string body = body_of("resp_1");
  int refused = 0;
  Answer last;
  for (; refused < 200; ++refused) {
    last = tell(body, sign(body, "msg_1", kNext));
    if (last.status == 429) break;
  }
  EXPECT_LT(refused, 100);
  EXPECT_TRUE(last.headers.find("retry-after"));
}

TEST_F(ProviderWebhooks, AreKeptOverARestart) {
  start();
  const std::string body = body_of("resp_1");
  EXPECT_EQ(tell(body, sign(body, "msg_1")).status, 200);
  open({});
  listen();
  EXPECT_EQ(tell(body, sign(body, "msg_1")).status, 200);
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(ProviderWebhooks, NeedNoKeyOfOurs) {
  ask_for_keys();
  set_up(json::Array{kSecret});
  const std::string body = body_of("resp_1");
  EXPECT_EQ(tell(body, sign(body, "msg_1")).status, 200);
}

}  // namespace
}  // namespace atelier::app

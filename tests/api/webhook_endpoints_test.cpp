// Being told of what happens: endpoints, what is sent to them, and what became of it.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "model/media/webhook.hpp"
#include "tests/api/gateway_fixture.hpp"
#include "tests/app/webhook_receiver.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPicture =
    "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a73000000104944415478da63f8dfc000440c100a002d"
    "ee05fd633ec10b0000000049454e44ae426082";

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(at, 2)), nullptr, 16)));
  return bytes;
}

class WebhookEndpoints : public GatewayHouseTest {
 protected:
  void SetUp() override {
    GatewayHouseTest::SetUp();
    open({{"network.reachable", receiver_.authority()}});
    listen();
  }
  json::Value add(std::string types = R"(["asset.created"])", std::string path = "/hook") {
    const Answer made = call(net::Method::post, "/api/webhook-endpoints",
                             fmt::format(R"({{"url":"{}","types":{}}})", receiver_.url(path), types));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json();
  }
  static std::string at(const json::Value& endpoint, std::string rest = {}) {
    return "/api/webhook-endpoints/" + std::string(endpoint.at("id").as_string()) + std::move(rest);
  }
  std::string upload(std::string name) {
    const Answer made =
        call(net::Method::post, "/api/assets?name=" + name, from_hex(kPicture), {{"content-type", "image/png"}});
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made.json(), "id");
  }
  // The newest delivery, once it is so.
  json::Value await(const json::Value& endpoint, std::string state) {
    json::Value last;
    for (int i = 0; i < 3'000; ++i) {
      const json::Value page = call(net::Method::get, at(endpoint, "/deliveries")).json();
      if (const json::Array& items = page.at("items").as_array(); !items.empty()) last = items.front();
      if (!last.is_null() && text(last, "state") == state) return last;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "it stayed " << json::write(last);
    return last;
  }

  WebhookReceiver receiver_;
};

TEST_F(WebhookEndpoints, AreToldOfWhatIsKept) {
  const json::Value endpoint = add();
  const std::string secret = text(endpoint, "secret");
  EXPECT_THAT(secret, testing::StartsWith("whsec_"));
  const std::string asset = upload("fox.png");
  const auto seen = receiver_.wait_for(1);
  const std::vector<std::string> secrets{secret};
  const UnixMs now_ms = system_clock().wall_ms();
  ASSERT_TRUE(model::verify_webhook("openai", seen[0].headers, seen[0].body, secrets, now_ms));
  const json::Value body = *json::parse(seen[0].body);
  EXPECT_EQ(text(body, "type"), "asset.created");
  EXPECT_EQ(text(body.at("data"), "id"), asset);
  EXPECT_EQ(text(body.at("data"), "name"), "fox.png");
  EXPECT_EQ(text(body.at("data"), "url"), "/api/assets/" + asset);
  EXPECT_EQ(call(net::Method::get, text(body.at("data"), "url")).status, 200);
  const json::Value delivery = await(endpoint, "delivered");
  EXPECT_EQ(text(delivery, "message_id"), seen[0].header("webhook-id"));
  const json::Value story = call(net::Method::get, at(endpoint, "/deliveries/" + text(delivery, "id"))).json();
  EXPECT_EQ(text(story, "body"), seen[0].body);
  ASSERT_EQ(story.at("log").as_array().size(), 1U);
  EXPECT_EQ(story.at("log").as_array()[0].at("status").as_int64(), 204);
}

TEST_F(WebhookEndpoints, AreToldOfRunsThatEnd) {
  const json::Value endpoint = add(R"(["run.cancelled","run.succeeded","run.failed"])");
  const Answer production = call(net::Method::post, "/api/productions", R"({"story":"One."})");
  const std::string id = text(production.json(), "id");
  const Answer run = call(net::Method::post, "/api/productions/" + id + "/render");
  ASSERT_EQ(run.status, 202) << run.body;
  call(net::Method::post, "/api/runs/" + text(run.json(), "id") + "/cancel");
  const auto seen = receiver_.wait_for(1);
  const json::Value body = *json::parse(seen[0].body);
  EXPECT_THAT(text(body, "type"), testing::AnyOf("run.cancelled", "run.succeeded"));
  EXPECT_EQ(text(body.at("data"), "id"), text(run.json(), "id"));
  EXPECT_EQ("run." + text(body.at("data"), "state"), text(body, "type"));
  EXPECT_FALSE(body.at("data").at("ended_at").is_null());
}

TEST_F(WebhookEndpoints, SecretsAreToldOnce) {
  const json::Value endpoint = add();
  const std::string secret = text(endpoint, "secret");
  for (const std::string& path : {at(endpoint), std::string("/api/webhook-endpoints")})
    EXPECT_THAT(call(net::Method::get, path).body, Not(HasSubstr("whsec_")));
  const Answer changed = call(net::Method::patch, at(endpoint), R"({"note":"mine"})", {{"if-match", "1"}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_THAT(changed.body, Not(HasSubstr("whsec_")));
  const Answer rotated = call(net::Method::post, at(endpoint, "/rotate"), "{}");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_NE(text(rotated.json(), "secret"), secret);
  // Signed with both for a day, and in the database with neither.
  call(net::Method::post, at(endpoint, "/test"));
  const auto seen = receiver_.wait_for(1);
  for (const std::string& one : {secret, text(rotated.json(), "secret")}) {
    const std::vector<std::string> secrets{one};
    const UnixMs now_ms = system_clock().wall_ms();
    EXPECT_TRUE(model::verify_webhook("openai", seen[0].headers, seen[0].body, secrets, now_ms));
  }
  EXPECT_EQ(text(*json::parse(seen[0].body), "type"), "webhook.test");
}

TEST_F(WebhookEndpoints, SecretsOutliveTheSealingKey) {
  const json::Value endpoint = add();
  const Answer rotated = call(net::Method::post, "/api/sealing-key/rotate", "{}");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_EQ(rotated.json().at("sealed").as_int64(), 1);
  call(net::Method::post, at(endpoint, "/test"));
  const auto seen = receiver_.wait_for(1);
  const std::vector<std::string> secrets{text(endpoint, "secret")};
  const UnixMs now_ms = system_clock().wall_ms();
  EXPECT_TRUE(model::verify_webhook("openai", seen[0].headers, seen[0].body, secrets, now_ms));
}

TEST_F(WebhookEndpoints, AreListedChangedAndDeleted) {
  const json::Value endpoint = add(R"(["asset.created","run.failed"])");
  EXPECT_EQ(endpoint.at("types").as_array().size(), 2U);
  EXPECT_EQ(call(net::Method::get, "/api/webhook-endpoints").json().at("items").as_array().size(), 1U);
  const Answer changed =
      call(net::Method::patch, at(endpoint), R"({"types":["run.failed"],"is_enabled":false})", {{"if-match", "\"1\""}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.json().at("revision").as_int64(), 2);
  EXPECT_FALSE(changed.json().at("is_enabled").as_bool());
  EXPECT_EQ(call(net::Method::get, at(endpoint)).json(), changed.json());
  EXPECT_EQ(text(call(net::Method::patch, at(endpoint), R"({"note":"x"})", {{"if-match", "1"}}).json(), "code"),
            "revision_conflict");
  EXPECT_EQ(text(call(net::Method::post, at(endpoint, "/test")).json(), "code"), "webhook_disabled");
  EXPECT_EQ(call(net::Method::del, at(endpoint)).status, 204);
  EXPECT_EQ(call(net::Method::get, at(endpoint)).status, 404);
  EXPECT_EQ(call(net::Method::del, at(endpoint)).status, 404);
  EXPECT_EQ(call(net::Method::get, at(endpoint, "/deliveries")).status, 404);
}

TEST_F(WebhookEndpoints, RefuseWhatIsNoGood) {
  struct Case {
    std::string body, code, where;
  };
  const std::string good = receiver_.url();
  for (const Case& one : std::vector<Case>{
           {R"({"types":["run.failed"]})", "field_missing", "/url"},
           {fmt::format(R"({{"url":"{}"}})", good), "field_missing", "/types"},
           {fmt::format(R"({{"url":"{}","types":[]}})", good), "field_invalid", "/types"},
           {fmt::format(R"({{"url":"{}","types":["run.begun"]}})", good), "field_invalid", "/types"},
           {fmt::format(R"({{"url":"{}","types":["run.failed"],"secret":"x"}})", good), "field_unknown", "/secret"},
           {R"({"url":"http://169.254.169.254/","types":["run.failed"]})", "url_not_allowed", "/url"},
           {R"({"url":"https://localhost/","types":["run.failed"]})", "url_not_allowed", "/url"},
           {R"({"url":"http://example.org/","types":["run.failed"]})", "url_not_allowed", "/url"},
       }) {
    const Answer refused = call(net::Method::post, "/api/webhook-endpoints", one.body);
    EXPECT_EQ(refused.status, 400) << one.body;
    EXPECT_EQ(text(refused.json(), "where"), one.where) << refused.body;
  }
  EXPECT_TRUE(call(net::Method::get, "/api/webhook-endpoints").json().at("items").as_array().empty());
}

TEST_F(WebhookEndpoints, AreOnlySoMany) {
  for (int i = 0; i < 20; ++i) add();
  const Answer refused = call(net::Method::post, "/api/webhook-endpoints",
                              fmt::format(R"({{"url":"{}","types":["run.failed"]}})", receiver_.url()));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(text(refused.json(), "code"), "too_many_webhook_endpoints");
}

TEST_F(WebhookEndpoints, WhatTheyDidNotTakeIsSentAgainWhenAsked) {
  receiver_.answer_status(410);
  const json::Value endpoint = add();
  upload("a.png");
  const json::Value dead = await(endpoint, "dead");
  const json::Value now = call(net::Method::get, at(endpoint)).json();
  EXPECT_FALSE(now.at("is_enabled").as_bool());
  EXPECT_EQ(text(now, "trouble"), "gone");
  EXPECT_EQ(call(net::Method::get, at(endpoint, "/deliveries?state=dead")).json().at("items").as_array().size(), 1U);
  receiver_.answer_status(200);
  const std::string revision = std::to_string(now.at("revision").as_int64());
  ASSERT_EQ(call(net::Method::patch, at(endpoint), R"({"is_enabled":true})", {{"if-match", revision}}).status, 200);
  const Answer again = call(net::Method::post, at(endpoint, "/redrive"));
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.json().at("count").as_int64(), 1);
  const json::Value done = await(endpoint, "delivered");
  EXPECT_EQ(text(done, "message_id"), text(dead, "message_id"));
  const Answer once_more = call(net::Method::post, at(endpoint, "/deliveries/" + text(done, "id") + "/redrive"));
  EXPECT_EQ(once_more.status, 202) << once_more.body;
  EXPECT_EQ(receiver_.wait_for(3)[2].header("webhook-id"), text(dead, "message_id"));
}

TEST_F(WebhookEndpoints, AreReachedAfterARestart) {
  receiver_.holds = true;
  const json::Value endpoint = add();
  upload("a.png");
  receiver_.wait_for(1);
  house_.reset();
  receiver_.holds = false;
  open({{"network.reachable", receiver_.authority()}});
  listen();
  await(endpoint, "delivered");
  const auto seen = receiver_.seen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

}  // namespace
}  // namespace atelier::app

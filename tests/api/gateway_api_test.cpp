// The gateway as programs and operators see it over HTTP: providers, routes, keys, limits, the log.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "sk-canary-0123456789abcdef";

class GatewayApi : public GatewayHouseTest {
 protected:
  GatewayApi() : GatewayHouseTest({.keys = {kSecret}}) {}

  void start() {
    listen();
    add_provider("openai", "openai_chat", "/openai/v1");
  }
  void start_with_keys() {
    ask_for_keys();
    add_provider("openai", "openai_chat", "/openai/v1");
  }
  Answer chat(std::string model, Headers headers = {}) {
    return call(net::Method::post, "/v1/chat/completions",
                R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hi"}]})", std::move(headers));
  }
};

TEST_F(GatewayApi, AStoredProviderIsCalledAndItsKeyNeverComesOut) {
  start();
  const Answer answered = chat("openai/double");
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_THAT(answered.body, HasSubstr("Echo: hi"));
  EXPECT_EQ(answered.headers.find("x-atelier-candidate"), "openai/double");
  EXPECT_EQ(chat("openai/double@401").status, 503);
  std::string all;
  for (const char* target : {"/api/providers", "/api/providers/openai", "/api/models", "/api/calls", "/metrics",
                             "/v1/models", "/api/status"})
    all += call(net::Method::get, target).body;
  for (const auto& file : fs::directory_iterator(folder_)) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(stream), {});
  }
  EXPECT_THAT(all, Not(HasSubstr(kSecret)));
  EXPECT_EQ(text(call(net::Method::get, "/api/providers/openai").json(), "key_end"), "cdef");
}

TEST_F(GatewayApi, ProvidersAndRoutesOutliveTheServer) {
  start();
  add_route(R"({"name":"fast","targets":[{"provider":"openai","model":"double"}]})");
  house_.reset();
  open({});
  listen();
  EXPECT_EQ(chat("fast").status, 200);
}

TEST_F(GatewayApi, AProviderIsChangedByWhoSawItLast) {
  start();
  const std::string body = json::write(
      json::Object{{"preset", "openai_chat"}, {"base_url", double_.url("/openai/v1")}, {"is_enabled", false}});
  EXPECT_EQ(call(net::Method::put, "/api/providers/openai", body).status, 400);
  EXPECT_EQ(call(net::Method::put, "/api/providers/openai", body, {{"if-match", "\"7\""}}).status, 409);
  const Answer changed = call(net::Method::put, "/api/providers/openai", body, {{"if-match", "\"1\""}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_TRUE(changed.json().at("has_key").as_bool());  // left out: as it was
  EXPECT_EQ(chat("openai/double").status, 404);
  EXPECT_EQ(call(net::Method::del, "/api/providers/openai").status, 204);
  EXPECT_EQ(call(net::Method::get, "/api/providers/openai").status, 404);
}

TEST_F(GatewayApi, WhatIsWrongIsNamed) {
  start();
  const Answer provider = post_provider("other", "openay", "/x");
  EXPECT_EQ(provider.status, 400);
  EXPECT_EQ(text(provider.json(), "where"), "/preset");
  EXPECT_THAT(provider.body, HasSubstr("did you mean"));
  const Answer route = call(net::Method::post, "/api/routes",
                            R"({"name":"r","targets":[{"provider":"openai","model":"m","weight":-1}]})");
  EXPECT_EQ(route.status, 400);
  EXPECT_EQ(text(route.json(), "where"), "/targets/0/weight");
  const Answer key = call(net::Method::post, "/api/keys", R"({"name":"k","day_allowance":"much"})");
  EXPECT_EQ(key.status, 400);
  EXPECT_EQ(text(key.json(), "where"), "/day_allowance");
  // Nobody knows that before the provider was asked for its models.
  EXPECT_EQ(call(net::Method::post, "/api/providers/openai/check").status, 200);
  EXPECT_EQ(chat("nobody/knows").status, 404);
}

TEST_F(GatewayApi, AProviderCanBeChecked) {
  start();
  EXPECT_TRUE(call(net::Method::post, "/api/providers/openai/check", "{}").json().at("is_ok").as_bool());
  add_provider("bad", "openai_chat", "/openai/v1", "wrong");
  const json::Value checked = call(net::Method::post, "/api/providers/bad/check", "{}").json();
  EXPECT_FALSE(checked.at("is_ok").as_bool());
  EXPECT_FALSE(text(checked, "error").empty());
}

TEST_F(GatewayApi, KeysAreAskedForInEachProtocolsShape) {
  start_with_keys();
  const Answer chat_refused = chat("openai/double");
  EXPECT_EQ(chat_refused.status, 401);
  EXPECT_TRUE(chat_refused.json().at("error").is_object());
  const Answer refused = call(net::Method::post, "/v1/messages",
                              R"({"model":"openai/double","max_tokens":5,"messages":[]})", {{"x-api-key", "wrong"}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(text(refused.json().at("error"), "type"), "authentication_error");
  EXPECT_EQ(chat("openai/double", make_key(R"({"name":"k"})")).status, 200);
}

TEST_F(GatewayApi, AKeyCallsOnlyItsModels) {
  start_with_keys();
  const Headers key = make_key(R"({"name":"k","models":["openai/double-m*"]})");
  EXPECT_EQ(chat("openai/double-mini", key).status, 200);
  EXPECT_EQ(chat("openai/double", key).status, 403);
  ASSERT_EQ(call(net::Method::post, "/api/providers/openai/check", "{}", admin_).status, 200);
  const std::string listed = call(net::Method::get, "/v1/models", {}, key).body;
  EXPECT_THAT(listed, HasSubstr("double-mini"));
  EXPECT_THAT(listed, Not(HasSubstr("double-embedding")));
}

TEST_F(GatewayApi, ALimitIsToldAndHolds) {
  start_with_keys();
  const Headers key = make_key(R"({"name":"k","requests_per_minute":2})");
  const Answer first = chat("openai/double", key);
  EXPECT_EQ(first.headers.find("x-ratelimit-limit-requests"), "2");
  chat("openai/double", key);
  const Answer refused = chat("openai/double", key);
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.headers.find("retry-after"));
  EXPECT_EQ(conversations(), 2U);
}

TEST_F(GatewayApi, AnAllowanceNeedsAPriceAndHolds) {
  std::ofstream(folder_.string() + ".prices.json")
      << R"({"openai/double":{"litellm_provider":"openai","input_cost_per_token":0.001,"output_cost_per_token":0.001}})";
  ask_for_keys({{"models.price_files", folder_.string() + ".prices.json"}});
  add_provider("openai", "openai", "/openai/v1");
  const Headers key = make_key(R"({"name":"k","day_allowance":"10"})");
  EXPECT_EQ(chat("openai/double", key).status, 200);
  EXPECT_EQ(chat("openai/double-mini", key).status, 403);  // nobody knows what it costs
  const Headers poor = make_key(R"({"name":"p","day_allowance":"0.01"})");
  EXPECT_EQ(chat("openai/double", poor).status, 429);
  const json::Value logged = calls(3);
  EXPECT_EQ(text(logged.as_array().back(), "cost"), "0.003");
  fs::remove(folder_.string() + ".prices.json");
}

TEST_F(GatewayApi, EveryCallIsLogged) {
  start();
  chat("openai/double");
  call(net::Method::post, "/v1/messages",
       R"({"model":"openai/double","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"hi"}]})");
  chat("openai/double@400");
  const json::Value logged = calls(3);
  const json::Array& items = logged.as_array();
  EXPECT_EQ(items[2].at("status").as_int64(), 200);
  EXPECT_EQ(items[2].at("usage").at("output").as_int64(), 2);
  EXPECT_EQ(text(items[1], "face"), "anthropic");
  EXPECT_TRUE(items[1].at("is_streamed").as_bool());
  EXPECT_EQ(items[1].at("usage").at("output").as_int64(), 2);
  EXPECT_NE(items[0].at("status").as_int64(), 200);
  EXPECT_FALSE(text(items[0], "fault").empty());
  const json::Value one =
      call(net::Method::get, "/api/calls/" + std::to_string(items[1].at("number").as_int64())).json();
  EXPECT_EQ(one.at("attempts").as_array().size(), 1U);
  const json::Value usage = call(net::Method::get, "/api/usage?by=model").json();
  EXPECT_GE(usage.at("items").as_array().size(), 1U);
  EXPECT_EQ(call(net::Method::get, "/api/usage?from=yesterday").status, 400);
}

TEST_F(GatewayApi, ACallIsFoundByItsTraceAtTheProviderAndInTheLog) {
  start();
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736", parent = "00f067aa0ba902b7";
  const Headers traced = {{"traceparent", "00-" + id + "-" + parent + "-01"}};
  add_route(
      R"({"name":"safe","targets":[{"provider":"openai","model":"double@401"},{"provider":"openai","model":"double"}]})");
  EXPECT_EQ(chat("safe", traced).status, 200);
  EXPECT_EQ(
      call(net::Method::post, "/v1/embeddings", R"({"model":"openai/double-embedding","input":"hi"})", traced).status,
      200);
  EXPECT_EQ(chat("openai/double", {{"traceparent", "00-nonsense-01"}}).status, 200);
  std::vector<std::string> sent;
  for (const doubles::Seen& seen : double_.requests())
    for (const auto& [name, value] : seen.fields)
      if (name == "traceparent") sent.push_back(value);
  ASSERT_EQ(sent.size(), 4U) << "both attempts, the embedding, and one whose trace is ours";
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(sent[i], testing::StartsWith("00-" + id + "-"));
    EXPECT_THAT(sent[i], testing::EndsWith("-01"));
    EXPECT_THAT(sent[i], Not(HasSubstr(parent))) << "each request has an id of its own";
  }
  EXPECT_NE(sent[0], sent[1]);
  // In the order in which they were told to the log, which is not always the one in which they were answered.
  std::vector<std::string> logged;
  const json::Value all = calls(3);
  for (const json::Value& one : all.as_array()) logged.push_back(text(one, "trace"));
  EXPECT_THAT(logged, testing::UnorderedElementsAre(id, id, sent[3].substr(3, 32)));
}

TEST_F(GatewayApi, TheSealingKeyIsRotatedAndProvidersAreCalledOn) {
  start();
  ASSERT_EQ(chat("openai/double").status, 200);
  const Answer rotated = call(net::Method::post, "/api/sealing-key/rotate", R"({"keeps_old":false})");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_EQ(rotated.json().at("sealed").as_int64(), 1);
  EXPECT_EQ(rotated.json().at("old_keys").as_int64(), 0);
  EXPECT_EQ(chat("openai/double").status, 200);
  house_.reset();
  open({});
  listen();
  EXPECT_EQ(chat("openai/double").status, 200);
  EXPECT_EQ(call(net::Method::post, "/api/sealing-key/rotate", R"({"keeps":1})").status, 400);
}

TEST_F(GatewayApi, EmbeddingsAndModerationsGoToWhoServesThem) {
  start();
  add_provider("anthropic", "anthropic", "/anthropic");
  const Answer vectors =
      call(net::Method::post, "/v1/embeddings", R"({"model":"openai/double-embedding","input":"hi"})");
  EXPECT_EQ(vectors.status, 200) << vectors.body;
  EXPECT_EQ(vectors.json().at("data").as_array().size(), 1U);
  EXPECT_EQ(call(net::Method::post, "/v1/moderations", R"({"model":"openai/omni","input":"hi"})").status, 200);
  EXPECT_EQ(call(net::Method::post, "/v1/embeddings", R"({"model":"anthropic/double","input":"hi"})").status, 400);
  EXPECT_EQ(call(net::Method::post, "/v1/embeddings", R"({"input":"hi"})").status, 400);
}

TEST_F(GatewayApi, TokensAreCountedOrEstimated) {
  start();
  add_provider("anthropic", "anthropic", "/anthropic");
  const Answer counted = call(net::Method::post, "/v1/messages/count_tokens",
                              R"({"model":"anthropic/double","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(counted.status, 200) << counted.body;
  EXPECT_GT(counted.json().at("input_tokens").as_int64(), 0);
  EXPECT_FALSE(counted.headers.find("x-atelier-estimated"));
  const Answer estimated = call(net::Method::post, "/v1/messages/count_tokens",
                                R"({"model":"openai/double","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_GT(estimated.json().at("input_tokens").as_int64(), 0);
  EXPECT_EQ(estimated.headers.find("x-atelier-estimated"), "true");
}

TEST_F(GatewayApi, ModelsTellHowTheyHaveBeenDoing) {
  start();
  for (int i = 0; i < 2; ++i) chat("openai/double");
  call(net::Method::post, "/api/providers/openai/check", "{}");
  const json::Value page = call(net::Method::get, "/api/models").json();
  bool is_found = false;
  for (const json::Value& model : page.at("items").as_array()) {
    if (text(model, "id") != "double") continue;
    is_found = true;
    EXPECT_EQ(model.at("health").at("attempts").to_number<int>(), 2);
    EXPECT_EQ(text(model.at("health"), "breaker"), "closed");
  }
  EXPECT_TRUE(is_found);
}

TEST_F(GatewayApi, ARouteFallsOver) {
  start();
  add_route(
      R"({"name":"safe","targets":[{"provider":"openai","model":"double@401"},{"provider":"openai","model":"double"}]})");
  const Answer answered = chat("safe");
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_EQ(answered.headers.find("x-atelier-candidate"), "openai/double");
  EXPECT_EQ(chat("safe", {{"x-atelier-fallback", "off"}}).status, 503);
  EXPECT_EQ(chat("safe", {{"x-atelier-fallback", "maybe"}}).status, 400);
}

TEST_F(GatewayApi, ABreakerRestsOnAfterARestart) {
  start();
  EXPECT_EQ(chat("openai/double@401").status, 503);  // our key: trips at once, and long
  EXPECT_EQ(conversations(), 1U);
  open({});
  listen();
  const Answer refused = chat("openai/double@401");
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("open"));
  EXPECT_EQ(conversations(), 1U);
  EXPECT_EQ(call(net::Method::del, "/api/breakers/openai/double@401").status, 204);
  chat("openai/double@401");
  EXPECT_EQ(conversations(), 2U);
}

}  // namespace
}  // namespace atelier::app

// Hedges as callers and operators see them over HTTP: asked for by route or header, told by headers, log and metrics.
#include <gmock/gmock.h>

#include "tests/api/gateway_fixture.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;

class HedgeApi : public GatewayHouseTest {
 protected:
  void start() {
    listen();
    add_provider("p", "openai_chat", "/openai/v1");
  }
  void add_pair(std::string name, std::string first_model, bool hedges) {
    const auto target = [](std::string model) { return json::Object{{"provider", "p"}, {"model", std::move(model)}}; };
    const json::Object route{{"name", std::move(name)},
                             {"targets", json::Array{target(std::move(first_model)), target("double")}},
                             {"hedges", hedges}};
    add_route(json::write(route));
  }
  Answer chat(std::string model, bool is_streamed, Headers headers = {}) {
    const json::Object body{{"model", std::move(model)},
                            {"stream", is_streamed},
                            {"messages", json::Array{json::Object{{"role", "user"}, {"content", "hi"}}}}};
    return call(net::Method::post, "/v1/chat/completions", json::write(body), std::move(headers));
  }
};

TEST_F(HedgeApi, ARouteMayAskForThemAndTheAnswerTellsOfThem) {
  start();
  add_pair("quick", "double@slow-first=60000", true);
  const Answer answered = chat("quick", true);
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_EQ(answered.headers.find("x-atelier-candidate"), "p/double");
  EXPECT_EQ(answered.headers.find("x-atelier-attempts"), "2");
  EXPECT_EQ(answered.headers.find("x-atelier-hedge"), "won");
  const std::string metrics = call(net::Method::get, "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("atelier_model_hedges_total{event=\"begun\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("atelier_model_hedges_total{event=\"won\"} 1"));
  const json::Value logged = calls(1);
  ASSERT_EQ(logged.as_array().size(), 1U);
  const json::Array& attempts = logged.as_array()[0].at("attempts").as_array();
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(text(attempts[0], "fault"), "hedge_lost");
  EXPECT_EQ(text(attempts[1], "fault"), "");
}

TEST_F(HedgeApi, ACallersWordComesBeforeTheRoutes) {
  start();
  add_pair("plain", "double@silence=60000", false);
  const Answer on = chat("plain", false, {{"x-atelier-hedge", "on"}});
  EXPECT_EQ(on.status, 200) << on.body;
  EXPECT_EQ(on.headers.find("x-atelier-hedge"), "won");
  add_pair("quick", "double@silence=2500", true);
  const Answer off = chat("quick", false, {{"x-atelier-hedge", "off"}});
  EXPECT_EQ(off.status, 200) << off.body;
  EXPECT_EQ(off.headers.find("x-atelier-attempts"), "1");
  EXPECT_FALSE(off.headers.find("x-atelier-hedge"));
  const Answer wrong = chat("quick", false, {{"x-atelier-hedge", "maybe"}});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("x-atelier-hedge"));
}

}  // namespace
}  // namespace atelier::app

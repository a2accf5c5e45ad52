// Hedges as callers and operators see them over HTTP: asked for by route or header, told by headers, log and metrics.
#include <gmock/gmock.h>

#include <thread>

#include "tests/app/house_fixture.hpp"
#include "tests/double/provider_double.hpp"

namespace atelier::app {
namespace {

using testing::HasSubstr;
using Headers = std::vector<std::pair<std::string, std::string>>;

class HedgeApi : public HouseTest {
 protected:
  void start() {
    listen();
    ASSERT_EQ(call(net::Method::post, "/api/providers",
                   json::write(json::Object{{"name", "p"},
                                            {"preset", "openai_chat"},
                                            {"base_url", double_.url("/openai/v1")},
                                            {"key", "sk-double"}}))
                  .status,
              201);
  }
  void add_route(std::string name, std::string first_model, bool hedges) {
    const auto target = [](std::string model) { return json::Object{{"provider", "p"}, {"model", std::move(model)}}; };
    const json::Object route{{"name", std::move(name)},
                             {"targets", json::Array{target(std::move(first_model)), target("double")}},
                             {"hedges", hedges}};
    ASSERT_EQ(call(net::Method::post, "/api/routes", json::write(route)).status, 201);
  }
  Answer chat(std::string model, bool is_streamed, Headers headers = {}) {
    const json::Object body{{"model", std::move(model)},
                            {"stream", is_streamed},
                            {"messages", json::Array{json::Object{{"role", "user"}, {"content", "hi"}}}}};
    return call(net::Method::post, "/v1/chat/completions", json::write(body), std::move(headers));
  }
  doubles::ProviderDouble double_;
};

TEST_F(HedgeApi, ARouteMayAskForThemAndTheAnswerTellsOfThem) {
  start();
  add_route("quick", "double@slow-first=60000", true);
  const Answer answered = chat("quick", true);
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_EQ(answered.headers.find("x-atelier-candidate"), "p/double");
  EXPECT_EQ(answered.headers.find("x-atelier-attempts"), "2");
  EXPECT_EQ(answered.headers.find("x-atelier-hedge"), "won");
  const std::string metrics = call(net::Method::get, "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("atelier_model_hedges_total{event=\"begun\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("atelier_model_hedges_total{event=\"won\"} 1"));
  json::Array calls;
  for (int i = 0; i < 200 && calls.empty(); ++i) {
    calls = call(net::Method::get, "/api/calls").json().at("items").as_array();
    if (calls.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  ASSERT_EQ(calls.size(), 1U);
  const json::Array& attempts = calls[0].at("attempts").as_array();
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(text(attempts[0], "fault"), "hedge_lost");
  EXPECT_EQ(text(attempts[1], "fault"), "");
}

TEST_F(HedgeApi, ACallersWordComesBeforeTheRoutes) {
  start();
  add_route("plain", "double@silence=60000", false);
  const Answer on = chat("plain", false, {{"x-atelier-hedge", "on"}});
  EXPECT_EQ(on.status, 200) << on.body;
  EXPECT_EQ(on.headers.find("x-atelier-hedge"), "won");
  add_route("quick", "double@silence=2500", true);
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

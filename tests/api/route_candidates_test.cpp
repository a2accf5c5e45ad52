// Who serves a route: whose turn it is, how they are, and what they served.
#include <gmock/gmock.h>

#include "tests/api/generations_fixture.hpp"

namespace atelier::app {
namespace {

class RouteCandidates : public GenerationsTest {
 protected:
  void start() { add_provider("openai", "openai_chat", "/openai/v1"); }
  Answer chat(const std::string& model) {
    return call(net::Method::post, "/v1/chat/completions",
                R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hi"}]})");
  }
  json::Value page(const std::string& query = "") {
    const Answer answer = call(net::Method::get, "/api/route-candidates" + query, {}, admin_);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  // The only route there is, once so many of its attempts are in the log.
  json::Value route_with(std::int64_t attempts) {
    for (int i = 0; i < 400; ++i) {
      json::Value route = page().at("items").at(0);
      if (route.at("hour").at("attempts").as_int64() >= attempts) return route;
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    ADD_FAILURE() << "so many attempts were never counted: " << attempts;
    return page().at("items").at(0);
  }
};

TEST_F(RouteCandidates, AreToldWithTheirTurnHealthAndShare) {
  start();
  add_route(
      R"({"name":"safe","targets":[{"provider":"openai","model":"double@401"},{"provider":"openai","model":"double"}]})");
  const json::Value before = page().at("items").at(0);
  EXPECT_EQ(before.at("candidates").at(0).at("turn"), 0);
  EXPECT_EQ(before.at("day").at("attempts"), 0);
  EXPECT_EQ(chat("safe").status, 200);  // over the first, whose key is refused: it rests
  EXPECT_EQ(chat("safe").status, 200);
  const json::Value route = route_with(3);
  EXPECT_EQ(text(route, "name"), "safe");
  EXPECT_EQ(text(route, "strategy"), "ordered");
  EXPECT_EQ(route.at("hour").at("attempts"), 3);
  EXPECT_EQ(route.at("hour").at("answered"), 2);
  const json::Value &first = route.at("candidates").at(0), &second = route.at("candidates").at(1);
  EXPECT_EQ(text(first, "name"), "openai/double@401");
  EXPECT_TRUE(first.at("turn").is_null());
  EXPECT_EQ(text(first.at("health"), "breaker"), "open");
  EXPECT_EQ(first.at("hour").at("attempts"), 1);
  EXPECT_EQ(first.at("day").at("answered"), 0);
  EXPECT_EQ(second.at("turn"), 0);
  EXPECT_EQ(second.at("chance").to_number<double>(), 1);
  EXPECT_EQ(second.at("hour").at("answered"), 2);
  EXPECT_TRUE(second.at("rates").is_null()) << "its price is nobody's to know";
  EXPECT_GT(second.at("health").at("whole_p50_ms").to_number<double>(), 0);
  open({});
  listen();
  EXPECT_EQ(page().at("items").at(0).at("day").at("attempts"), 3) << "a restart forgets nothing";
}

TEST_F(RouteCandidates, WeightsAreChancesOfThoseThatCanBeAsked) {
  start();
  add_route(
      R"({"name":"mix","strategy":"weighted","targets":[{"provider":"openai","model":"a","weight":1},{"provider":"openai","model":"b","weight":3},{"provider":"gone","model":"c","weight":96}]})");
  const json::Value route = page().at("items").at(0);
  EXPECT_EQ(route.at("candidates").at(0).at("chance").to_number<double>(), 0.25);
  EXPECT_EQ(route.at("candidates").at(1).at("chance").to_number<double>(), 0.75);
  EXPECT_EQ(route.at("candidates").at(1).at("turn"), 0);
  EXPECT_EQ(route.at("candidates").at(1).at("weight").to_number<double>(), 3);
  EXPECT_TRUE(route.at("candidates").at(2).at("health").is_null());
  EXPECT_TRUE(route.at("candidates").at(2).at("turn").is_null());
}

TEST_F(RouteCandidates, OneThatWasTakenOutStaysInTheSum) {
  start();
  add_route(R"({"name":"safe","targets":[{"provider":"openai","model":"double"}]})");
  EXPECT_EQ(chat("safe").status, 200);
  (void)route_with(1);
  const Answer set = call(net::Method::put, "/api/routes/safe",
                          R"({"targets":[{"provider":"openai","model":"other"}]})", {{"if-match", "1"}});
  ASSERT_EQ(set.status, 200) << set.body;
  const json::Value route = page().at("items").at(0);
  EXPECT_EQ(route.at("hour").at("answered"), 1);
  EXPECT_EQ(route.at("candidates").at(0).at("hour").at("answered"), 0);
}

TEST_F(RouteCandidates, ComeByPagesOfRoutes) {
  start();
  for (const char* name : {"one", "three", "two"})
    add_route(std::string(R"({"name":")") + name + R"(","targets":[{"provider":"openai","model":"double"}]})");
  EXPECT_EQ(chat("two").status, 200);
  const json::Value first = page("?limit=2");
  ASSERT_EQ(first.at("items").as_array().size(), 2U);
  EXPECT_EQ(text(first, "next"), "three");
  const json::Value second = page("?limit=2&after=three");
  ASSERT_EQ(second.at("items").as_array().size(), 1U);
  EXPECT_EQ(text(second.at("items").at(0), "name"), "two");
  EXPECT_EQ(text(second, "next"), "");
  EXPECT_EQ(page("?after=zzz").at("items").as_array().size(), 0U);
  EXPECT_EQ(call(net::Method::get, "/api/route-candidates?limit=0").status, 400);
}

TEST_F(RouteCandidates, AreForAdminsAlone) {
  ask_for_keys();
  const Headers member = make_key(R"({"name":"a member's"})");
  EXPECT_EQ(call(net::Method::get, "/api/route-candidates", {}, member).status, 403);
  EXPECT_EQ(call(net::Method::get, "/api/route-candidates").status, 401);
}

TEST_F(RouteCandidates, ServeWhatIsGeneratedToo) {
  add_provider("stability", "stability", "/stability");
  add_route(
      R"({"name":"pictures","targets":[{"provider":"stability","model":"stable-image-core"},{"provider":"local","model":"procedural"}]})");
  ASSERT_TRUE(double_.add_rule({.fault = "503", .path = "/v2beta/stable-image", .times = 99}));
  const json::Value offered = call(net::Method::get, "/api/generations/models?kind=image").json();
  const json::Array& offers = offered.at("items").as_array();
  EXPECT_TRUE(std::ranges::any_of(offers, [this](const json::Value& one) {
    return text(one, "id") == "pictures" && text(one, "kind") == "route";
  })) << json::write(offered);
  const json::Value done = made(R"({"kind":"image","model":"pictures","prompt":"a lamp"})");
  EXPECT_EQ(text(done, "state"), "succeeded") << json::write(done);
  const json::Value route = route_with(2);
  EXPECT_EQ(route.at("candidates").at(0).at("hour").at("answered"), 0);
  EXPECT_GE(route.at("candidates").at(0).at("hour").at("attempts").as_int64(), 1);
  EXPECT_EQ(route.at("candidates").at(1).at("hour").at("answered"), 1);
  EXPECT_EQ(route.at("candidates").at(1).at("rates"), json::Array());
  EXPECT_EQ(route.at("candidates").at(1).at("health").at("attempts"), 1);
  EXPECT_GT(route.at("candidates").at(1).at("health").at("whole_p50_ms").to_number<double>(), 0);
}

}  // namespace
}  // namespace atelier::app

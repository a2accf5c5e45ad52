#include "model/route/standing.hpp"

#include <gtest/gtest.h>

namespace atelier::model {
namespace {

using namespace std::chrono_literals;

class StandingTest : public testing::Test {
 protected:
  StandingTest() {
    models.configure({{.name = "a", .base_url = "http://127.0.0.1:1"}, {.name = "b", .base_url = "http://127.0.0.1:1"}},
                     {});
  }
  std::vector<Standing> stand(Strategy strategy, std::vector<RouteTarget> targets) {
    return standings({.name = "r", .strategy = strategy, .targets = std::move(targets)}, models, now, nullptr);
  }
  void trip(const std::string& name) {
    models.find_candidate(name)->breaker.tell(Breaker::Permit::allowed, Health::account, now);
  }
  Models models{BreakerPolicy()};
  std::chrono::steady_clock::time_point now{1h};
};

TEST_F(StandingTest, InOrderTheFirstThatMayBeAskedIsFirst) {
  trip("a/one");
  const auto all = stand(Strategy::ordered, {{"gone", "x"}, {"a", "one"}, {"b", "two"}, {"b", "three"}});
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].candidate, nullptr);
  EXPECT_EQ(all[0].turn, std::nullopt);
  EXPECT_EQ(all[1].turn, std::nullopt) << "it rests";
  EXPECT_EQ(all[2].turn, 0U);
  EXPECT_EQ(all[2].chance, 1);
  EXPECT_EQ(all[3].turn, 1U);
  EXPECT_EQ(all[3].chance, 0);
}

TEST_F(StandingTest, ByWeightTheChanceIsOfThoseThatMayBeAsked) {
  auto all = stand(Strategy::weighted, {{"a", "one", 1}, {"b", "two", 3}, {"a", "three", 4}});
  EXPECT_DOUBLE_EQ(all[0].chance, 0.125);
  EXPECT_DOUBLE_EQ(all[2].chance, 0.5);
  EXPECT_EQ(all[2].turn, 0U);
  EXPECT_EQ(all[0].turn, 2U);
  trip("a/three");
  all = stand(Strategy::weighted, {{"a", "one", 1}, {"b", "two", 3}, {"a", "three", 4}});
  EXPECT_DOUBLE_EQ(all[0].chance, 0.25);
  EXPECT_EQ(all[1].turn, 0U);
  EXPECT_EQ(all[2].chance, 0);
}

TEST_F(StandingTest, OneThatIsHeldBackIsPassedOverUntilItIsNot) {
  models.find_candidate("a/one")->hold_until(now + 5s);
  EXPECT_EQ(stand(Strategy::ordered, {{"a", "one"}, {"b", "two"}})[0].turn, std::nullopt);
  now += 6s;
  EXPECT_EQ(stand(Strategy::ordered, {{"a", "one"}, {"b", "two"}})[0].turn, 0U);
}

TEST_F(StandingTest, OneWhoseRestIsOverIsAskedAgain) {
  trip("a/one");
  now += BreakerPolicy().account_open_for + 1s;
  EXPECT_EQ(stand(Strategy::ordered, {{"a", "one"}, {"b", "two"}})[0].turn, 0U);
}

TEST_F(StandingTest, LookingTakesNobodysProbe) {
  trip("a/one");
  now += BreakerPolicy().account_open_for + 1s;
  (void)stand(Strategy::ordered, {{"a", "one"}});
  EXPECT_EQ(models.find_candidate("a/one")->breaker.ask(now), Breaker::Permit::probe);
}

TEST_F(StandingTest, WhereAllRestNobodyHasATurn) {
  trip("a/one");
  for (const Strategy strategy : {Strategy::ordered, Strategy::weighted, Strategy::automatic}) {
    const auto all = stand(strategy, {{"a", "one"}});
    EXPECT_EQ(all[0].turn, std::nullopt);
    EXPECT_EQ(all[0].chance, 0);
  }
}

}  // namespace
}  // namespace atelier::model

#include <gtest/gtest.h>

#include "model/limit/gate.hpp"
#include "model/limit/glob.hpp"
#include "model/limit/limiters.hpp"
#include "tests/model/allocation_count.hpp"
#include "tests/model/books.hpp"

namespace atelier::model {
namespace {

using store::is_ok;

TEST(Glob, StarsAndMarks) {
  EXPECT_TRUE(matches_glob("gpt-*", "gpt-4o"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("*", "a/b/c"));
  EXPECT_TRUE(matches_glob("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(matches_glob("??", "ab"));
  EXPECT_TRUE(matches_glob("exact", "exact"));
  EXPECT_FALSE(matches_glob("gpt-*", "xgpt-4o"));
  EXPECT_FALSE(matches_glob("gpt-4o", "gpt-4o-mini"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_FALSE(matches_glob("GPT*", "gpt"));
  EXPECT_FALSE(matches_glob("?", ""));
  // What makes a backtracking matcher take years.
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5'000, 'a')));
}

TEST(KeyState, AllowsAllOrWhatItsListsSay) {
  KeyState key;
  EXPECT_TRUE(key.allows_route("fast"));
  EXPECT_TRUE(key.allows_model("openai", "gpt-5"));
  key.routes = {"fast", "team-*"};
  EXPECT_TRUE(key.allows_route("team-a"));
  EXPECT_FALSE(key.allows_route("slow"));
  EXPECT_FALSE(key.allows_model("openai", "gpt-5")) << "only through a route";
  key.routes.clear();
  key.models = {"anthropic/*", "gpt-*"};
  EXPECT_FALSE(key.allows_route("fast"));
  EXPECT_TRUE(key.allows_model("anthropic", "claude-x"));
  EXPECT_TRUE(key.allows_model("azure", "gpt-5"));
  EXPECT_FALSE(key.allows_model("openrouter", "anthropic/claude-x")) << "that is openrouter/anthropic/claude-x";
  key.models = {"openrouter/*"};
  EXPECT_TRUE(key.allows_model("openrouter", "anthropic/claude-x"));
}

TEST(CallEstimate, TakesTheDearestCandidateAndOneUnknownIsUnknown) {
  ModelPrice cheap, dear;
  cheap.add({.rate = Rate::input, .price = 1});
  cheap.add({.rate = Rate::output, .price = 2});
  dear.add({.rate = Rate::input, .price = 10});
  dear.add({.rate = Rate::output, .price = 20});
  const std::array<const ModelPrice*, 2> both = {&cheap, &dear};
  const CallEstimate estimate = estimate_call(100, 50, 2, both);
  EXPECT_EQ(estimate.tokens, 200);
  EXPECT_EQ(estimate.cost, 100 * 10 + 100 * 20);
  const std::array<const ModelPrice*, 2> unknown = {&cheap, nullptr};
  EXPECT_EQ(estimate_call(1, 1, 1, unknown).cost, std::nullopt);
  EXPECT_EQ(estimate_call(1, std::numeric_limits<std::int64_t>::max(), 9, both).tokens, kMoneyMax);
}

class GateTest : public BooksTest {
 protected:
  Result<CallPass> admit(KeyStatePtr state, CallEstimate estimate) {
    return loop_.wait_for(gate_.admit(state, estimate));
  }
};

TEST_F(GateTest, ACallHoldsItsPlaceTokensAndMoneyUntilItIsSettled) {
  const auto state = make_key({.tokens_per_minute = 1'000, .concurrent_max = 1}, {.day = kDollar});
  auto pass = admit(state, {.tokens = 600, .cost = 60 * kCent});
  ASSERT_TRUE(is_ok(pass));
  EXPECT_FALSE(admit(state, {}).has_value());
  EXPECT_EQ(state->allowance->status().day.reserved, 60 * kCent);
  pass->settle(100, 10 * kCent);
  *pass = CallPass();
  EXPECT_EQ(state->limiter->status().tokens.remaining, 900);
  EXPECT_EQ(state->limiter->status().concurrency.remaining, 1);
  EXPECT_EQ(state->allowance->status().day.spent, 10 * kCent);
  EXPECT_EQ(state->allowance->status().day.reserved, 0);
}

TEST_F(GateTest, MoneyThatIsRefusedGivesTokensAndPlaceBack) {
  const auto state = make_key({.tokens_per_minute = 1'000, .concurrent_max = 1}, {.month = kCent});
  const auto refused = admit(state, {.tokens = 600, .cost = kDollar});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "allowance_month");
  EXPECT_EQ(state->limiter->status().tokens.remaining, 1'000);
  EXPECT_TRUE(admit(state, {.tokens = 600, .cost = kCent}).has_value());
  EXPECT_FALSE(admit(state, {.tokens = 600, .cost = std::nullopt}).has_value());
  const std::string rendered = metrics_.render();
  EXPECT_NE(rendered.find("atelier_limit_refusals_total{limit=\"month\"} 1"), std::string::npos) << rendered;
  EXPECT_NE(rendered.find("atelier_limit_refusals_total{limit=\"tokens\"} 1"), std::string::npos);
}

TEST_F(GateTest, TheFirstHalfAnswersUnlessABlockOfMoneyMustBeLeased) {
  const auto state = make_key({.tokens_per_minute = 1'000, .concurrent_max = 1}, {.day = kDollar});
  const CallEstimate estimate{.tokens = 600, .cost = kCent};
  RatePass held;
  EXPECT_FALSE(gate_.try_admit(*state, estimate, held).has_value()) << "nothing is leased yet";
  EXPECT_EQ(state->limiter->status().concurrency.remaining, 0) << "the place is held meanwhile";
  {
    auto pass = loop_.wait_for(gate_.wait_for_money(state, estimate, std::move(held)));
    ASSERT_TRUE(is_ok(pass));
    pass->settle(0, 0);
  }
  EXPECT_EQ(state->limiter->status().concurrency.remaining, 1);
  EXPECT_EQ(state->limiter->status().tokens.remaining, 1'000);
  auto answer = gate_.try_admit(*state, estimate, held);
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(is_ok(*answer));
  RatePass other;
  auto refused = gate_.try_admit(*state, estimate, other);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ((*refused).error().reason, "concurrency");
  (*answer)->settle(100, 0);
  answer.reset();
  refused = gate_.try_admit(*state, {.tokens = 100, .cost = 2 * kDollar}, other);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ((*refused).error().reason, "allowance_day");
  EXPECT_EQ(state->limiter->status().tokens.remaining, 900) << "given back";
  EXPECT_EQ(state->limiter->status().concurrency.remaining, 1);
}

TEST_F(GateTest, AdmittingAndSettlingAllocatesNothing) {
  const auto state =
      make_key({.requests_per_minute = 1'000'000, .tokens_per_minute = 1'000'000'000, .concurrent_max = 8},
               {.day = 1'000 * kDollar, .month = 1'000 * kDollar});
  const CallEstimate estimate{.tokens = 1'000, .cost = kCent / 100};
  ASSERT_TRUE(is_ok(admit(state, estimate)));
  const std::size_t before = testing::allocation_count();
  for (int i = 0; i < 1'000; ++i) {
    RatePass held;
    auto pass = gate_.try_admit(*state, estimate, held);
    ASSERT_TRUE(pass && *pass);
    (*pass)->settle(10, kCent / 1'000);
  }
  EXPECT_EQ(testing::allocation_count() - before, 0U);
}

TEST_F(GateTest, TheOpenStudioIsLimitedByNothing) {
  const auto state = open_key_state({});
  EXPECT_TRUE(is_ok(admit(state, {.tokens = 1'000'000'000, .cost = std::nullopt})));
  EXPECT_TRUE(state->id.is_nil());
}

}  // namespace
}  // namespace atelier::model

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "model/limit/headers.hpp"
#include "model/limit/limiter.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<KeyLimiter> limiter_of(const Clock& clock, KeyLimits limits) {
  auto limiter = std::make_shared<KeyLimiter>(clock);
  limiter->set_limits(limits);
  return limiter;
}

TEST(Limiter, AMinutesQuotaPassesAtOnceAndTheNextIsToldExactlyWhen) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.requests_per_minute = 60});
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(limiter->admit(0).has_value()) << i;
  const auto refused = limiter->admit(0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
  EXPECT_EQ(refused.error().reason, "requests_per_minute");
  EXPECT_EQ(refused.error().retry_after_ms, 1'000U);
  clock.advance(999ms);
  EXPECT_FALSE(limiter->admit(0).has_value());
  clock.advance(1ms);
  EXPECT_TRUE(limiter->admit(0).has_value());
  EXPECT_FALSE(limiter->admit(0).has_value());
}

TEST(Limiter, QuotasThatDoNotDivideAMinutePassExactly) {
  for (const std::int64_t quota : {1, 7, 11, 59, 61, 997, 65'537}) {
    ManualClock clock;
    const auto limiter = limiter_of(clock, {.requests_per_minute = quota});
    for (std::int64_t i = 0; i < quota; ++i) ASSERT_TRUE(limiter->admit(0).has_value()) << quota << " " << i;
    EXPECT_FALSE(limiter->admit(0).has_value()) << quota;
    clock.advance(60s);
    EXPECT_EQ(limiter->status().requests.remaining, quota) << "a minute later all of it is back";
  }
}

TEST(Limiter, ARefusedCallTakesNothing) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.requests_per_minute = 10, .tokens_per_minute = 100, .concurrent_max = 1});
  auto first = limiter->admit(60);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(limiter->admit(1).error().reason, "concurrency");
  *first = RatePass();
  const auto refused = limiter->admit(60);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "tokens_per_minute");
  EXPECT_EQ(refused.error().retry_after_ms, 12'000U) << "20 tokens at 100 a minute";
  EXPECT_EQ(limiter->status().requests.remaining, 9);
  EXPECT_EQ(limiter->status().tokens.remaining, 40);
  EXPECT_TRUE(limiter->admit(40).has_value());
}

TEST(Limiter, WhatCanNeverPassIsNoMatterOfWaiting) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.tokens_per_minute = 100});
  const auto refused = limiter->admit(101);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_EQ(refused.error().retry_after_ms, std::nullopt);
  EXPECT_TRUE(limiter->admit(100).has_value());
}

TEST(Limiter, SettlingGivesBackWhatWasNotUsedAndTakesWhatWasUsedBeyond) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.tokens_per_minute = 6'000});
  auto pass = limiter->admit(4'000);
  ASSERT_TRUE(pass.has_value());
  EXPECT_EQ(limiter->status().tokens.remaining, 2'000);
  pass->settle(500);
  EXPECT_EQ(limiter->status().tokens.remaining, 5'500);
  auto greedy = limiter->admit(5'500);
  ASSERT_TRUE(greedy.has_value());
  greedy->settle(9'000);
  EXPECT_EQ(limiter->status().tokens.remaining, 0);
  const auto refused = limiter->admit(1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().retry_after_ms, 35'010U) << "3,500 tokens of debt and one";
}

TEST(Limiter, AReservationThatWasNeverSettledCountsAsUsed) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.tokens_per_minute = 1'000, .concurrent_max = 1});
  {
    auto pass = limiter->admit(1'000);
  }
  EXPECT_EQ(limiter->status().tokens.remaining, 0);
  EXPECT_EQ(limiter->status().concurrency.remaining, 1) << "its place is free all the same";
}

// A call that takes a minute has its reservation filled up again by the time it returns it.
TEST(Limiter, ALongCallDoesNotGiveItsReservationBackTwice) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.tokens_per_minute = 6'000});
  auto slow = limiter->admit(3'000);
  ASSERT_TRUE(slow.has_value());
  clock.advance(29s);
  auto next = limiter->admit(3'000);
  ASSERT_TRUE(next.has_value());
  slow->settle(0);
  EXPECT_EQ(limiter->status().tokens.remaining, 3'000)
      << "what the second call uses, and no more than if the first never was";
}

// Never more than a bucket that is only told of what was really used, when it began to be used.
TEST(Limiter, WithReservationsNobodyGetsMoreThanWithForesight) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&](std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(random); };
    Gcra bucket, foresight;
    bucket.set_quota(600);
    foresight.set_quota(600);
    struct Open {
      Gcra::Reserved reserved;
      std::int64_t used;
    };
    std::vector<Open> open;
    Gcra::Nanos now = 0;
    for (int step = 0; step < 400; ++step) {
      now += upto(4'000'000'000);
      if (const std::int64_t count = upto(300); upto(1) == 0 && bucket.wait_for(count, now) == 0) {
        const std::int64_t used = upto(count);
        open.push_back({bucket.reserve(count, now), used});
        foresight.take(used, now);
      } else if (!open.empty()) {
        const auto which = open.begin() + upto(static_cast<std::int64_t>(open.size()) - 1);
        bucket.settle(which->reserved, which->used, now);
        open.erase(which);
      }
      ASSERT_GE(bucket.full_in(now), foresight.full_in(now)) << "seed " << seed << " step " << step;
    }
  }
}

TEST(Limiter, AStepOfTheWallClockNeitherUnlocksNorFreezes) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.requests_per_minute = 2});
  (void)limiter->admit(0);
  (void)limiter->admit(0);
  for (const auto step : {-5s, 5s, -86'400s, 86'400s}) {
    clock.step_wall(step);
    const auto refused = limiter->admit(0);
    ASSERT_FALSE(refused.has_value()) << step.count();
    EXPECT_EQ(refused.error().retry_after_ms, 30'000U);
  }
  clock.advance(30s);
  EXPECT_TRUE(limiter->admit(0).has_value());
}

TEST(Limiter, AHundredCallersAtOncePassExactlyTheQuota) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.requests_per_minute = 50, .tokens_per_minute = 400});
  std::atomic<int> passed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i)
        if (limiter->admit(10)) ++passed;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 40) << "the tokens of 40";
  EXPECT_EQ(limiter->status().requests.remaining, 10);
}

TEST(Limiter, PlacesAreGivenBackHoweverACallEnds) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.concurrent_max = 2});
  auto first = limiter->admit(0), second = limiter->admit(0);
  EXPECT_FALSE(limiter->admit(0).has_value());
  RatePass moved = std::move(*first);
  EXPECT_FALSE(limiter->admit(0).has_value());
  moved = std::move(*second);
  EXPECT_TRUE(limiter->admit(0).has_value()) << "the place of the pass that was assigned to";
  EXPECT_EQ(limiter->status().concurrency.remaining, 1);
}

TEST(Limiter, NewLimitsCountWhatWasUsed) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.requests_per_minute = 60});
  for (int i = 0; i < 30; ++i) (void)limiter->admit(0);
  limiter->set_limits({.requests_per_minute = 10});
  EXPECT_EQ(limiter->status().requests.remaining, 5) << "half a minute's worth is used";
  limiter->set_limits({});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter->admit(1'000'000'000'000).has_value());
}

TEST(Limiter, HugeFiguresDoNotOverflow) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.tokens_per_minute = std::numeric_limits<std::int64_t>::max()});
  auto pass = limiter->admit(Gcra::kQuotaMax);
  ASSERT_TRUE(pass.has_value());
  limiter->set_limits({.tokens_per_minute = 1});
  pass->settle(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(limiter->status().tokens.full_in, 3'600s) << "no debt is longer than an hour";
}

std::map<std::string, std::string> headers_of(const KeyLimiter& limiter, const Error* refusal = nullptr) {
  std::map<std::string, std::string> all;
  net::Headers headers;
  set_limit_headers(headers, limiter.status(), refusal);
  for (const auto& [name, value] : headers.fields()) EXPECT_TRUE(all.emplace(name, value).second) << name;
  return all;
}

TEST(LimitHeaders, TellPolicyStateAndWhenToComeAgain) {
  ManualClock clock;
  const auto limiter = limiter_of(clock, {.requests_per_minute = 20, .tokens_per_minute = 6'000, .concurrent_max = 4});
  auto pass = limiter->admit(5'000);
  const std::map<std::string, std::string> expected = {
      {"ratelimit-policy",
       R"("requests";q=20;w=60;qu="requests", "tokens";q=6000;w=60, "concurrency";q=4;qu="concurrent-requests")"},
      {"ratelimit", R"("requests";r=19;t=3, "tokens";r=1000;t=1, "concurrency";r=3)"},
      {"x-ratelimit-limit-requests", "20"},
      {"x-ratelimit-remaining-requests", "19"},
      {"x-ratelimit-reset-requests", "3s"},
      {"x-ratelimit-limit-tokens", "6000"},
      {"x-ratelimit-remaining-tokens", "1000"},
      {"x-ratelimit-reset-tokens", "50s"},
  };
  EXPECT_EQ(headers_of(*limiter), expected);

  const auto refused = limiter->admit(2'500);
  ASSERT_FALSE(refused.has_value());
  const auto headers = headers_of(*limiter, &refused.error());
  EXPECT_EQ(headers.at("retry-after"), "15");
  EXPECT_EQ(headers.at("ratelimit"), R"("requests";r=19;t=3, "tokens";r=1000;t=15, "concurrency";r=3)");
}

TEST(LimitHeaders, AreOnlyOfLimitsThereAre) {
  ManualClock clock;
  EXPECT_TRUE(headers_of(*limiter_of(clock, {})).empty());
  const auto headers = headers_of(*limiter_of(clock, {.tokens_per_minute = 10}));
  EXPECT_EQ(headers.at("ratelimit"), R"("tokens";r=10;t=0)");
  EXPECT_EQ(headers.count("x-ratelimit-limit-requests"), 0U);
  const Error refusal{
      .code = ErrorCode::rate_limited, .message = {}, .reason = {}, .where = {}, .retry_after_ms = 1, .source = {}};
  EXPECT_EQ(headers_of(*limiter_of(clock, {}), &refusal).at("retry-after"), "1") << "never 0, never early";
  EXPECT_EQ(retry_after_value(1'001), "2");
}

}  // namespace
}  // namespace atelier::model

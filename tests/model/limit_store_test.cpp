#include <gtest/gtest.h>

#include "model/limit/limiters.hpp"
#include "tests/model/house.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

class LimitersStored : public TelemetryTest {
 protected:
  std::unique_ptr<Limiters> make(Limiters::Options options = {}) {
    return std::make_unique<Limiters>(database_, clock_, metrics_, options);
  }
  std::int64_t row_count() { return store::run(real_->read({"SELECT count(*) FROM limiter_states"}))->integer(0, 0); }
};

TEST_F(LimitersStored, AKeyHasOneLimiterHoweverOftenItIsAskedFor) {
  const auto limiters = make();
  const KeyId key = KeyId::make();
  const auto first = limiters->limiter(key, {.requests_per_minute = 2});
  ASSERT_TRUE(first->admit(0).has_value());
  const auto second = limiters->limiter(key, {.requests_per_minute = 2});
  EXPECT_EQ(first, second);
  EXPECT_EQ(second->status().requests.remaining, 1);
  EXPECT_NE(limiters->limiter(KeyId::make(), {}), first);
}

TEST_F(LimitersStored, ARestartGivesNobodyANewMinute) {
  const KeyId busy = KeyId::make(), idle = KeyId::make();
  {
    const auto limiters = make();
    const auto limiter = limiters->limiter(busy, {.requests_per_minute = 4, .tokens_per_minute = 1'000});
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(limiter->admit(200).has_value());
    (void)limiters->limiter(idle, {.requests_per_minute = 4});
    ASSERT_TRUE(is_ok(store::run(limiters->flush())));
    EXPECT_EQ(row_count(), 1) << "who took nothing has nothing to be remembered";
  }
  clock_.advance(15s);
  const auto limiters = make();
  ASSERT_TRUE(is_ok(store::run(limiters->load())));
  const auto limiter = limiters->limiter(busy, {.requests_per_minute = 4, .tokens_per_minute = 1'000});
  EXPECT_EQ(limiter->status().requests.remaining, 1);
  EXPECT_EQ(limiter->status().tokens.remaining, 450);
  EXPECT_TRUE(limiter->admit(0).has_value());
  const auto refused = limiter->admit(0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().retry_after_ms, 15'000U);

  clock_.advance(2min);
  const auto later = make();
  ASSERT_TRUE(is_ok(store::run(later->load())));
  EXPECT_EQ(row_count(), 0);
  EXPECT_EQ(later->limiter(busy, {.requests_per_minute = 4})->status().requests.remaining, 4);
}

TEST_F(LimitersStored, AWallClockThatWasSetBackFreezesNobodyForLongerThanAMinute) {
  const KeyId key = KeyId::make();
  {
    const auto limiters = make();
    (void)limiters->limiter(key, {.requests_per_minute = 1})->admit(0);
    ASSERT_TRUE(is_ok(store::run(limiters->flush())));
  }
  clock_.step_wall(-24h);
  const auto limiters = make();
  ASSERT_TRUE(is_ok(store::run(limiters->load())));
  const auto refused = limiters->limiter(key, {.requests_per_minute = 1})->admit(0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().retry_after_ms, 60'000U);
}

TEST_F(LimitersStored, WhatCouldNotBeWrittenIsWrittenLater) {
  const auto limiters = make();
  (void)limiters->limiter(KeyId::make(), {.requests_per_minute = 1})->admit(0);
  database_.die();
  EXPECT_FALSE(store::run(limiters->flush()).has_value());
  database_.revive();
  ASSERT_TRUE(is_ok(store::run(limiters->flush())));
  EXPECT_EQ(row_count(), 1);
  const std::size_t count = database_.write_count();
  ASSERT_TRUE(is_ok(store::run(limiters->flush())));
  EXPECT_EQ(database_.write_count(), count) << "nothing changed";
}

TEST_F(LimitersStored, ManyKeysAreWrittenInBatches) {
  const auto limiters = make();
  for (int i = 0; i < 1'200; ++i) (void)limiters->limiter(KeyId::make(), {.requests_per_minute = 1})->admit(0);
  ASSERT_TRUE(is_ok(store::run(limiters->flush())));
  EXPECT_EQ(row_count(), 1'200);
  EXPECT_EQ(database_.write_count(), 3U);
}

TEST_F(LimitersStored, TheirNumberIsBoundedAndOnlyWhoIsAtRestIsForgotten) {
  const auto limiters = make({.keys_max = 16});
  std::vector<KeyId> busy;
  for (int i = 0; i < 40; ++i) {
    busy.push_back(KeyId::make());
    (void)limiters->limiter(busy.back(), {.requests_per_minute = 1})->admit(0);
  }
  EXPECT_NE(metrics_.render().find("atelier_limit_keys 1"), std::string::npos) << "16 at most";
  // One that found no room works all the same, for whoever holds it.
  const auto held = limiters->limiter(KeyId::make(), {.requests_per_minute = 1});
  EXPECT_TRUE(held->admit(0).has_value());
  EXPECT_FALSE(held->admit(0).has_value());

  clock_.advance(1min);
  const KeyId fresh = KeyId::make();
  const auto kept = limiters->limiter(fresh, {.requests_per_minute = 1});
  EXPECT_EQ(limiters->limiter(fresh, {.requests_per_minute = 1}), kept) << "room was made by those at rest";
}

TEST_F(LimitersStored, RunFlushesOnceMoreWhenItEnds) {
  LoopThread loop;
  const auto limiters = make({.flush_every = 1h});
  {
    Running running(loop, limiters->run());
    (void)limiters->limiter(KeyId::make(), {.requests_per_minute = 1})->admit(0);
  }
  EXPECT_EQ(row_count(), 1);
}

}  // namespace
}  // namespace atelier::model

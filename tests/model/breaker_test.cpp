#include "model/route/breaker.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Permit = Breaker::Permit;

class BreakerTest : public testing::Test {
 protected:
  void fail_times(int count) {
    for (int i = 0; i < count; ++i) breaker.tell(Permit::allowed, Health::bad, now);
  }
  BreakerState state() const { return breaker.snapshot(now).state; }
  std::chrono::steady_clock::time_point now{std::chrono::hours(5)};
  Breaker breaker{BreakerPolicy()};
};

TEST_F(BreakerTest, FiveFailuresInARowOpenItForHalfAMinute) {
  fail_times(4);
  EXPECT_EQ(state(), BreakerState::closed);
  fail_times(1);
  EXPECT_EQ(state(), BreakerState::open);
  EXPECT_EQ(breaker.snapshot(now).opens_in, seconds(30));
  EXPECT_EQ(breaker.ask(now), Permit::refused);
  now += milliseconds(29'999);
  EXPECT_EQ(breaker.ask(now), Permit::refused);
}

TEST_F(BreakerTest, FailuresFurtherApartThanTheWindowAreNoRow) {
  for (int i = 0; i < 20; ++i) {
    fail_times(1);
    now += seconds(61);
  }
  EXPECT_EQ(state(), BreakerState::closed);
}

TEST_F(BreakerTest, ASuccessBreaksTheRow) {
  for (int i = 0; i < 4; ++i) {
    fail_times(4);
    for (int good = 0; good < 8; ++good) breaker.tell(Permit::allowed, Health::good, now);
  }
  EXPECT_EQ(state(), BreakerState::closed);
}

TEST_F(BreakerTest, HalfOfTwentyOpenItWithoutARow) {
  for (int i = 0; i < 10; ++i) {
    breaker.tell(Permit::allowed, Health::good, now);
    breaker.tell(Permit::allowed, Health::bad, now);
  }
  EXPECT_EQ(state(), BreakerState::open);
}

TEST_F(BreakerTest, WhatIsOlderThanTheWindowDoesNotCount) {
  for (int i = 0; i < 9; ++i) {
    breaker.tell(Permit::allowed, Health::bad, now);
    breaker.tell(Permit::allowed, Health::good, now);
  }
  now += seconds(70);
  for (int i = 0; i < 3; ++i) breaker.tell(Permit::allowed, Health::bad, now);
  EXPECT_EQ(state(), BreakerState::closed);
  EXPECT_EQ(breaker.snapshot(now).attempts, 3U);
}

TEST_F(BreakerTest, HalfOpenLetsOneProbeThrough) {
  fail_times(5);
  now += seconds(30);
  EXPECT_EQ(breaker.ask(now), Permit::probe);
  EXPECT_EQ(breaker.ask(now), Permit::refused);
  breaker.tell(Permit::probe, Health::good, now);
  EXPECT_EQ(state(), BreakerState::closed);
  EXPECT_EQ(breaker.ask(now), Permit::allowed);
}

TEST_F(BreakerTest, AFailedProbeDoublesTheTimeUpToTheCap) {
  fail_times(5);
  auto expected = milliseconds(30'000);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(breaker.snapshot(now).opens_in, expected);
    now += expected;
    ASSERT_EQ(breaker.ask(now), Permit::probe);
    breaker.tell(Permit::probe, Health::bad, now);
    expected = std::min(expected * 2, milliseconds(600'000));
  }
}

TEST_F(BreakerTest, AProbeThatWasCancelledLetsAnotherThrough) {
  fail_times(5);
  now += seconds(30);
  ASSERT_EQ(breaker.ask(now), Permit::probe);
  breaker.tell(Permit::probe, Health::no_sign, now);
  EXPECT_EQ(breaker.ask(now), Permit::probe);
}

TEST_F(BreakerTest, AnAccountFaultTripsAtOnceAndLong) {
  breaker.tell(Permit::allowed, Health::account, now);
  EXPECT_EQ(breaker.snapshot(now).opens_in, milliseconds(1'800'000));
  EXPECT_EQ(breaker.ask_out_of_turn(now), Permit::refused);
}

TEST_F(BreakerTest, TheCallersFaultsNeverCount) {
  for (int i = 0; i < 100; ++i) breaker.tell(Permit::allowed, Health::no_sign, now);
  EXPECT_EQ(breaker.snapshot(now).attempts, 0U);
}

TEST_F(BreakerTest, RetryAfterIsAFloor) {
  for (int i = 0; i < 5; ++i) breaker.tell(Permit::allowed, Health::bad, now, seconds(90));
  EXPECT_EQ(breaker.snapshot(now).opens_in, seconds(90));
}

TEST_F(BreakerTest, ALateFailureOfAnOldAttemptDoesNotProlong) {
  fail_times(5);
  now += seconds(10);
  fail_times(1);
  EXPECT_EQ(breaker.snapshot(now).opens_in, seconds(20));
}

TEST_F(BreakerTest, OutOfTurnASuccessClosesIt) {
  fail_times(5);
  EXPECT_EQ(breaker.ask_out_of_turn(now), Permit::probe);
  EXPECT_EQ(breaker.ask_out_of_turn(now), Permit::refused);
  breaker.tell(Permit::probe, Health::good, now);
  EXPECT_EQ(state(), BreakerState::closed);
}

TEST_F(BreakerTest, AfterARestartItIsStillOpen) {
  breaker.restore(2, false, seconds(12), now);
  EXPECT_EQ(breaker.ask(now), Permit::refused);
  now += seconds(12);
  ASSERT_EQ(breaker.ask(now), Permit::probe);
  breaker.tell(Permit::probe, Health::bad, now);
  EXPECT_EQ(breaker.snapshot(now).opens_in, seconds(120));  // the third trip
}

TEST_F(BreakerTest, AWallClockThatLeaptDoesNotLockItOut) {
  breaker.restore(1, false, std::chrono::hours(100'000), now);
  EXPECT_EQ(breaker.snapshot(now).opens_in, milliseconds(600'000));
}

}  // namespace
}  // namespace atelier::model

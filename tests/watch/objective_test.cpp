// Objectives and budgets, on a registry that is moved by hand and a clock that is pushed on.
#include <gtest/gtest.h>

#include <cmath>

#include "store/migrations.hpp"
#include "tests/store/support.hpp"
#include "watch/objective/event_windows.hpp"
#include "watch/objective/figure_window.hpp"
#include "watch/objective/objectives.hpp"

namespace atelier::watch {
namespace {

using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
using store::run;

constexpr std::string_view kRequestLabels[] = {"route", "status"};
constexpr std::string_view kRouteLabels[] = {"route"};
constexpr Metric kRequests{"test_requests_total", MetricKind::counter, "Of a test", kRequestLabels};
constexpr Metric kSeconds{"test_seconds", MetricKind::histogram, "Of a test", kRouteLabels};
constexpr Metric kBytes{"test_bytes", MetricKind::gauge, "Of a test"};
constexpr UnixMs kBegin = 1'800'000'000'000;  // the beginning of five minutes

constexpr std::string_view kDefinitions = R"toml(
[[objective]]
name = "calls"
title = "Calls"
target = 99
required = 90
good = ['test_requests_total{route="/v1/*",status!="5xx"}']
bad = ['test_requests_total{route="/v1/*",status="5xx"}']

[[objective]]
name = "quick"
title = "Quick calls"
target = 90
required = 50
events = ['test_seconds']
under = 0.5

[[budget]]
name = "calls_p95"
title = "Calls, p95"
unit = "seconds"
stat = "p95"
of = ['test_seconds{route="/v1/*"}']
limit = 0.1
required = 0.5

[[budget]]
name = "memory"
title = "Memory"
unit = "bytes"
stat = "lowest"
of = ['test_bytes']
limit = 100
required = 200

[[budget]]
name = "never"
title = "What never comes"
unit = "seconds"
stat = "mean"
of = ['test_absent_seconds']
limit = 1
required = 2
)toml";

class ObjectivesTest : public testing::Test {
 protected:
  ObjectivesTest() { open(); }
  void open() {
    close();
    metrics_ = std::make_unique<Metrics>();
    telemetry_ =
        *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
    history_ = std::make_unique<History>(*telemetry_, *metrics_, clock_);
    objectives_ = std::make_unique<Objectives>(
        Objectives::Parts{.history = *history_, .telemetry = *telemetry_, .metrics = *metrics_, .clock = clock_},
        *ObjectiveDefinitions::parse(kDefinitions, "objectives.toml"));
    ASSERT_TRUE(run(objectives_->begin()));
    history_->sample();
  }
  void close() {
    objectives_.reset();
    history_.reset();
    telemetry_.reset();
  }
  void call(int good, int bad, std::string_view route = "/v1/chat") {
    metrics_->counter(kRequests, {route, "2xx"}).add(static_cast<std::uint64_t>(good));
    metrics_->counter(kRequests, {route, "5xx"}).add(static_cast<std::uint64_t>(bad));
  }
  // As run() would, but for the steps of the history, which are as long as those of the clock.
  void pass(seconds time, seconds step = seconds(10)) {
    for (seconds passed{0}; passed < time; passed += step) {
      clock_.advance(step);
      objectives_->evaluate();
      history_->sample();
    }
  }
  ObjectiveState state(std::string_view name) const {
    for (ObjectiveState& one : objectives_->states())
      if (one.name == name) return one;
    ADD_FAILURE() << "no objective " << name;
    return {};
  }
  BudgetState budget(std::string_view name) const {
    for (BudgetState& one : objectives_->budgets())
      if (one.name == name) return one;
    ADD_FAILURE() << "no budget " << name;
    return {};
  }

  store::TemporaryFolder folder_;
  ManualClock clock_{kBegin};
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<store::Database> telemetry_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Objectives> objectives_;
};

TEST_F(ObjectivesTest, NothingIsBrokenBeforeAnythingCame) {
  objectives_->evaluate();
  const ObjectiveState calls = state("calls");
  EXPECT_EQ(calls.share, std::nullopt);
  EXPECT_EQ(calls.budget_left, 1);
  EXPECT_EQ(calls.spent_in, std::nullopt);
  for (const Burn& burn : calls.burns) EXPECT_EQ(burn.rate, std::nullopt);
  EXPECT_EQ(budget("calls_p95").verdict, BudgetVerdict::no_data);
  EXPECT_EQ(budget("never").value, std::nullopt);
}

TEST_F(ObjectivesTest, BurnIsTheBadShareOverTheOneThatMayBe) {
  call(900, 100);
  call(500, 500, "/api/threads");  // of no objective
  objectives_->evaluate();
  const ObjectiveState calls = state("calls");
  EXPECT_DOUBLE_EQ(calls.event_count, 1'000);
  EXPECT_DOUBLE_EQ(calls.bad_count, 100);
  EXPECT_DOUBLE_EQ(*calls.share, 0.9);
  // A tenth is bad and a hundredth may be.
  for (const Burn& burn : calls.burns) EXPECT_NEAR(*burn.rate, 10, 1e-9);
  EXPECT_NEAR(calls.budget_left, -9, 1e-9);
  EXPECT_NEAR(calls.required_budget_left, 0, 1e-9);
  EXPECT_EQ(calls.spent_in, seconds(0));
}

TEST_F(ObjectivesTest, EachWindowForgetsInItsTime) {
  call(0, 100);
  pass(seconds(10));
  const auto rate = [&](seconds window) { return *state("calls").burn(window).rate; };
  // From here on all is good: 10 calls in ten seconds.
  const auto good = [&](seconds time) {
    for (seconds passed{0}; passed < time; passed += seconds(10)) {
      call(10, 0);
      pass(seconds(10));
    }
  };
  good(minutes(6));
  EXPECT_DOUBLE_EQ(rate(minutes(5)), 0);
  EXPECT_NEAR(rate(minutes(30)), 100.0 / 460 / 0.01, 1e-6);
  good(minutes(30));
  EXPECT_DOUBLE_EQ(rate(minutes(30)), 0);
  EXPECT_NEAR(rate(hours(1)), 100.0 / 2'260 / 0.01, 1e-6);
  EXPECT_NEAR(rate(hours(6)), 100.0 / 2'260 / 0.01, 1e-6);
  good(minutes(30));
  EXPECT_DOUBLE_EQ(rate(hours(1)), 0);
  EXPECT_GT(rate(hours(6)), 0);
}

TEST_F(ObjectivesTest, APairBurnsWhereBothOfItsWindowsDo) {
  const BurnPair& fast = kBurnPairs[0];
  call(80, 20);  // 20 times too quickly
  pass(seconds(10));
  EXPECT_TRUE(state("calls").burns_over(fast));
  // It is over: the long window still remembers, the short one does not.
  for (int i = 0; i < 36; ++i) {
    call(1, 0);
    pass(seconds(10));
  }
  EXPECT_GT(*state("calls").burn(hours(1)).rate, fast.rate);
  EXPECT_FALSE(state("calls").burns_over(fast));
}

TEST_F(ObjectivesTest, ALoneFailureBurnsNothing) {
  call(1, 1);
  pass(seconds(10));
  EXPECT_GT(*state("calls").burn(hours(1)).rate, 14.4);
  EXPECT_FALSE(state("calls").burns_over(kBurnPairs[0])) << "two calls say nothing";
}

TEST_F(ObjectivesTest, OneFailureOfFewIsNotUrgent) {
  call(10, 2);
  pass(seconds(10));
  EXPECT_GT(*state("calls").burn(hours(1)).rate, 14.4);
  EXPECT_FALSE(state("calls").burns_over(kBurnPairs[0]));
  EXPECT_FALSE(state("calls").burns_over(kBurnPairs[1]));
  EXPECT_TRUE(state("calls").burns_over(kBurnPairs[2])) << "it is to be looked at today";
  call(3, 1);
  pass(seconds(10));
  EXPECT_TRUE(state("calls").burns_over(kBurnPairs[0]));
}

TEST_F(ObjectivesTest, WhenItIsSpentGoesByTheLastSixHours) {
  call(1'000'000, 5'000);  // half of what may be
  pass(hours(7), minutes(5));
  call(995, 5);  // at half the rate that would spend it in its 30 days
  pass(minutes(5), minutes(5));
  const ObjectiveState calls = state("calls");
  EXPECT_NEAR(*calls.burn(hours(6)).rate, 0.5, 1e-9);
  const double left = 1 - 5'005 / (1'006'000 * 0.01);
  EXPECT_NEAR(calls.budget_left, left, 1e-9);
  EXPECT_NEAR(static_cast<double>(calls.spent_in->count()), 30 * 86'400 * left / 0.5, 1);
}

TEST_F(ObjectivesTest, WhatTookTooLongIsBad) {
  Histogram& seconds_of = metrics_->histogram(kSeconds, {"/v1/chat"});
  for (int i = 0; i < 95; ++i) seconds_of.observe(0.05);
  for (int i = 0; i < 5; ++i) seconds_of.observe(0.7);
  objectives_->evaluate();
  const ObjectiveState quick = state("quick");
  EXPECT_DOUBLE_EQ(quick.event_count, 100);
  EXPECT_DOUBLE_EQ(quick.bad_count, 5);
  EXPECT_NEAR(quick.budget_left, 0.5, 1e-9);
  EXPECT_NEAR(*budget("calls_p95").value, 0.05, 0.05 * 0.032);
  EXPECT_EQ(budget("calls_p95").verdict, BudgetVerdict::pass);
  for (int i = 0; i < 10; ++i) seconds_of.observe(0.3);
  objectives_->evaluate();
  EXPECT_EQ(budget("calls_p95").verdict, BudgetVerdict::fail) << "over ours";
  EXPECT_EQ(budget("calls_p95").required_verdict, BudgetVerdict::pass) << "within what is required";
}

TEST_F(ObjectivesTest, ABudgetIsOfTheLastHour) {
  metrics_->histogram(kSeconds, {"/v1/chat"}).observe(3);
  metrics_->gauge(kBytes).set(150);
  pass(minutes(10));
  EXPECT_EQ(budget("calls_p95").verdict, BudgetVerdict::fail);
  EXPECT_DOUBLE_EQ(*budget("memory").value, 150);
  EXPECT_EQ(budget("memory").verdict, BudgetVerdict::fail);
  EXPECT_EQ(budget("memory").required_verdict, BudgetVerdict::pass);
  metrics_->gauge(kBytes).set(50);
  pass(seconds(10));
  metrics_->gauge(kBytes).set(170);
  pass(minutes(20));
  EXPECT_DOUBLE_EQ(*budget("memory").value, 50) << "what it fell back to";
  pass(minutes(65));
  EXPECT_DOUBLE_EQ(*budget("memory").value, 170);
  EXPECT_EQ(budget("calls_p95").verdict, BudgetVerdict::no_data);
}

TEST_F(ObjectivesTest, ARestartGoesOnWithWhatCame) {
  for (int i = 0; i < 30; ++i) {
    call(990, 10);
    pass(seconds(30), seconds(10));
  }
  ASSERT_TRUE(run(history_->write()));
  open();
  objectives_->evaluate();
  const ObjectiveState calls = state("calls");
  // Points are kept to 0.4 %.
  EXPECT_NEAR(calls.burn(hours(1)).event_count, 30'000, 200);
  EXPECT_NEAR(*calls.burn(hours(1)).rate, 1, 0.01);
  EXPECT_NEAR(*calls.burn(hours(72)).rate, 1, 0.01);
  EXPECT_NEAR(calls.budget_left, 0, 0.02);
}

TEST_F(ObjectivesTest, EveryStartIsMarkedAndAnotherBuildIsNew) {
  ASSERT_EQ(objectives_->marks().size(), 1U);
  EXPECT_EQ(objectives_->marks()[0].time_ms, kBegin);
  EXPECT_FALSE(objectives_->marks()[0].is_new) << "there was none before";
  EXPECT_FALSE(objectives_->marks()[0].version.empty());
  clock_.advance(minutes(1));
  open();
  ASSERT_EQ(objectives_->marks().size(), 2U);
  EXPECT_FALSE(objectives_->marks()[0].is_new) << "the same executable";
  std::vector<store::Statement> other;
  other.push_back({"UPDATE starts SET build = 'another'", {}});
  ASSERT_TRUE(run(telemetry_->write(std::move(other))));
  clock_.advance(minutes(1));
  open();
  ASSERT_EQ(objectives_->marks().size(), 3U);
  EXPECT_TRUE(objectives_->marks()[0].is_new);
  EXPECT_EQ(objectives_->marks()[0].time_ms, kBegin + 120'000);
}

// Two hours of one version, then two of another.
TEST_F(ObjectivesTest, WhatIsSlowerThanInTheVersionBeforeIsTold) {
  const auto two_hours = [&](double memory) {
    for (int i = 0; i < 48; ++i) {
      metrics_->gauge(kBytes).set(memory + i % 3);
      pass(seconds(150));
    }
  };
  two_hours(100);
  ASSERT_TRUE(run(history_->write()));
  std::vector<store::Statement> other;
  other.push_back({"UPDATE starts SET build = 'another'", {}});
  ASSERT_TRUE(run(telemetry_->write(std::move(other))));
  open();
  ASSERT_TRUE(run(objectives_->compare()));
  EXPECT_EQ(budget("memory").since_version, std::nullopt) << "it has just begun";
  two_hours(130);
  ASSERT_TRUE(run(history_->write()));
  ASSERT_TRUE(run(objectives_->compare()));
  const BudgetState memory = budget("memory");
  ASSERT_TRUE(memory.since_version);
  EXPECT_NEAR(memory.since_version->before, 100, 2);
  EXPECT_NEAR(memory.since_version->now, 130, 2);
  EXPECT_TRUE(memory.is_regressed);
  EXPECT_FALSE(budget("calls_p95").is_regressed) << "nothing came to it";
}

TEST_F(ObjectivesTest, ADayIsComparedWithTheDayBefore) {
  const auto day = [&](double memory) {
    for (int i = 0; i < 288; ++i) {
      metrics_->gauge(kBytes).set(memory);
      pass(minutes(5), minutes(1));
    }
    ASSERT_TRUE(run(history_->write()));
  };
  day(100);
  day(150);
  ASSERT_TRUE(run(objectives_->compare()));
  const BudgetState memory = budget("memory");
  ASSERT_TRUE(memory.trend);
  EXPECT_NEAR(memory.trend->before, 100, 4);
  EXPECT_NEAR(memory.trend->now, 150, 4);
  ASSERT_EQ(memory.points.size(), 48U);
  EXPECT_NEAR(memory.points[24], 150, 1);
}

// A clock that was ahead by hours and is set right: what comes counts at once, and not once the time is past again.
TEST(EventWindowsTest, AClockThatWasAheadLosesNothing) {
  constexpr std::int64_t kNow = 1'800'000'000;
  EventWindows windows;
  windows.add(kNow, {.good = 5, .bad = 0});
  for (int second = 0; second < 7'200; ++second) windows.add(kNow + 36'000 + second, {.good = 1, .bad = 0});
  windows.add(kNow + 60, {.good = 0, .bad = 3});
  EXPECT_EQ(windows.sum(minutes(5), kNow + 60).bad, 3);
  EXPECT_EQ(windows.sum(hours(6), kNow + 60).bad, 3);
  // What a store tells of a time long ago does not take the place of what came since.
  windows.add_to(0, kNow + 60 - 3'610, {.good = 9, .bad = 0});
  EXPECT_EQ(windows.sum(minutes(5), kNow + 60).bad, 3);
}

TEST(EventWindowsTest, ThirtyDaysAreForgottenToo) {
  EventWindows windows;
  const std::int64_t begin = 1'800'000'000;
  windows.add(begin, {.good = 5, .bad = 1});
  windows.add(begin + 86'400, {.good = 7, .bad = 0});
  const auto all = [&](std::int64_t now) { return windows.sum(hours(24 * 30), now).all(); };
  EXPECT_DOUBLE_EQ(all(begin + 86'400), 13);
  EXPECT_DOUBLE_EQ(all(begin + 29 * 86'400), 13);
  EXPECT_DOUBLE_EQ(all(begin + 30 * 86'400 + 3'600), 7);
  EXPECT_DOUBLE_EQ(all(begin + 32 * 86'400), 0);
  // What comes late is put where it was; what is too late is nowhere.
  windows.add(begin + 32 * 86'400, {.good = 1, .bad = 0});
  windows.add(begin + 31 * 86'400, {.good = 2, .bad = 0});
  windows.add(begin, {.good = 100, .bad = 0});
  EXPECT_DOUBLE_EQ(all(begin + 32 * 86'400), 3);
}

TEST(CountUnderTest, IsRightToTheWidthOfABucket) {
  Histogram histogram;
  for (int i = 1; i <= 1'000; ++i) histogram.observe(i / 1'000.0);
  for (const double bound : {0.05, 0.1, 0.5, 0.75})
    EXPECT_NEAR(static_cast<double>(count_under(histogram.snapshot(), bound)), bound * 1'000, bound * 32 + 1);
  EXPECT_EQ(count_under(histogram.snapshot(), 2), 1'000U);
  EXPECT_EQ(count_under(histogram.snapshot(), 1e-5), 0U);
  EXPECT_EQ(count_under(Histogram().snapshot(), 1), 0U);
}

}  // namespace
}  // namespace atelier::watch

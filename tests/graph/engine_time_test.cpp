#include <gtest/gtest.h>

#include "graph/retry.hpp"
#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;

class EngineTime : public testing::Test {
 protected:
  void pass(std::chrono::milliseconds length) {
    house_.clock.advance(length);
    house_.engine().wake();
    house_.settle();
  }
  TemporaryFolder folder_;
  House house_{folder_.path()};
};

TEST_F(EngineTime, AStepIsTriedAgainAfterItsBackoffAndNotBefore) {
  // The wait that the error asks for is the least, whatever the dice say.
  const RunId id = house_.submit({{fake("a", R"({"fail":"rate_limited","times":1,"retry_after_ms":60000})")}, {}, {}});
  house_.settle();
  StepView step = house_.step(id, "a");
  EXPECT_EQ(step.state, StepState::ready);
  EXPECT_EQ(step.attempts, 1U);
  ASSERT_TRUE(step.error);
  EXPECT_EQ(step.error->code, ErrorCode::rate_limited);
  pass(59'999ms);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  pass(1ms);
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
  EXPECT_EQ(house_.step(id, "a").attempts, 2U);
  EXPECT_FALSE(house_.step(id, "a").error);
}

TEST_F(EngineTime, ABackoffOutlivesARestart) {
  const RunId id = house_.submit({{fake("a", R"({"fail":"rate_limited","times":1,"retry_after_ms":60000})")}, {}, {}});
  house_.settle();
  house_.stop();
  house_.clock.advance(30s);
  house_.start();
  house_.settle();
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  pass(30s);
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
}

TEST_F(EngineTime, AfterTheLastAttemptTheStepFailsWithItsError) {
  const RunId id = house_.submit({{fake("a", R"({"fail":"unavailable"})", "fake.quick")}, {}, {}});
  const RunView run = house_.wait(id);
  EXPECT_EQ(run.state, RunState::failed);
  EXPECT_EQ(run.error->code, ErrorCode::unavailable);
  EXPECT_EQ(house_.nodes().begun("a"), 3);
  EXPECT_EQ(house_.metric(R"(atelier_graph_retries_total{type="fake.quick"} )"), 2);
}

class OnceOnly : public EngineTime, public testing::WithParamInterface<const char*> {};
TEST_P(OnceOnly, ErrorsOfTheCallerAndOurBugsAreNotTriedAgain) {
  const RunId id =
      house_.submit({{fake("a", std::string(R"({"fail":")") + GetParam() + R"("})", "fake.quick")}, {}, {}});
  EXPECT_EQ(house_.wait(id).state, RunState::failed);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
}
INSTANTIATE_TEST_SUITE_P(Codes, OnceOnly,
                         testing::Values("invalid_argument", "not_found", "conflict", "internal", "forbidden",
                                         "too_large", "storage_failed"),
                         [](const auto& one) { return std::string(one.param); });

class Again : public EngineTime, public testing::WithParamInterface<const char*> {};
TEST_P(Again, WhatMayPassIsTriedAgain) {
  const RunId id =
      house_.submit({{fake("a", std::string(R"({"times":1,"fail":")") + GetParam() + R"("})", "fake.quick")}, {}, {}});
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
}
INSTANTIATE_TEST_SUITE_P(Codes, Again,
                         testing::Values("unavailable", "rate_limited", "deadline_exceeded", "storage_full",
                                         "cancelled"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(EngineTime, AStepThatKillsItsWorkerTwiceIsPoisoned) {
  const RunId id = house_.submit(
      {{fake("a", R"({"fail":"unavailable","reason":"worker_crashed"})", "fake.quick"), fake("b")}, {}, {}});
  const RunView run = house_.wait(id);
  EXPECT_EQ(run.state, RunState::failed);
  EXPECT_EQ(run.error->reason, "step_poisoned");
  EXPECT_EQ(house_.nodes().begun("a"), 2);
  EXPECT_EQ(house_.state(id, "b"), StepState::succeeded);
}

TEST_F(EngineTime, AnUnknownOutcomeStopsTheStepInStateUnknown) {
  const RunId id =
      house_.submit({{fake("a", R"({"fail":"unavailable","reason":"outcome_unknown"})", "fake.quick")}, {}, {}});
  EXPECT_EQ(house_.wait(id).state, RunState::failed);
  EXPECT_EQ(house_.state(id, "a"), StepState::unknown);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
}

TEST_F(EngineTime, AnAttemptEndsAtItsDeadlineAndIsTriedAgain) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"never"})")}, {}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  pass(59'999ms);
  EXPECT_EQ(house_.state(id, "a"), StepState::running);
  pass(1ms);
  const StepView step = house_.step(id, "a");
  EXPECT_EQ(step.state, StepState::ready);
  EXPECT_EQ(step.error->code, ErrorCode::deadline_exceeded);
}

TEST_F(EngineTime, AStepThatDoesNotStopAtItsDeadlineIsGoneOnWithoutAndItsLateResultIsRefused) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"g","deaf":true,"text":"late"})")}, {}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  for (int attempt = 1; attempt <= 3; ++attempt) {
    house_.until([&] { return house_.nodes().begun("a") == attempt; });
    pass(60s);
    pass(2s);
    pass(30s);
  }
  EXPECT_EQ(house_.wait(id).state, RunState::failed);
  house_.nodes().open("g");
  house_.settle();
  EXPECT_EQ(house_.nodes().ended("a"), 3);
  EXPECT_EQ(house_.state(id, "a"), StepState::failed);
  EXPECT_EQ(house_.count("SELECT count(*) FROM results"), 0);
}

TEST_F(EngineTime, AStepOfAWallClockThatStepsIsNotTimedOut) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  house_.clock.step_wall(24h);
  house_.engine().wake();
  house_.settle();
  house_.clock.step_wall(-48h);
  house_.engine().wake();
  house_.settle();
  EXPECT_EQ(house_.state(id, "a"), StepState::running);
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
}

TEST_F(EngineTime, HeartbeatsRenewOneLeaseHoweverManyStepsRun) {
  for (int i = 0; i < 20; ++i) house_.submit({{fake("a" + std::to_string(i), R"({"hold":"g"})")}, {}, {}});
  const auto before = house_.count("SELECT lease_until_ms FROM engines");
  const auto batches = house_.database().statistics().batch_count;
  pass(10s);
  EXPECT_EQ(house_.count("SELECT lease_until_ms FROM engines"), before + 10'000);
  EXPECT_EQ(house_.database().statistics().batch_count, batches + 1);
}

TEST(Backoff, IsAnywhereUpToTheDoublingLimit) {
  const RetryPolicy policy{.attempts_max = 9, .backoff_base = 500ms, .backoff_max = 30'000ms};
  const Error error{
      .code = ErrorCode::unavailable, .message = {}, .reason = {}, .where = {}, .retry_after_ms = {}, .source = {}};
  EXPECT_EQ(backoff(policy, 1, error, 0), 0ms);
  EXPECT_EQ(backoff(policy, 1, error, 1), 500ms);
  EXPECT_EQ(backoff(policy, 2, error, 1), 1'000ms);
  EXPECT_EQ(backoff(policy, 3, error, 0.5), 1'000ms);
  EXPECT_EQ(backoff(policy, 1'000'000, error, 1), 30'000ms);
  Error asked = error;
  asked.retry_after_ms = 2'000;
  EXPECT_EQ(backoff(policy, 1, asked, 1), 2'000ms);
  asked.retry_after_ms = 4'000'000'000;  // a month and a half
  EXPECT_EQ(backoff(policy, 1, asked, 1), kRetryAfterMax);
}

}  // namespace
}  // namespace atelier::graph

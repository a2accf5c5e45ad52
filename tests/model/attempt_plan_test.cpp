#include "model/call/attempt_plan.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using What = AttemptPlan::Step::What;

class AttemptPlanTest : public testing::Test {
 protected:
  CandidatePtr make(std::string name) {
    auto provider = std::make_shared<Provider>();
    provider->name = std::move(name);
    return std::make_shared<Candidate>(std::move(provider), "m", BreakerPolicy());
  }
  AttemptPlan plan(std::vector<CandidatePtr> candidates, PlanOptions options = {}) {
    return {std::move(candidates), now + seconds(300), 0, options};
  }
  // Goes on until it gives up or `steps` attempts were made, all failing so; the names gone to, and the waits.
  std::vector<std::string> fail_all(AttemptPlan& plan, const Fault& fault, int steps = 100) {
    std::vector<std::string> trail;
    for (int i = 0; i < steps; ++i) {
      const auto step = plan.next(now);
      if (step.what == What::give_up) break;
      if (step.what == What::wait) {
        trail.push_back(std::to_string(step.wait.count()));
        now += step.wait;
        continue;
      }
      trail.push_back(step.candidate->provider->name);
      step.candidate->breaker.tell(step.permit, health_of(fault), now);
      plan.failed(fault, now);
    }
    return trail;
  }
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  const Fault network{.kind = Fault::Kind::network};
};

TEST_F(AttemptPlanTest, OneCandidateIsTriedAgainAfterPauses) {
  auto one = plan({make("a")});
  EXPECT_THAT(fail_all(one, {.kind = Fault::Kind::rate_limit}),
              testing::ElementsAre("a", "200", "a", "500", "a", "1000", "a", "3000", "a"));
}

TEST_F(AttemptPlanTest, TheNextCandidateIsGoneToAtOnce) {
  auto two = plan({make("a"), make("b")});
  const auto trail = fail_all(two, network, 6);
  EXPECT_THAT(trail, testing::ElementsAre("a", "b", "500", "a", "b", "1000"));
}

// As a stream does whose every attempt breaks off in the middle.
TEST_F(AttemptPlanTest, OnesThatBrokeOffInMidAnswerAreComeBackToOnceWhenNobodyIsLeft) {
  const auto leave_all = [&](AttemptPlan plan, const Fault& fault) {
    std::string trail;
    for (int i = 0; i < 50; ++i) {
      const auto step = plan.next(now);
      if (step.what == What::give_up) break;
      now += step.wait;
      if (step.what == What::wait) continue;
      trail += step.candidate->provider->name;
      step.candidate->breaker.tell(step.permit, Health::good, now);
      plan.failed(fault, now);
      plan.leave_current();
    }
    return trail;
  };
  EXPECT_EQ(leave_all(plan({make("a"), make("b")}), network), "abab");
  // It would say something else again; and alone it has said what it could.
  EXPECT_EQ(leave_all(plan({make("a"), make("b")}), {.kind = Fault::Kind::broken, .code = std::string(kAnswerDiffers)}),
            "ab");
  EXPECT_EQ(leave_all(plan({make("a")}), network), "a");
}

TEST_F(AttemptPlanTest, TheCallersOwnFaultEndsIt) {
  auto two = plan({make("a"), make("b")});
  EXPECT_THAT(fail_all(two, {.kind = Fault::Kind::caller}), testing::ElementsAre("a"));
}

TEST_F(AttemptPlanTest, ABadKeyIsNotTriedAgainButAnotherCandidateIs) {
  auto two = plan({make("a"), make("b")});
  EXPECT_THAT(fail_all(two, {.kind = Fault::Kind::authentication}), testing::ElementsAre("a", "b"));
}

TEST_F(AttemptPlanTest, WithoutFallbackThereIsOnlyTheFirst) {
  auto two = plan({make("a"), make("b")}, {.may_fall_back = false});
  EXPECT_THAT(fail_all(two, {.kind = Fault::Kind::context_length}), testing::ElementsAre("a"));
}

TEST_F(AttemptPlanTest, RetryAfterIsAFloorForEveryCall) {
  const CandidatePtr a = make("a");
  auto first = plan({a});
  Fault limited{.kind = Fault::Kind::rate_limit};
  limited.retry_after_ms = 2'000;
  EXPECT_THAT(fail_all(first, limited, 2), testing::ElementsAre("a", "2000"));
  now -= milliseconds(2'000);
  auto second = plan({a});
  const auto step = second.next(now);
  EXPECT_EQ(step.what, What::wait);
  EXPECT_EQ(step.wait, milliseconds(2'000));
}

TEST_F(AttemptPlanTest, AWaitBeyondTheDeadlineIsToldAtOnce) {
  const CandidatePtr a = make("a");
  AttemptPlan one({a}, now + seconds(10), 0, {});
  Fault limited{.kind = Fault::Kind::rate_limit};
  limited.retry_after_ms = 60'000;
  EXPECT_THAT(fail_all(one, limited), testing::ElementsAre("a"));
  EXPECT_EQ(one.verdict(now).kind, Fault::Kind::rate_limit);
  EXPECT_EQ(one.verdict(now).retry_after_ms, 60'000);
}

TEST_F(AttemptPlanTest, WhoeverComesWhileAllAreRateLimitedIsToldSoAndHowLong) {
  const CandidatePtr a = make("a");
  AttemptPlan first({a}, now + seconds(10), 0, {});
  Fault limited{.kind = Fault::Kind::rate_limit};
  limited.retry_after_ms = 60'000;
  (void)fail_all(first, limited);
  AttemptPlan second({a}, now + seconds(10), 0, {});
  EXPECT_EQ(second.next(now).what, What::give_up);
  EXPECT_EQ(second.verdict(now).kind, Fault::Kind::rate_limit);
  EXPECT_EQ(second.verdict(now).retry_after_ms, 60'000);
}

TEST_F(AttemptPlanTest, AnOpenCandidateIsPassedBy) {
  const CandidatePtr a = make("a"), b = make("b");
  for (int i = 0; i < 5; ++i) a->breaker.tell(Breaker::Permit::allowed, Health::bad, now);
  auto two = plan({a, b});
  EXPECT_EQ(two.next(now).candidate, b);
}

TEST_F(AttemptPlanTest, WhenAllAreOpenOneIsTriedOutOfTurnAndTheOthersWait) {
  const CandidatePtr a = make("a"), b = make("b");
  for (const CandidatePtr& one : {a, b})
    for (int i = 0; i < 5; ++i) one->breaker.tell(Breaker::Permit::allowed, Health::bad, now);
  auto first = plan({a, b}), second = plan({a, b}), third = plan({a, b});
  const auto probe = first.next(now);
  EXPECT_EQ(probe.permit, Breaker::Permit::probe);
  EXPECT_EQ(second.next(now).candidate, b);
  EXPECT_EQ(third.next(now).what, What::wait);
  a->breaker.tell(probe.permit, Health::good, now);
  EXPECT_EQ(third.next(now + milliseconds(50)).candidate, a);
}

TEST_F(AttemptPlanTest, WhenTheAccountsAreAtFaultNobodyWaits) {
  const CandidatePtr a = make("a");
  a->breaker.tell(Breaker::Permit::allowed, Health::account, now);
  auto one = plan({a});
  EXPECT_EQ(one.next(now).what, What::give_up);
  EXPECT_EQ(one.verdict(now).code, "all_candidates_unavailable");
  EXPECT_EQ(one.verdict(now).retry_after_ms, 1'800'000);
}

TEST_F(AttemptPlanTest, AnEmptyPlanGivesUp) {
  auto none = plan({});
  EXPECT_EQ(none.next(now).what, What::give_up);
}

}  // namespace
}  // namespace atelier::model

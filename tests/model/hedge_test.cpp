#include "model/route/hedge.hpp"

#include <gmock/gmock.h>

#include "model/call/attempt_plan.hpp"
#include "model/call/call_account.hpp"
#include "model/record/record_of.hpp"

// The rules of hedges, and their bookkeeping. How two attempts run at once: tests/gateway/hedge_test.cpp.
namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using What = AttemptPlan::Step::What;

class HedgeTest : public testing::Test {
 protected:
  CandidatePtr make(std::string name, bool is_local = false) {
    auto provider = std::make_shared<Provider>();
    provider->name = std::move(name);
    provider->is_local = is_local;
    return std::make_shared<Candidate>(std::move(provider), "m", BreakerPolicy());
  }
  AttemptPlan begun(std::vector<CandidatePtr> candidates) {
    AttemptPlan plan(std::move(candidates), clock.now() + 300s, 0, {});
    EXPECT_EQ(plan.next(clock.now()).what, What::go);
    return plan;
  }
  CandidatePtr beside(AttemptPlan& plan, const Prices* known = nullptr) {
    return plan.beside(clock.now(), known).candidate;
  }
  ManualClock clock;
};

TEST_F(HedgeTest, ACandidatesOwnTimeCountsOnceItIsKnown) {
  const CandidatePtr one = make("a");
  EXPECT_EQ(hedge_after(*one, true), 2s);
  for (int i = 0; i < 64; ++i) one->record.attempt_ended(true, i < 60 ? 300ms : 900ms, 9s);
  EXPECT_EQ(hedge_after(*one, true), 900ms);
  EXPECT_EQ(hedge_after(*one, false), 2s) << "nothing is known of its whole answers";
  for (int i = 0; i < 64; ++i) one->record.attempt_ended(true, std::nullopt, 3s);
  EXPECT_EQ(hedge_after(*one, false), 3s);
  EXPECT_EQ(hedge_after(*one, true), 900ms);
  for (int i = 0; i < 64; ++i) one->record.attempt_ended(true, 5ms, 1s);
  EXPECT_EQ(hedge_after(*one, true), 200ms);
}

TEST_F(HedgeTest, TheSecondIsTheNextOfThePlanThatIsWell) {
  const CandidatePtr a = make("a"), b = make("b"), c = make("c"), d = make("d");
  b->hold_until(clock.now() + 10s);
  for (int i = 0; i < 5; ++i) c->breaker.tell(Breaker::Permit::allowed, Health::bad, clock.now());
  AttemptPlan plan = begun({a, b, c, d});
  EXPECT_EQ(beside(plan), d);
  EXPECT_EQ(plan.attempt_count(), 2U);
}

TEST_F(HedgeTest, NoCandidateStandsBesideItself) {
  const CandidatePtr a = make("a");
  AttemptPlan plan = begun({a, a});
  EXPECT_EQ(beside(plan), nullptr);
}

TEST_F(HedgeTest, ItIsNoProbe) {
  const CandidatePtr a = make("a"), b = make("b");
  for (int i = 0; i < 5; ++i) b->breaker.tell(Breaker::Permit::allowed, Health::bad, clock.now());
  clock.advance(31s);
  AttemptPlan plan = begun({a, b});
  EXPECT_EQ(beside(plan), nullptr);
  EXPECT_EQ(b->breaker.ask(clock.now()), Breaker::Permit::probe) << "that is still to be had";
}

TEST_F(HedgeTest, ACandidateInTroubleGetsNothingOnTop) {
  const CandidatePtr a = make("a"), b = make("b");
  while (b->budget.take()) {
  }
  AttemptPlan plan = begun({a, b});
  EXPECT_EQ(beside(plan), nullptr);
}

TEST_F(HedgeTest, HedgesAreATenthOfTheCallsThatMayHaveOne) {
  const CandidatePtr a = make("a"), b = make("b");
  std::int64_t hedged = 0;
  for (int i = 0; i < 1'000; ++i) {
    a->hedges.first_try();
    AttemptPlan plan = begun({a, b});
    if (beside(plan)) ++hedged;
  }
  EXPECT_GE(hedged, 100);
  EXPECT_LE(hedged, 100 + Candidate::kHedgeBurst);
}

TEST_F(HedgeTest, WhatFailsFirstIsKnownByItsCandidate) {
  const CandidatePtr a = make("a"), b = make("b"), c = make("c");
  AttemptPlan plan = begun({a, b, c});
  ASSERT_EQ(beside(plan), b);
  plan.turn_to(*a);
  plan.failed({.kind = Fault::Kind::authentication}, clock.now());
  plan.turn_to(*b);
  plan.failed({.kind = Fault::Kind::authentication}, clock.now());
  EXPECT_EQ(plan.next(clock.now()).candidate, c);
  plan.failed({.kind = Fault::Kind::authentication}, clock.now());
  EXPECT_EQ(plan.next(clock.now()).what, What::give_up);
}

TEST_F(HedgeTest, OneThatWasTooSlowIsGoneToAgainAfterAllOthers) {
  const CandidatePtr a = make("a"), b = make("b"), c = make("c");
  AttemptPlan plan = begun({a, b, c});
  ASSERT_EQ(beside(plan), b);
  plan.put_last(*a, *b);
  plan.failed({.kind = Fault::Kind::network}, clock.now());
  plan.leave_current();
  EXPECT_EQ(plan.next(clock.now()).candidate, c);
  plan.failed({.kind = Fault::Kind::authentication}, clock.now());
  EXPECT_EQ(plan.next(clock.now()).candidate, a);
}

TEST_F(HedgeTest, ASecondMayCostTwiceTheFirstAndAnUnknownPriceIsNoPrice) {
  Prices prices;
  prices.replace(*PriceTable::parse(
      R"({"a/m": {"litellm_provider": "a", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    "twice/m": {"litellm_provider": "twice", "input_cost_per_token": 2e-06, "output_cost_per_token": 4e-06},
    "thrice/m": {"litellm_provider": "thrice", "input_cost_per_token": 3e-06, "output_cost_per_token": 6e-06}})"));
  const CandidatePtr a = make("a"), twice = make("twice"), thrice = make("thrice"), unknown = make("u"),
                     other = make("v"), local = make("l", true);
  EXPECT_TRUE(is_affordable_beside(*a, *twice, &prices));
  EXPECT_FALSE(is_affordable_beside(*a, *thrice, &prices));
  EXPECT_TRUE(is_affordable_beside(*thrice, *a, &prices));
  EXPECT_FALSE(is_affordable_beside(*a, *unknown, &prices));
  EXPECT_FALSE(is_affordable_beside(*unknown, *a, &prices));
  EXPECT_TRUE(is_affordable_beside(*unknown, *other, &prices));
  EXPECT_TRUE(is_affordable_beside(*a, *local, &prices));
  EXPECT_TRUE(is_affordable_beside(*unknown, *local, &prices));
  EXPECT_FALSE(is_affordable_beside(*local, *a, &prices));
}

class HedgeAccountTest : public HedgeTest {
 protected:
  HedgeAccountTest() {
    prices.replace(*PriceTable::parse(
        R"({"a/m": {"litellm_provider": "a", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
      "b/m": {"litellm_provider": "b", "input_cost_per_token": 2e-06, "output_cost_per_token": 4e-06}})"));
  }
  const CandidatePtr a = make("a"), b = make("b");
  Prices prices;
  std::vector<CallReport> told;
  CallBooks books{
      .clock = clock, .gate = nullptr, .prices = &prices, .log = nullptr, .on_end = [this](const CallReport& report) {
        told.push_back(report);
      }};
};

TEST_F(HedgeAccountTest, TheLoserIsMarkedAndChargedForThePromptAlone) {
  CallAccount account(books, CallReport());
  account.attempt_began(*a);
  clock.advance(200ms);
  account.hedge_began(*b);
  clock.advance(50ms);
  account.turn_to(*a);
  account.attempt_lost();
  account.turn_to(*b);
  account.first_token_came();
  clock.advance(100ms);
  account.used(*b, {.input = 1'000, .output = 500});
  account.attempt_ended({});
  account.hedge_ended(Hedge::won);
  account.ended();
  ASSERT_EQ(told.size(), 1U);
  const CallReport& report = told[0];
  EXPECT_EQ(report.candidate, "b/m");
  EXPECT_EQ(report.hedge, Hedge::won);
  ASSERT_EQ(report.attempts.size(), 2U);
  EXPECT_EQ(report.attempts[0].took, 250ms);
  EXPECT_FALSE(report.attempts[0].first_token);
  EXPECT_EQ(report.attempts[1].began, 200ms);
  EXPECT_EQ(report.attempts[1].first_token, 50ms);
  EXPECT_EQ(report.attempts[1].took, 150ms);
  const CallRecord record = record_of(report);
  EXPECT_EQ(record.attempts[0].fault, "hedge_lost");
  EXPECT_EQ(record.attempts[1].fault, "");
  EXPECT_EQ(record.fault, "");
}

TEST_F(HedgeAccountTest, WhatTheLoserWasCountedForIsNotChargedAgain) {
  CallAccount account(books, CallReport());
  account.attempt_began(*a);
  account.hedge_began(*b);
  account.used(*a, {.input = 900});
  account.attempt_lost();
  account.used(*b, {.input = 1'000, .output = 500});
  account.attempt_ended({});
  account.ended();
  EXPECT_EQ(told.at(0).usage.input, 1'900);
  EXPECT_EQ(told.at(0).cost,
            900 * (kDollar / 1'000'000) + 1'000 * (2 * kDollar / 1'000'000) + 500 * (4 * kDollar / 1'000'000));
}

}  // namespace
}  // namespace atelier::model

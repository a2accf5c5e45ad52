#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/gateway/house.hpp"

// A slow first attempt gets a second one beside it, where the route or the caller wants that: whoever has something to
// show first answers, the other is left at once, and nothing is held against it.
namespace atelier::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kPrompt = "one two three four five six seven eight";
constexpr std::string_view kAnswer = "Echo: one two three four five six seven eight";
constexpr std::chrono::milliseconds kClosedWithin{100};
constexpr std::chrono::milliseconds kSoonest{200};  // whatever a candidate's record says

// Two or more candidates of their own providers, whose models' names bear their faults, and who are known to be quick.
class Hedging : public testing::Test {
 protected:
  void open(Wire called, std::vector<std::string> faults, HouseOptions options = {}, bool hedges = true) {
    model::Route route;
    route.name = "r";
    route.hedges = hedges;
    std::vector<model::Provider> providers;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      route.targets.push_back({name, faults[i].empty() ? "m" : "m@" + faults[i]});
      providers.push_back(provider_of(called, name, *doubles_[i], 30s, 30s));
      names_.push_back(name + "/" + route.targets.back().model);
    }
    house_ = std::make_unique<House>(std::move(providers), std::vector{route}, std::move(options));
    for (std::size_t i = 0; i < faults.size(); ++i) is_known_to_take(i, 10ms);
  }
  // Everything anew.
  void reopen(Wire called, std::vector<std::string> faults, bool hedges = true) {
    house_.reset();
    names_.clear();
    for (auto& one : doubles_) one = std::make_unique<ProviderDouble>();
    open(called, std::move(faults), {}, hedges);
  }
  model::Candidate& candidate(std::size_t at) { return *house_->models().find_candidate(names_[at]); }
  void is_known_to_take(std::size_t at, std::chrono::milliseconds first_token) {
    for (int i = 0; i < 64; ++i) {
      candidate(at).record.attempt_ended(true, first_token, first_token);
      candidate(at).record.attempt_ended(true, std::nullopt, first_token);
    }
  }
  const ProviderDouble& asked(std::size_t at) const { return *doubles_[at]; }
  Outcome call(Order order) { return house_->call(std::move(order)); }
  static Order order(Wire face = Wire::openai_chat, Delivery delivery = Delivery::streamed) {
    Order made = order_of(face, delivery, "r", kPrompt);
    made.patience = 20s;
    return made;
  }
  // Nothing is held against it, and nobody is at it any more.
  void expect_untouched(std::size_t at) {
    const auto breaker = candidate(at).breaker.snapshot(steady_clock::now());
    EXPECT_EQ(breaker.failures, 0U);
    EXPECT_EQ(breaker.state, model::BreakerState::closed);
    EXPECT_EQ(candidate(at).record.snapshot().failures, 0U);
    EXPECT_EQ(candidate(at).in_flight.load(), 0U);
  }
  void expect_left_when_answered(std::size_t loser, std::size_t winner) {
    ASSERT_TRUE(asked(loser).wait_for_close(1, 2s)) << "it was not left";
    ASSERT_TRUE(asked(winner).wait_for_end(1));
    const auto answered_at = asked(winner).request(1)->answered_at;
    ASSERT_TRUE(answered_at);
    // Since the winner's first byte was sent, which is before it had something to show.
    EXPECT_LE(*asked(loser).request(1)->client_closed_at - *answered_at, kClosedWithin + known_delay_);
  }

  std::unique_ptr<ProviderDouble> doubles_[3] = {std::make_unique<ProviderDouble>(), std::make_unique<ProviderDouble>(),
                                                 std::make_unique<ProviderDouble>()};
  std::vector<std::string> names_;
  std::unique_ptr<House> house_;
  std::chrono::milliseconds known_delay_{0};  // between the winner's head and its first word
};

TEST_F(Hedging, ASlowFirstIsAnsweredForByTheSecondAndLeftAtOnce) {
  for (const Wire face : kFaces)
    for (const Wire called : doubles::all_wires())
      for (const Delivery delivery : {Delivery::streamed, Delivery::whole}) {
        SCOPED_TRACE(fmt::format("{} to {}, {}", to_string(called), to_string(face),
                                 delivery == Delivery::whole ? "whole" : "streamed"));
        reopen(called, {delivery == Delivery::whole ? "silence" : "slow-first=60000", ""});
        const Outcome got = call(order(face, delivery));
        ASSERT_TRUE(got.is_whole_answer()) << got.describe();
        EXPECT_EQ(got.heard.text, kAnswer);
        EXPECT_LT(got.took, 2s);
        EXPECT_EQ(got.told_count, 1U);
        EXPECT_EQ(got.attempts_unseen, 2U);
        EXPECT_EQ(got.report.candidate, "b/m");
        EXPECT_EQ(got.report.hedge, model::Hedge::won);
        ASSERT_EQ(got.report.attempts.size(), 2U);
        ASSERT_TRUE(got.report.attempts[0].fault);
        EXPECT_EQ(got.report.attempts[0].fault->code, model::kHedgeLost);
        EXPECT_FALSE(got.report.attempts[1].fault);
        expect_left_when_answered(0, 1);
        expect_untouched(0);
        expect_untouched(1);
        EXPECT_GE(got.report.attempts[1].began, kSoonest - 1ms);
      }
}

TEST_F(Hedging, TheFirstMayStillBeTheQuicker) {
  for (const Delivery delivery : {Delivery::streamed, Delivery::whole}) {
    const char* const word = delivery == Delivery::whole ? "silence" : "slow-first";
    reopen(Wire::anthropic, {fmt::format("{}=500", word), fmt::format("{}=60000", word)});
    const Outcome got = call(order(Wire::openai_chat, delivery));
    ASSERT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.heard.text, kAnswer);
    EXPECT_EQ(got.report.candidate, names_[0]);
    EXPECT_EQ(got.report.hedge, model::Hedge::lost);
    ASSERT_EQ(got.report.attempts.size(), 2U);
    EXPECT_FALSE(got.report.attempts[0].fault);
    ASSERT_TRUE(got.report.attempts[1].fault);
    EXPECT_EQ(got.report.attempts[1].fault->code, model::kHedgeLost);
    EXPECT_EQ(got.told_count, 1U);
    known_delay_ = 500ms;
    expect_left_when_answered(1, 0);
    expect_untouched(0);
    expect_untouched(1);
    EXPECT_EQ(house_->hedges().begun.value(), 1U);
    EXPECT_EQ(house_->hedges().won.value(), 0U);
  }
}

TEST_F(Hedging, TheOneThatIsLeftIsPaidForReadingThePrompt) {
  open(Wire::openai_chat, {"slow-first=60000", ""});
  const Outcome alone = [&] {
    Order made = order_of(Wire::openai_chat, Delivery::streamed, "b/m", kPrompt);
    return call(std::move(made));
  }();
  const Outcome both = call(order());
  ASSERT_TRUE(both.is_whole_answer()) << both.describe();
  EXPECT_GT(both.report.usage.input_total(), alone.report.usage.input_total());
  EXPECT_EQ(both.report.usage.output_total(), alone.report.usage.output_total());
  EXPECT_TRUE(both.report.usage.is_estimated);
}

TEST_F(Hedging, WhenBothAreTooSlowThereIsOneErrorAtTheDeadline) {
  for (const Delivery delivery : {Delivery::streamed, Delivery::whole}) {
    reopen(Wire::openai_chat, {"silence", "silence"});
    Order made = order(Wire::anthropic, delivery);
    made.patience = 800ms;
    const Outcome got = call(std::move(made));
    EXPECT_TRUE(got.is_one_error()) << got.describe();
    EXPECT_LT(got.took, 2s);
    EXPECT_EQ(got.told_count, 1U);
    EXPECT_EQ(got.report.attempts.size(), 2U);
    EXPECT_TRUE(asked(0).wait_for_close(1, 2s));
    EXPECT_TRUE(asked(1).wait_for_close(1, 2s));
  }
}

TEST_F(Hedging, OneThatFailsLeavesTheOtherToItself) {
  for (const Wire face : kFaces) {
    reopen(Wire::openai_chat, {"slow-first=600", "500"});
    Outcome got = call(order(face));
    ASSERT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.heard.text, kAnswer);
    EXPECT_EQ(got.report.candidate, names_[0]);
    EXPECT_EQ(got.report.attempts.size(), 2U);
    EXPECT_EQ(candidate(1).breaker.snapshot(steady_clock::now()).failures, 1U) << "a failure of its own";
    expect_untouched(0);

    reopen(Wire::openai_chat, {"silence=500,503", "slow-first=900"});
    got = call(order(face));
    ASSERT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.heard.text, kAnswer);
    EXPECT_EQ(got.report.candidate, names_[1]);
    EXPECT_EQ(got.report.attempts.size(), 2U);
    EXPECT_EQ(candidate(0).breaker.snapshot(steady_clock::now()).failures, 1U);
    expect_untouched(1);
  }
}

TEST_F(Hedging, WhenBothFailThePlanGoesOnWithWhatIsLeft) {
  for (const Delivery delivery : {Delivery::streamed, Delivery::whole}) {
    reopen(Wire::openai_chat, {"silence=500,401", "401", ""});
    const Outcome got = call(order(Wire::anthropic, delivery));
    ASSERT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.heard.text, kAnswer);
    EXPECT_EQ(got.report.candidate, "c/m");
    EXPECT_EQ(got.report.attempts.size(), 3U);
    EXPECT_EQ(got.told_count, 1U);
  }
}

TEST_F(Hedging, AFirstThatFailsAtOnceIsGoneOnFromInTheOrdinaryWay) {
  open(Wire::openai_chat, {"500", "slow-first=600", ""});
  const Outcome got = call(order());
  ASSERT_TRUE(got.is_whole_answer()) << got.describe();
  EXPECT_EQ(got.report.candidate, names_[1]);
  EXPECT_EQ(got.report.hedge, model::Hedge::none);
  EXPECT_EQ(asked(2).requests().size(), 0U);
}

TEST_F(Hedging, AStreamThatBreaksAfterItWonGoesOnElsewhere) {
  open(Wire::openai_chat, {"slow-first=60000", "cut-mid", ""});
  const Outcome got = call(order());
  ASSERT_TRUE(got.is_whole_answer()) << got.describe();
  EXPECT_EQ(got.heard.text, kAnswer);
  EXPECT_EQ(got.heard.start_count, 1U);
  EXPECT_EQ(got.told_count, 1U);
}

TEST_F(Hedging, ItIsTheRoutesWishUnlessTheCallerHasAnother) {
  struct Case {
    bool route;
    std::optional<bool> caller;
    bool may_fall_back;
    bool hedges;
  };
  for (const Case& one : {Case{false, {}, true, false}, Case{false, true, true, true}, Case{true, false, true, false},
                          Case{true, {}, true, true}, Case{true, {}, false, false}}) {
    SCOPED_TRACE(fmt::format("route {}, caller {}, fallback {}", one.route,
                             one.caller ? static_cast<int>(*one.caller) : -1, one.may_fall_back));
    reopen(Wire::openai_chat, {"slow-first=500", ""}, one.route);
    Order made = order();
    made.hedges = one.caller;
    made.may_fall_back = one.may_fall_back;
    const Outcome got = call(std::move(made));
    EXPECT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.report.attempts.size(), one.hedges ? 2U : 1U);
    EXPECT_EQ(asked(1).requests().size(), one.hedges ? 1U : 0U);
  }
}

TEST_F(Hedging, ACandidateIsAsSlowAsItUsuallyIs) {
  open(Wire::openai_chat, {"slow-first=1200", ""});
  is_known_to_take(0, 700ms);
  const Outcome got = call(order());
  ASSERT_TRUE(got.is_whole_answer()) << got.describe();
  ASSERT_EQ(got.report.attempts.size(), 2U);
  EXPECT_GE(got.report.attempts[1].began, 690ms);
  EXPECT_LT(got.report.attempts[1].began, 1'100ms);
}

TEST_F(Hedging, AreATenthOfTheCallsAndABurstAtMost) {
  open(Wire::openai_chat, {"slow-first=300", "slow-first=60000"});
  std::size_t hedged = 0;
  constexpr std::size_t kCalls = 14, kBurst = 10;
  for (std::size_t i = 0; i < kCalls; ++i) {
    is_known_to_take(0, 10ms);  // or it would be known to be slow before long
    const Outcome got = call(order());
    ASSERT_TRUE(got.is_whole_answer()) << got.describe();
    hedged += got.report.attempts.size() - 1;
  }
  EXPECT_GE(hedged, kBurst);
  EXPECT_LE(hedged, kBurst + kCalls / 10);
  EXPECT_EQ(house_->hedges().begun.value(), hedged);
  EXPECT_EQ(house_->hedges().refused.value(), kCalls - hedged);
}

TEST_F(Hedging, AnUnwellOrDearSecondIsPassedOver) {
  model::Prices prices;
  prices.replace(*model::PriceTable::parse(
      R"({"a/m@slow-first=500": {"litellm_provider": "a", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    "b/m": {"litellm_provider": "b", "input_cost_per_token": 3e-06, "output_cost_per_token": 6e-06},
    "c/m": {"litellm_provider": "c", "input_cost_per_token": 2e-06, "output_cost_per_token": 4e-06}})"));
  HouseOptions options;
  options.prices = &prices;
  open(Wire::openai_chat, {"slow-first=500", "", ""}, std::move(options));
  EXPECT_EQ(call(order()).report.candidate, "c/m") << "b costs thrice what the first does";
  for (int i = 0; i < 5; ++i)
    candidate(2).breaker.tell(model::Breaker::Permit::allowed, model::Health::bad, steady_clock::now());
  const Outcome alone = call(order());
  EXPECT_EQ(alone.report.candidate, names_[0]) << "c rests";
  EXPECT_EQ(alone.report.attempts.size(), 1U);
  EXPECT_EQ(house_->hedges().refused.value(), 1U);
}

TEST_F(Hedging, ACallerThatLeavesStopsBothAndIsChargedForBoth) {
  for (const Delivery delivery : {Delivery::streamed, Delivery::whole}) {
    reopen(Wire::openai_chat, {"silence", "silence"});
    const auto calling = house_->start(order(Wire::openai_chat, delivery));
    ASSERT_TRUE(asked(1).wait_for_requests(1));
    const auto left_at = steady_clock::now();
    calling->cancel();
    for (const std::size_t at : {0U, 1U}) {
      ASSERT_TRUE(asked(at).wait_for_close(1, 2s));
      EXPECT_LE(*asked(at).request(1)->client_closed_at - left_at, kClosedWithin);
      EXPECT_FALSE(asked(at).wait_for_requests(2, 100ms)) << "asked again for nobody";
    }
    const Outcome got = calling->wait();
    ASSERT_EQ(got.told_count, 1U);
    EXPECT_TRUE(got.report.is_aborted);
    EXPECT_EQ(got.report.attempts.size(), 2U);
    // As estimated: four bytes a token, twice.
    EXPECT_GE(got.report.usage.input_total(), 2 * static_cast<std::int64_t>(kPrompt.size() / 5));
    expect_untouched(0);
    expect_untouched(1);
  }
}

}  // namespace
}  // namespace atelier::gateway

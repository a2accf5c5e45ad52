#include <fmt/format.h>
#include <gmock/gmock.h>

#include <ctime>

#include "tests/gateway/house.hpp"

// When a candidate is tried again, left, or left alone. (Complaints 18, 20 to 25, 31 and 32; 15 to 17, 19 and 29 are
// rows of docs/gateway-faults.md.)
namespace atelier::gateway {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPrompt = "one two three four five six seven eight";
constexpr std::string_view kAnswer = "Echo: one two three four five six seven eight";

class Routing : public testing::Test {
 protected:
  // Two candidates of one protocol: the first with faults.
  std::unique_ptr<House> house_with(Wire called, std::string_view faults, HouseOptions options = {},
                                    std::string_view second_model = "m") {
    model::Route route;
    route.name = "r";
    route.targets = {{"a", fmt::format("m{}{}", faults.empty() ? "" : "@", faults)}, {"b", std::string(second_model)}};
    return std::make_unique<House>(
        std::vector{provider_of(called, "a", first_), provider_of(called, "b", second_, 10s, 10s)}, std::vector{route},
        std::move(options));
  }
  ProviderDouble first_, second_;
};

TEST_F(Routing, C18_AnAnswerOfTwoAttemptsHasOneStartAndNoWordTwice) {
  for (const Wire face : kFaces)
    for (const Wire called : doubles::all_wires())
      for (const char* faults :
           {"cut-after-start", "error-after-start", "cut-mid", "stall-mid,at=2", "error-mid,at=6", "cut-before-end"}) {
        const Outcome got = house_with(called, faults)->call(order_of(face, Delivery::streamed, "r", kPrompt));
        EXPECT_TRUE(got.is_whole_answer())
            << to_string(called) << " to " << to_string(face) << " " << faults << ": " << got.describe();
        EXPECT_EQ(got.heard.text, kAnswer);
        EXPECT_EQ(got.heard.start_count, 1U);
        EXPECT_EQ(got.heard.ids.size(), 1U);
      }
}

TEST_F(Routing, C18_ThreeCandidatesMayTellOneAnswer) {
  for (const Wire face : kFaces)
    for (const Wire called : doubles::all_wires()) {
      model::Route route;
      route.name = "r";
      route.targets = {{"a", "m@cut-mid,at=3"}, {"a", "n@cut-mid,at=6"}, {"b", "m"}};
      House house({provider_of(called, "a", first_), provider_of(called, "b", second_, 10s, 10s)}, {route});
      const Outcome got = house.call(order_of(face, Delivery::streamed, "r", kPrompt));
      EXPECT_TRUE(got.is_whole_answer()) << to_string(called) << " to " << to_string(face) << ": " << got.describe()
                                         << "\n"
                                         << got.bytes;
      EXPECT_EQ(got.heard.text, kAnswer);
      EXPECT_EQ(got.heard.ids.size(), 1U);
      EXPECT_EQ(got.report.attempts.size(), 3U);
    }
}

TEST_F(Routing, C18_AnAnswerIsGoneOnWithByOneThatComesWhole) {
  for (const Wire face : kFaces)
    for (const Wire called : doubles::all_wires()) {
      const Outcome got =
          house_with(called, "cut-mid", {}, "m@as-json")->call(order_of(face, Delivery::streamed, "r", kPrompt));
      EXPECT_TRUE(got.is_whole_answer()) << to_string(called) << " to " << to_string(face) << ": " << got.describe()
                                         << "\n"
                                         << got.bytes;
      EXPECT_EQ(got.heard.text, kAnswer);
      EXPECT_EQ(got.heard.start_count, 1U);
    }
}

TEST_F(Routing, C18_NothingIsLostThatCameWithTheFault) {
  // All of it in one piece, so that words and error are read together.
  for (const Wire face : kFaces)
    for (const Wire called : doubles::all_wires()) {
      ProviderDouble provider;
      House house({provider_of(called, "a", provider)}, {});
      for (int i = 0; i < 2; ++i) {
        Order order = order_of(face, Delivery::streamed, fmt::format("a/m{}@error-mid,at=6", i), kPrompt);
        order.patience = 1s;  // what came before a word was let through is tried again
        const Outcome got = house.call(order);
        ASSERT_TRUE(got.is_one_error()) << to_string(called) << " to " << to_string(face) << ": " << got.describe();
        if (!got.error) {
          EXPECT_EQ(got.heard.text, "Echo: one two three four five");
        }
      }
    }
}

TEST_F(Routing, C19_ACutAnswerIsNotGoneOnWithByAPrefill) {
  const Outcome got =
      house_with(Wire::anthropic, "cut-mid")->call(order_of(Wire::anthropic, Delivery::streamed, "r", kPrompt));
  ASSERT_TRUE(got.is_whole_answer()) << got.describe();
  ASSERT_TRUE(second_.wait_for_requests(1));
  EXPECT_THAT(second_.request(1)->body, Not(HasSubstr("assistant")));
  EXPECT_THAT(second_.request(1)->body, Not(HasSubstr("Echo")));
}

TEST_F(Routing, C20_ACallerWhoWantsNoFallbackGetsNone) {
  for (const char* faults : {"401", "404", "context", "error-first=401", "cut-mid", "stall-mid", "error-mid"}) {
    for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
      const auto house = house_with(Wire::openai_chat, faults);
      Order order = order_of(Wire::openai_chat, delivery, "r", kPrompt);
      order.may_fall_back = false;
      order.patience = 2s;
      const Outcome got = house->call(order);
      EXPECT_TRUE(got.is_one_error()) << faults << ": " << got.describe();
      EXPECT_EQ(second_.requests().size(), 0U) << faults;
    }
  }
}

TEST_F(Routing, C21_AProviderThatTakesARequestAndSaysNothingIsLeftAfterItsLimitOnce) {
  for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
    const auto house = house_with(Wire::openai_chat, "silence");
    const Outcome got = house->call(order_of(Wire::openai_chat, delivery, "r", kPrompt));
    EXPECT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.report.attempts.size(), 2U);
    EXPECT_EQ(got.report.attempts[0].fault->kind, model::Fault::Kind::timeout);
    EXPECT_GE(got.took, 790ms);
    EXPECT_LT(got.took, 3s);
  }
  EXPECT_EQ(first_.requests().size(), 2U) << "once for each call";
}

TEST_F(Routing, C22_TimeoutsOfProxiesAreTriedAgainLikeOthers) {
  for (const char* status : {"504", "524"}) {
    ASSERT_TRUE(first_.add_rule({.fault = status, .model = fmt::format("m{}", status), .times = 1}));
    House house({provider_of(Wire::openai_chat, "a", first_)}, {});
    const Outcome got =
        house.call(order_of(Wire::openai_chat, Delivery::streamed, fmt::format("a/m{}", status), kPrompt));
    EXPECT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_EQ(got.report.attempts.size(), 2U);
  }
}

TEST_F(Routing, C23_ACandidateWhoseKeyIsRefusedIsNotChosenAgain) {
  const auto house = house_with(Wire::openai_chat, "401");
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(house->call(order_of(Wire::openai_chat, Delivery::whole, "r", kPrompt)).is_whole_answer());
  EXPECT_EQ(first_.requests().size(), 1U);
  EXPECT_EQ(second_.requests().size(), 20U);
}

TEST_F(Routing, C23_OneCallAsksOneCandidateAFewTimesAtMost) {
  House house({provider_of(Wire::openai_chat, "a", first_)}, {});
  Order order = order_of(Wire::openai_chat, Delivery::whole, "a/m@429", kPrompt);
  order.patience = 30s;
  const Outcome got = house.call(order);
  EXPECT_TRUE(got.is_one_error());
  EXPECT_EQ(got.report.error->reason, "provider_rate_limit");
  EXPECT_EQ(first_.requests().size(), 5U) << "pauses of 0.2, 0.5, 1 and 3 s";
}

TEST_F(Routing, C24_OneBlipDisablesNothing) {
  ASSERT_TRUE(first_.add_rule({.fault = "500", .skip = 3, .times = 1}));
  const auto house = house_with(Wire::openai_chat, "");
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(house->call(order_of(Wire::openai_chat, Delivery::whole, "r", kPrompt)).is_whole_answer());
  EXPECT_EQ(first_.requests().size(), 20U);
  EXPECT_EQ(second_.requests().size(), 1U);
  EXPECT_EQ(house->models().find_candidate("a/m")->breaker.snapshot(steady_clock::now()).state,
            model::BreakerState::closed);
}

TEST_F(Routing, C24_FiveFailuresInARowOpenTheBreakerAndOneGoodProbeClosesIt) {
  HouseOptions options;
  options.breaker.open_for = 300ms;
  ASSERT_TRUE(first_.add_rule({.fault = "500", .times = 5}));
  const auto house = house_with(Wire::openai_chat, "", std::move(options));
  const auto call = [&] {
    EXPECT_TRUE(house->call(order_of(Wire::openai_chat, Delivery::whole, "r", kPrompt)).is_whole_answer());
  };
  for (int i = 0; i < 8; ++i) call();
  EXPECT_EQ(first_.requests().size(), 5U) << "then nobody asks it";
  std::this_thread::sleep_for(350ms);
  call();
  EXPECT_EQ(first_.requests().size(), 6U) << "a probe";
  EXPECT_EQ(house->models().find_candidate("a/m")->breaker.snapshot(steady_clock::now()).state,
            model::BreakerState::closed);
  call();
  EXPECT_EQ(first_.requests().size(), 7U);
}

TEST_F(Routing, TheCallersOwnFaultsOpenNoBreaker) {
  const auto house = house_with(Wire::openai_chat, "400");
  for (int i = 0; i < 12; ++i)
    EXPECT_TRUE(house->call(order_of(Wire::openai_chat, Delivery::whole, "r", kPrompt)).is_one_error());
  EXPECT_EQ(first_.requests().size(), 12U);
  EXPECT_EQ(second_.requests().size(), 0U);
}

TEST_F(Routing, C25_NothingSpinsAfterAFaultInMidStream) {
  const auto house = house_with(Wire::anthropic, "error-mid=429");
  Order order = order_of(Wire::anthropic, Delivery::streamed, "r", kPrompt);
  (void)house->call(order);
  const auto cpu_ms = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
  };
  const auto before = cpu_ms();
  std::this_thread::sleep_for(1s);
  EXPECT_LE(cpu_ms() - before, 10) << "of a second in which nothing is to do";
}

TEST_F(Routing, C31_RetryAfterIsAFloor) {
  for (const char* faults : {"429,retry-after=1", "503,retry-after=1", "429,retry-after-ms=1100"}) {
    ProviderDouble provider;
    ASSERT_TRUE(provider.add_rule({.fault = faults, .times = 1}));
    House house({provider_of(Wire::openai_chat, "a", provider)}, {});
    const Outcome got = house.call(order_of(Wire::openai_chat, Delivery::whole, "a/m", kPrompt));
    ASSERT_TRUE(got.is_whole_answer()) << faults << ": " << got.describe();
    ASSERT_EQ(provider.requests().size(), 2U);
    const auto gap = provider.request(2)->received_at - provider.request(1)->received_at;
    EXPECT_GE(gap, 1s) << faults;
    EXPECT_LT(gap, 2s) << faults;
  }
}

TEST_F(Routing, C31_OneThatIsTooLongIsToldAtOnce) {
  House house({provider_of(Wire::openai_chat, "a", first_)}, {});
  const Outcome got = house.call(order_of(Wire::openai_chat, Delivery::streamed, "a/m@429,retry-after=60", kPrompt));
  ASSERT_TRUE(got.error) << got.describe();
  EXPECT_LT(got.took, 1s);
  EXPECT_EQ(got.error->retry_after_ms, 60'000U);
  EXPECT_EQ(first_.requests().size(), 1U);
}

TEST_F(Routing, C31_OneCallersRetryAfterHoldsTheOthersBack) {
  ASSERT_TRUE(first_.add_rule({.fault = "429,retry-after=60", .times = 1}));
  const auto house = house_with(Wire::openai_chat, "");
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(house->call(order_of(Wire::openai_chat, Delivery::whole, "r", kPrompt)).is_whole_answer());
  EXPECT_EQ(first_.requests().size(), 1U);
}

TEST_F(Routing, C32_ThreeHundredSlowCallersStarveNobody) {
  House house({provider_of(Wire::openai_chat, "a", first_, 30s, 30s)}, {});
  std::vector<Order> orders;
  for (int i = 0; i < 300; ++i)
    orders.push_back(
        order_of(kFaces[static_cast<std::size_t>(i) % 3], Delivery::streamed, "a/slow@token-gap=100", kPrompt));
  for (int i = 0; i < 300; ++i) orders.push_back(order_of(Wire::openai_chat, Delivery::whole, "a/quick", kPrompt));
  for (Order& order : orders) order.patience = 60s;
  const auto begin = steady_clock::now();
  const auto outcomes = house.call_all(std::move(orders), 600);
  for (const Outcome& outcome : outcomes) EXPECT_TRUE(outcome.is_whole_answer()) << outcome.describe();
  EXPECT_GE(first_.stats().in_flight_max, 300U) << "all at once";
  EXPECT_LT(steady_clock::now() - begin, 20s);
}

TEST_F(Routing, GiantEventsPassAndEndlessOnesDoNot) {
  for (const Wire face : {Wire::openai_chat, Wire::anthropic}) {
    House house({provider_of(Wire::openai_chat, "a", first_, 30s, 30s)}, {});
    Order order = order_of(face, Delivery::streamed, "a/m@giant=20", kPrompt);
    order.patience = 60s;
    const Outcome got = house.call(order);
    EXPECT_TRUE(got.is_whole_answer()) << got.describe();
    EXPECT_GT(got.heard.text.size(), std::size_t{20} << 20);
    Order endless = order_of(face, Delivery::streamed, "a/n@giant=70,at=0", kPrompt);
    endless.patience = 8s;
    const Outcome refused = house.call(endless);
    EXPECT_TRUE(refused.is_one_error()) << refused.describe();
  }
}

}  // namespace
}  // namespace atelier::gateway

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "model/call/attempt.hpp"
#include "tests/gateway/house.hpp"

// A caller that goes away: its upstream is closed within 100 ms, nothing is asked again for it, and it is charged for
// what came. (Complaints 4 to 8 of people who run gateways.)
namespace atelier::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kClosedWithin{100};

struct Moment {
  const char* name;
  const char* faults;  // what the provider is at when the caller leaves
  bool has_begun;      // bytes came by then
  Delivery delivery;
};

class AGoneCaller : public testing::TestWithParam<std::tuple<Moment, Wire, Wire>> {
 protected:
  static constexpr std::string_view kPrompt = "one two three four five six seven eight";
};

TEST_P(AGoneCaller, ClosesItsUpstreamIsNotRetriedForAndIsCharged) {
  const auto& [moment, face, called] = GetParam();
  const ProviderDouble provider;
  model::Route route;
  route.name = "r";
  route.targets = {{"p", fmt::format("m@{}", moment.faults)}, {"p", "well"}};
  House house({provider_of(called, "p", provider, 30s, 30s)}, {route});
  Order order = order_of(face, moment.delivery, "r", kPrompt);
  order.patience = 60s;
  const auto calling = house.start(order);
  ASSERT_TRUE(provider.wait_for_requests(1));
  if (moment.has_begun) {
    ASSERT_TRUE(calling->wait_for_bytes(1));
  }
  EXPECT_FALSE(provider.request(1)->client_closed_at);
  const auto left_at = steady_clock::now();
  calling->cancel();
  ASSERT_TRUE(provider.wait_for_close(1, 2s)) << "the upstream was not closed";
  EXPECT_LE(*provider.request(1)->client_closed_at - left_at, kClosedWithin);
  const Outcome got = calling->wait();
  ASSERT_EQ(got.told_count, 1U);
  EXPECT_TRUE(got.report.is_aborted);
  EXPECT_FALSE(got.report.error);
  EXPECT_EQ(got.report.attempts.size(), 1U);
  // The provider has the prompt, and bills for it, whether or not anything came back.
  EXPECT_GT(got.report.usage.input_total(), 0);
  if (moment.has_begun) {
    EXPECT_GT(got.report.usage.output_total(), 0);
    EXPECT_LT(got.report.usage.output_total(), 30) << "for what came, not for what might have";
  } else {
    EXPECT_EQ(got.report.usage.output_total(), 0);
  }
  // Longer than the pause before any repeat would be.
  EXPECT_FALSE(provider.wait_for_requests(2, 100ms)) << "asked again for nobody";
  EXPECT_EQ(house.models().find_candidate(got.report.candidate)->breaker.snapshot(steady_clock::now()).failures, 0U)
      << "the provider did nothing wrong";
  EXPECT_EQ(house.models().find_candidate(got.report.candidate)->in_flight.load(), 0U);
}

constexpr Moment kMoments[] = {{"BeforeTheHead", "silence", false, Delivery::streamed},
                               {"BeforeTheFirstEvent", "silence-head", false, Delivery::streamed},
                               {"BeforeTheFirstToken", "slow-first=60000", false, Delivery::streamed},
                               {"InMidStream", "stall-mid", true, Delivery::streamed},
                               {"WhileTokensCome", "token-gap=20", true, Delivery::streamed},
                               {"BeforeAWholeAnswer", "silence", false, Delivery::whole},
                               {"WithinAWholeAnswer", "stall-mid", false, Delivery::whole}};

INSTANTIATE_TEST_SUITE_P(All, AGoneCaller,
                         testing::Combine(testing::ValuesIn(kMoments), testing::ValuesIn(kFaces),
                                          testing::ValuesIn(doubles::all_wires().begin(), doubles::all_wires().end())),
                         [](const auto& tested) {
                           return fmt::format("{}_{}_to_{}", std::get<0>(tested.param).name,
                                              to_string(std::get<1>(tested.param)),
                                              to_string(std::get<2>(tested.param)));
                         });

class GoneCallers : public testing::Test {
 protected:
  // A call that is let go of after what `until` waits for; how long its end took.
  static std::chrono::milliseconds end_of(House::Calling& calling) {
    const auto begin = steady_clock::now();
    calling.cancel();
    (void)calling.wait();
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
  }
};

TEST_F(GoneCallers, NothingIsTriedAnyMoreForOneThatLeavesBetweenTwoAttempts) {
  const ProviderDouble provider;
  House house({provider_of(Wire::openai_chat, "p", provider)}, {});
  for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
    const std::size_t before = provider.requests().size();
    const auto calling = house.start(order_of(Wire::openai_chat, delivery, "p/m@503", "hello"));
    ASSERT_TRUE(provider.wait_for_requests(before + 1));
    ASSERT_TRUE(provider.wait_for_end(before + 1));
    EXPECT_LE(end_of(*calling), kClosedWithin);
    EXPECT_TRUE(calling->wait().report.is_aborted);
    // The pause before the first repeat is 0.5 to 0.8 s.
    EXPECT_FALSE(provider.wait_for_requests(before + 2, 1s));
  }
}

TEST_F(GoneCallers, ACallThatIsStillConnectingEndsAtOnce) {
  for (const doubles::Connects connects :
       {doubles::Connects::hang, doubles::Connects::late, doubles::Connects::silent}) {
    ProviderDouble provider;
    provider.set_connects(connects);
    House house({provider_of(Wire::anthropic, "p", provider, 30s, 30s)}, {});
    const auto calling = house.start(order_of(Wire::anthropic, Delivery::streamed, "p/m", "hello"));
    std::this_thread::sleep_for(50ms);  // into the connect, or past it
    EXPECT_LE(end_of(*calling), kClosedWithin) << to_string(connects);
    EXPECT_TRUE(calling->wait().report.is_aborted) << to_string(connects);
  }
}

TEST_F(GoneCallers, AHalfOpenProviderIsLeftAtOnceToo) {
  const ProviderDouble provider;
  House house({provider_of(Wire::openai_chat, "p", provider, 30s, 30s)}, {});
  const auto calling = house.start(order_of(Wire::openai_chat, Delivery::streamed, "p/m@half-open", "hello"));
  ASSERT_TRUE(provider.wait_for_requests(1));
  const auto left_at = steady_clock::now();
  calling->cancel();
  ASSERT_TRUE(provider.wait_for_close(1, 2s));
  EXPECT_LE(*provider.request(1)->client_closed_at - left_at, kClosedWithin);
}

// What the caller had when it left is what is charged, however long it was: the tokens that came, and the prompt.
TEST_F(GoneCallers, AreChargedForWhatCame) {
  for (const std::size_t token_count : {40UZ, 4'000UZ}) {
    const ProviderDouble provider;
    House house({provider_of(Wire::openai_chat, "p", provider, 30s, 30s)}, {});
    const auto calling = house.start(
        order_of(Wire::openai_chat, Delivery::streamed, fmt::format("p/m@stall-mid,at={}", token_count), "[say 6000]"));
    ASSERT_TRUE(provider.wait_for_requests(1));
    ASSERT_TRUE(calling->wait_for_bytes(token_count * 150));
    calling->cancel();
    const Outcome got = calling->wait();
    EXPECT_TRUE(got.report.usage.is_estimated);
    // The double's words are of any length and a charge goes by their letters, so those are what is counted.
    constexpr std::string_view kWord = "\"content\":\"";
    std::size_t words = 0;
    std::size_t letters = 0;
    for (std::size_t at = got.bytes.find(kWord); at != std::string::npos; at = got.bytes.find(kWord, at)) {
      at += kWord.size();
      letters += got.bytes.find('"', at) - at;
      ++words;
    }
    EXPECT_GT(words, token_count / 2);
    const auto came = static_cast<double>(model::estimated_tokens(letters));
    EXPECT_NEAR(static_cast<double>(got.report.usage.output_total()), came, 2 + 0.05 * came)
        << token_count << " tokens";
  }
}

}  // namespace
}  // namespace atelier::gateway

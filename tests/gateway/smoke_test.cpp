#include <fmt/format.h>

#include "tests/gateway/house.hpp"

// Every pair of a served and a called protocol, when nothing goes wrong.
namespace atelier::gateway {
namespace {

class Pair : public testing::TestWithParam<std::tuple<Wire, Wire, Delivery>> {};

TEST_P(Pair, AnswersWhole) {
  const auto& [face, called, delivery] = GetParam();
  const ProviderDouble provider;
  House house({provider_of(called, "p", provider, 10s, 10s)}, {});
  const Outcome got = house.call(order_of(face, delivery, "p/double", "one two three four"));
  EXPECT_TRUE(got.is_whole_answer()) << got.describe() << "\n" << got.bytes;
  EXPECT_EQ(got.heard.text, "Echo: one two three four");
  EXPECT_EQ(got.heard.start_count, delivery == Delivery::streamed ? 1U : 0U);
  EXPECT_EQ(got.told_count, 1U);
  EXPECT_EQ(got.report.usage.input_total(), 4);
  EXPECT_EQ(got.report.usage.output_total(), 5);
  EXPECT_FALSE(got.report.usage.is_estimated);
  // To its last byte, so that the connection can be used again.
  EXPECT_TRUE(provider.wait_for_end(1));
  EXPECT_EQ(provider.stats().successes, 1U);
}

INSTANTIATE_TEST_SUITE_P(All, Pair,
                         testing::Combine(testing::ValuesIn(kFaces),
                                          testing::ValuesIn(doubles::all_wires().begin(), doubles::all_wires().end()),
                                          testing::Values(Delivery::whole, Delivery::streamed)),
                         [](const auto& tested) {
                           return fmt::format("{}_to_{}_{}", to_string(std::get<0>(tested.param)),
                                              to_string(std::get<1>(tested.param)),
                                              std::get<2>(tested.param) == Delivery::streamed ? "streamed" : "whole");
                         });

}  // namespace
}  // namespace atelier::gateway

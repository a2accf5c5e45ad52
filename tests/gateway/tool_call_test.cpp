#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/json.hpp"
#include "tests/gateway/house.hpp"

// Parallel tool calls as servers spell them, told to each served protocol. (Complaints 26 and 27.)
namespace atelier::gateway {
namespace {

constexpr std::string_view kSchemaOfF =
    R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}})";
constexpr std::string_view kSchemaOfG = R"({"type":"object","properties":{"on":{"type":"boolean"}}})";

std::string tools_of(Wire face) {
  const auto tool = [&](std::string_view name, std::string_view schema) {
    if (face == Wire::anthropic) return fmt::format(R"({{"name":"{}","input_schema":{}}})", name, schema);
    if (face == Wire::openai_responses)
      return fmt::format(R"({{"type":"function","name":"{}","parameters":{}}})", name, schema);
    return fmt::format(R"({{"type":"function","function":{{"name":"{}","parameters":{}}}}})", name, schema);
  };
  return fmt::format(R"(,"tools":[{},{}])", tool("f", kSchemaOfF), tool("g", kSchemaOfG));
}

class ParallelCalls : public testing::TestWithParam<std::tuple<const char*, Wire, Wire, Delivery>> {};

TEST_P(ParallelCalls, AreToldApart) {
  const auto& [faults, called, face, delivery] = GetParam();
  const ProviderDouble provider;
  House house({provider_of(called, "p", provider, 10s, 10s)}, {});
  const Outcome got = house.call(
      order_of(face, delivery, fmt::format("p/m{}{}", *faults ? "@" : "", faults), "call f and g", tools_of(face)));
  ASSERT_TRUE(got.is_whole_answer()) << got.describe() << "\n" << got.bytes;
  ASSERT_EQ(got.heard.calls.size(), 2U) << got.bytes;
  const auto& [f, g] = std::tie(got.heard.calls[0], got.heard.calls[1]);
  EXPECT_EQ(f.name, "f");
  EXPECT_EQ(g.name, "g");
  EXPECT_FALSE(f.id.empty());
  EXPECT_FALSE(g.id.empty());
  EXPECT_NE(f.id, g.id);
  EXPECT_EQ(json::parse(f.arguments).value(), json::parse(R"({"city":"some city","days":1})").value()) << f.arguments;
  EXPECT_EQ(json::parse(g.arguments).value(), json::parse(R"({"on":true})").value()) << g.arguments;
}

std::string name_of(const testing::TestParamInfo<ParallelCalls::ParamType>& tested) {
  std::string name = *std::get<0>(tested.param) ? std::get<0>(tested.param) : "as_referenced";
  std::replace(name.begin(), name.end(), '-', '_');
  return fmt::format("{}_{}_to_{}_{}", name, to_string(std::get<1>(tested.param)), to_string(std::get<2>(tested.param)),
                     std::get<3>(tested.param) == Delivery::streamed ? "streamed" : "whole");
}

INSTANTIATE_TEST_SUITE_P(OfEveryProtocol, ParallelCalls,
                         testing::Combine(testing::Values(""),
                                          testing::ValuesIn(doubles::all_wires().begin(), doubles::all_wires().end()),
                                          testing::ValuesIn(kFaces),
                                          testing::Values(Delivery::whole, Delivery::streamed)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(SpelledOtherwise, ParallelCalls,
                         testing::Combine(testing::Values("tool-no-index", "tool-same-index", "tool-late-id",
                                                          "tool-empty-names", "tool-repeat-id", "tool-whole",
                                                          "tool-interleaved", "tool-object"),
                                          testing::Values(Wire::openai_chat),
                                          testing::Values(Wire::openai_responses, Wire::anthropic),
                                          testing::Values(Delivery::streamed)),
                         name_of);
// What the protocol's own clients can read is relayed as it came; so are these.
INSTANTIATE_TEST_SUITE_P(Relayed, ParallelCalls,
                         testing::Combine(testing::Values("tool-empty-names", "tool-repeat-id", "tool-whole",
                                                          "tool-interleaved"),
                                          testing::Values(Wire::openai_chat), testing::Values(Wire::openai_chat),
                                          testing::Values(Delivery::streamed)),
                         name_of);

}  // namespace
}  // namespace atelier::gateway

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/json.hpp"
#include "tests/gateway/house.hpp"

// What a call used, wherever a provider tells it, and what of that the caller sees. (Complaints 9 to 12.)
namespace atelier::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPrompt = "one two three four";  // four tokens; the answer has five
constexpr std::string_view kAsksUsage = R"(,"stream_options":{"include_usage":true})";

std::vector<json::Value> chunks_of(std::string_view bytes) {
  std::vector<json::Value> chunks;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    if (line.starts_with("data: {")) chunks.push_back(json::parse(line.substr(6)).value());
  }
  return chunks;
}

class UsageTest : public testing::Test {
 protected:
  Outcome call(Wire called, Wire face, Delivery delivery, std::string_view faults, std::string_view prompt,
               std::string_view more = "", const model::Prices* prices = nullptr) {
    HouseOptions options;
    options.prices = prices;
    House house({provider_of(called, "p", provider_, 10s, 10s)}, {}, std::move(options));
    return house.call(
        order_of(face, delivery, fmt::format("p/m{}{}", faults.empty() ? "" : "@", faults), prompt, more));
  }
  ProviderDouble provider_;
};

TEST_F(UsageTest, C09_TheFinalUsageChunkHasNoChoicesAndTheOthersHaveNone) {
  for (const Wire called : doubles::all_wires()) {
    const Outcome got = call(called, Wire::openai_chat, Delivery::streamed, "", kPrompt, kAsksUsage);
    ASSERT_TRUE(got.is_whole_answer()) << to_string(called) << ": " << got.describe();
    const auto chunks = chunks_of(got.bytes);
    ASSERT_GE(chunks.size(), 3U);
    for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
      EXPECT_FALSE(chunks[i].at("choices").as_array().empty()) << to_string(called);
      const auto* usage = chunks[i].as_object().if_contains("usage");
      EXPECT_TRUE(usage && usage->is_null()) << to_string(called) << ": " << json::write(chunks[i]);
    }
    EXPECT_TRUE(chunks.back().at("choices").as_array().empty()) << to_string(called);
    EXPECT_EQ(chunks.back().at("usage").at("prompt_tokens"), 4) << to_string(called);
    EXPECT_EQ(chunks.back().at("usage").at("completion_tokens"), 5) << to_string(called);
    EXPECT_EQ(chunks.back().at("usage").at("total_tokens"), 9) << to_string(called);
    EXPECT_TRUE(got.bytes.ends_with("data: [DONE]\n\n")) << to_string(called);
  }
}

TEST_F(UsageTest, C10_UsageIsFoundWhereverItStands) {
  for (const char* place : {"usage=trailing", "usage=finish", "usage=every", "usage=x-groq", ""}) {
    for (const Wire face : kFaces) {
      const Outcome got = call(Wire::openai_chat, face, Delivery::streamed, place, kPrompt,
                               face == Wire::openai_chat ? kAsksUsage : "");
      ASSERT_TRUE(got.is_whole_answer()) << place << ": " << got.describe();
      EXPECT_EQ(got.report.usage, (model::Usage{.input = 4, .output = 5})) << place << " to " << to_string(face);
      // Between servers of one protocol the bytes stay as they came, an extension's too.
      if (face == Wire::openai_chat && std::string_view(place) == "usage=x-groq") continue;
      EXPECT_EQ(got.heard.input_tokens, 4) << place << " to " << to_string(face);
      EXPECT_EQ(got.heard.output_tokens, 5) << place << " to " << to_string(face);
    }
  }
}

TEST_F(UsageTest, C10_WithoutAnyUsageItIsCountedByUsAndSaidSo) {
  for (const Wire called : doubles::all_wires()) {
    for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
      const Outcome got = call(called, Wire::openai_responses, delivery, "usage=none", kPrompt);
      ASSERT_TRUE(got.is_whole_answer()) << to_string(called) << ": " << got.describe();
      EXPECT_TRUE(got.report.has_usage) << to_string(called);
      EXPECT_TRUE(got.report.usage.is_estimated) << to_string(called);
      EXPECT_GT(got.report.usage.input, 0) << to_string(called);
      EXPECT_GT(got.report.usage.output, 0) << to_string(called);
    }
  }
}

TEST_F(UsageTest, C11_UsageIsAskedForUnaskedAndKeptFromACallerWhoDidNot) {
  const Outcome got = call(Wire::openai_chat, Wire::openai_chat, Delivery::streamed, "", kPrompt);
  ASSERT_TRUE(got.is_whole_answer()) << got.describe();
  EXPECT_THAT(provider_.request(1)->body, HasSubstr("include_usage"));
  EXPECT_EQ(got.report.usage, (model::Usage{.input = 4, .output = 5}));
  EXPECT_FALSE(got.report.usage.is_estimated);
  EXPECT_EQ(got.heard.usage_count, 0U);
  for (const json::Value& chunk : chunks_of(got.bytes))
    EXPECT_FALSE(chunk.at("choices").as_array().empty()) << json::write(chunk);
}

TEST_F(UsageTest, C11_AProviderThatRefusesTheOptionIsAskedWithoutItFromThenOn) {
  House house({provider_of(Wire::openai_chat, "p", provider_, 10s, 10s)}, {});
  for (const Wire face : kFaces) {
    const std::string model = fmt::format("p/m-{}@no-include-usage", to_string(face));
    const std::size_t before = provider_.requests().size();
    const Outcome first = house.call(order_of(face, Delivery::streamed, model, kPrompt));
    ASSERT_TRUE(first.is_whole_answer()) << first.describe();
    EXPECT_EQ(first.report.attempts.size(), 1U) << "the option is ours: no attempt failed";
    EXPECT_EQ(provider_.requests().size(), before + 2);
    const Outcome second = house.call(order_of(face, Delivery::streamed, model, kPrompt));
    ASSERT_TRUE(second.is_whole_answer()) << second.describe();
    EXPECT_EQ(provider_.requests().size(), before + 3);
    EXPECT_THAT(provider_.requests().back().body, Not(HasSubstr("include_usage")));
    EXPECT_TRUE(second.report.usage.is_estimated);
  }
}

// Cached and reasoning tokens have buckets of their own, none is counted twice, and a stream costs what its answer
// whole would.
TEST_F(UsageTest, C12_AStreamedCallCostsWhatItCostsWhole) {
  model::Prices prices;
  prices.replace(
      model::PriceTable::parse(
          R"({"p/m":{"input_cost_per_token":0.000003,"output_cost_per_token":0.000015,"cache_read_input_token_cost":0.0000003}})")
          .value());
  constexpr std::string_view kCachedPrompt = "one two three four five [cached 3] [think 4]";  // nine tokens
  for (const Wire called : doubles::all_wires()) {
    for (const Wire face : kFaces) {
      const Outcome whole = call(called, face, Delivery::whole, "", kCachedPrompt, "", &prices);
      const Outcome streamed = call(called, face, Delivery::streamed, "", kCachedPrompt, "", &prices);
      const std::string name = fmt::format("{} to {}", to_string(called), to_string(face));
      ASSERT_TRUE(whole.is_whole_answer()) << name << ": " << whole.describe();
      ASSERT_TRUE(streamed.is_whole_answer()) << name << ": " << streamed.describe();
      EXPECT_EQ(whole.report.usage, streamed.report.usage) << name;
      ASSERT_TRUE(whole.report.cost) << name;
      EXPECT_EQ(whole.report.cost, streamed.report.cost) << name;
      // Ollama does not count what it had cached.
      const std::int64_t cached = called == Wire::ollama ? 0 : 3;
      EXPECT_EQ(whole.report.usage.cached_read, cached) << name;
      EXPECT_EQ(whole.report.usage.input_total(), 6 + cached) << name;
      EXPECT_EQ(whole.report.usage.output_total(), 4 + 10) << name;
      EXPECT_EQ(*whole.report.cost, 6 * 3'000'000 + cached * 300'000 + 14 * 15'000'000) << name;
    }
  }
}

// What the caller reads follows their protocol: OpenAI's prompt_tokens hold the cached ones, Anthropic's input_tokens
// do not.
TEST_F(UsageTest, C12_TheCallerIsToldInTheirProtocolsOwnWay) {
  constexpr std::string_view kCachedPrompt = "one two three four five [cached 3]";  // seven tokens
  for (const Wire called : {Wire::openai_chat, Wire::openai_responses, Wire::anthropic, Wire::gemini}) {
    for (const Delivery delivery : {Delivery::whole, Delivery::streamed}) {
      EXPECT_EQ(
          call(called, Wire::openai_chat, delivery, "", kCachedPrompt, delivery == Delivery::streamed ? kAsksUsage : "")
              .heard.input_tokens,
          7)
          << to_string(called);
      EXPECT_EQ(call(called, Wire::openai_responses, delivery, "", kCachedPrompt).heard.input_tokens, 7)
          << to_string(called);
      EXPECT_EQ(call(called, Wire::anthropic, delivery, "", kCachedPrompt).heard.input_tokens, 4) << to_string(called);
    }
  }
}

}  // namespace
}  // namespace atelier::gateway

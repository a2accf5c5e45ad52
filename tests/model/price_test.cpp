#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/id.hpp"
#include "model/price/default_prices.hpp"
#include "model/price/key.hpp"
#include "model/price/prices.hpp"

namespace atelier::model {
namespace {

PriceTable table_of(std::string_view json) {
  auto table = PriceTable::parse(json);
  EXPECT_TRUE(table.has_value()) << table.error().describe();
  return table ? std::move(*table) : PriceTable();
}

constexpr std::string_view kTable = R"json({
 "sample_spec": {"litellm_provider": "one of the providers", "input_cost_per_token": 0, "max_tokens": "LEGACY"},
 "m-large": {"litellm_provider": "x", "mode": "chat", "max_input_tokens": 200000,
  "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
  "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06, "cache_read_input_token_cost": 3e-07,
  "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05,
  "supports_vision": true, "supported_endpoints": ["/v1/chat/completions"], "search_context_cost_per_query": {"search_context_size_low": 0.03}},
 "as-text": {"litellm_provider": "x", "input_cost_per_token": "2.5e-06", "output_cost_per_token": "0.00001"},
 "xai/quick": {"litellm_provider": "xai", "input_cost_per_token": 3e-07, "output_cost_per_token": 5e-07, "cache_read_input_token_cost": 7.5e-08,
  "input_cost_per_token_above_128k_tokens": 6e-07},
 "tiers": {"litellm_provider": "dashscope", "cache_read_input_token_cost": 1e-07, "tiered_pricing": [
  {"range": [32000, 128000], "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06, "output_cost_per_reasoning_token": 1e-05},
  {"range": [0, 32000], "input_cost_per_token": "1e-06", "output_cost_per_token": 5e-06, "cache_read_input_token_cost": 5e-08},
  {"range": [128000, null], "input_cost_per_token": 3e-06, "output_cost_per_token": 9e-06}]},
 "paced": {"litellm_provider": "openai", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
  "input_cost_per_token_flex": 1e-06, "output_cost_per_token_flex": 4e-06, "input_cost_per_token_priority": 3.5e-06,
  "output_cost_per_token_priority": 1.4e-05, "input_cost_per_token_batches": 1e-06, "output_cost_per_token_batches": 4e-06,
  "input_cost_per_token_above_272k_tokens": 4e-06, "input_cost_per_token_above_272k_tokens_priority": 7e-06},
 "hears": {"litellm_provider": "openai", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "input_cost_per_audio_token": 4e-05,
  "output_cost_per_audio_token": 8e-05, "input_cost_per_image_token": 5e-06, "output_cost_per_image_token": 4e-05},
 "embeds": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08, "output_vector_size": 1536},
 "searches": {"litellm_provider": "perplexity", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "input_cost_per_request": 0.005},
 "speaks": {"litellm_provider": "openai", "mode": "audio_speech", "input_cost_per_character": 1.5e-05},
 "listens": {"litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": 0.0001},
 "draws": {"litellm_provider": "openai", "mode": "image_generation", "output_cost_per_image": 0.04},
 "old": {"litellm_provider": "deepseek", "input_cost_per_token": 2.7e-07, "input_cost_per_token_cache_hit": 7e-08, "output_cost_per_token": 1.1e-06},
 "limits-only": {"litellm_provider": "x", "max_tokens": 4096}
})json";

TEST(Money, IsReadExactlyFromDecimals) {
  EXPECT_EQ(parse_dollars("5.46875e-07"), 546'875);
  EXPECT_EQ(parse_dollars("2.5e-06"), 2'500'000);
  EXPECT_EQ(parse_dollars("1E-12"), 1);
  EXPECT_EQ(parse_dollars("0.1"), 100'000'000'000);
  EXPECT_EQ(parse_dollars(" 12 "), 12 * kDollar);
  EXPECT_EQ(parse_dollars("0"), 0);
  EXPECT_EQ(parse_dollars("0e400"), 0);
  EXPECT_EQ(parse_dollars("-1"), -kDollar);
  EXPECT_EQ(parse_dollars("9223372.036854775807"), kMoneyMax);
  // A double has no such number: these are off by 1e-17 in the table itself.
  EXPECT_EQ(parse_dollars("3.0000000000000004e-07"), 300'000);
  EXPECT_EQ(parse_dollars("0.00000000000049"), 1) << "a price is never rounded to nothing";
  EXPECT_EQ(parse_dollars("1.4999e-12"), 1);
  EXPECT_EQ(parse_dollars("1.5e-12"), 2);
}

TEST(Money, RefusesWhatIsNoAmount) {
  for (const char* text : {"", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1,5", "NaN", "free", "1e-6 USD",
                           "1e99999", "9223372.036854775808", "1e7"})
    EXPECT_FALSE(parse_dollars(text).has_value()) << text;
}

TEST(Money, IsWrittenAsDollars) {
  EXPECT_EQ(format_dollars(146'625'000), "0.000146625");
  EXPECT_EQ(format_dollars(12 * kDollar + 50 * kCent), "12.50");
  EXPECT_EQ(format_dollars(0), "0.00");
  EXPECT_EQ(format_dollars(-3 * kDollar), "-3.00");
  EXPECT_EQ(format_dollars(std::numeric_limits<Picodollars>::min()), "-9223372.036854775808");
}

TEST(PriceKey, KnowsTokensAndTheirConditionsAndNothingElse) {
  const auto key = parse_price_key("cache_creation_input_token_cost_above_1hr_above_200k_tokens_priority");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->rate, Rate::cached_write_hour);
  EXPECT_EQ(key->tier, ServiceTier::priority);
  EXPECT_EQ(key->above_tokens, 200'000);
  for (const char* other :
       {"input_cost_per_token_above_1hr", "input_cost_per_image", "output_cost_per_seconds", "input_cost_per_tokens",
        "max_tokens", "input_cost_per_audio_per_second", "cache_read_input_audio_token_cost",
        "output_cost_per_image_1024", "input_cost_per_token_above_k_tokens"})
    EXPECT_FALSE(parse_price_key(other)) << other;
}

TEST(PriceTable, ChargesEachBucketAtItsOwnPrice) {
  const PriceTable table = table_of(kTable);
  EXPECT_EQ(table.size(), 12U) << "neither the specimen nor a model without prices";
  EXPECT_TRUE(table.complaints().empty()) << table.complaints().front();
  const Usage usage{
      .input = 100, .cached_read = 1'000, .cached_write = 200, .cached_write_hour = 10, .output = 50, .reasoning = 7};
  EXPECT_EQ(table.cost(usage, {.provider = "x", .model = "m-large"}),
            100 * 3'000'000 + 1'000 * 300'000 + 200 * 3'750'000 + 10 * 6'000'000 + 57 * 15'000'000LL);
  EXPECT_EQ(table.cost({.input = 3, .output = 2}, {.provider = "x", .model = "as-text"}),
            3 * 2'500'000 + 2 * 10'000'000);
}

// pricing.md's vector, from a recorded call: the provider's own figure was 1,466,250 ticks of 1e-10 dollars.
TEST(PriceTable, GivesWhatTheProviderItselfCharged) {
  const PriceTable table = table_of(kTable);
  const Usage usage{.input = 1, .cached_read = 11, .output = 1, .reasoning = 290};
  EXPECT_EQ(table.cost(usage, {.provider = "xai", .model = "quick"}), 146'625'000);
  EXPECT_EQ(format_dollars(146'625'000), "0.000146625");
}

TEST(PriceTable, TakesTheProvidersOwnFigureBeforeAnyTable) {
  const PriceTable table = table_of(kTable);
  EXPECT_EQ(table.cost({.input = 5, .cost_picodollars = 42}, {.provider = "nobody", .model = "unheard-of"}), 42);
}

TEST(PriceTable, APromptOverTheThresholdMakesTheWholeCallDearer) {
  const PriceTable table = table_of(kTable);
  const PricedModel model{.provider = "x", .model = "m-large"};
  EXPECT_EQ(table.cost({.input = 150'000, .cached_read = 50'000, .output = 10}, model),
            150'000 * 3'000'000LL + 50'000 * 300'000LL + 10 * 15'000'000);
  // With the cache it is one token more than 200,000: input and output at the higher price, cached reads at the only
  // one there is.
  EXPECT_EQ(table.cost({.input = 150'001, .cached_read = 50'000, .output = 10}, model),
            150'001 * 6'000'000LL + 50'000 * 300'000LL + 10 * 22'500'000);
  // xAI's threshold belongs to the long prompts.
  EXPECT_EQ(table.cost({.input = 127'999}, {.provider = "xai", .model = "quick"}), 127'999 * 300'000LL);
  EXPECT_EQ(table.cost({.input = 128'000}, {.provider = "xai", .model = "quick"}), 128'000 * 600'000LL);
}

TEST(PriceTable, ATierIsChosenByThePromptInWhateverOrderTheyStand) {
  const PriceTable table = table_of(kTable);
  const PricedModel model{.provider = "dashscope", .model = "tiers"};
  EXPECT_EQ(table.cost({.input = 31'000, .cached_read = 1'000, .output = 1}, model),
            31'000 * 1'000'000LL + 1'000 * 50'000 + 5'000'000);
  // What a tier does not say is the flat price, not another tier's.
  EXPECT_EQ(table.cost({.input = 32'000, .cached_read = 1'000, .output = 1, .reasoning = 1}, model),
            32'000 * 2'000'000LL + 1'000 * 100'000 + 8'000'000 + 10'000'000);
  EXPECT_EQ(table.cost({.input = 5'000'000}, model), 5'000'000 * 3'000'000LL) << "the last tier has no end";
  EXPECT_EQ(table.cost({.output = 2}, model), 2 * 5'000'000) << "an empty prompt is a short one";
}

TEST(PriceTable, TheTierOfServiceHasItsOwnPrice) {
  const PriceTable table = table_of(kTable);
  const PricedModel model{.provider = "openai", .model = "paced"};
  const Usage usage{.input = 10, .output = 10};
  EXPECT_EQ(table.cost(usage, model), 100'000'000);
  EXPECT_EQ(table.cost(usage, model, parse_service_tier("default")), 100'000'000);
  EXPECT_EQ(table.cost(usage, model, parse_service_tier("flex")), 50'000'000);
  EXPECT_EQ(table.cost(usage, model, parse_service_tier("priority")), 175'000'000);
  EXPECT_EQ(table.cost(usage, model, parse_service_tier("batch")), 50'000'000);
  EXPECT_EQ(table.cost({.input = 272'001}, model, ServiceTier::priority), 272'001 * 7'000'000LL);
  EXPECT_EQ(table.cost({.input = 272'001}, model, ServiceTier::flex), 272'001 * 4'000'000LL);
  // No tier of its own: the standard price.
  EXPECT_EQ(table.cost(usage, {.provider = "x", .model = "m-large"}, ServiceTier::flex),
            10 * 3'000'000 + 10 * 15'000'000);
}

TEST(PriceTable, OtherMediaHaveTheirOwnPriceOrTheTexts) {
  const PriceTable table = table_of(kTable);
  const Usage usage{.input_audio = 3, .output_audio = 5, .input_image = 7, .output_image = 11};
  EXPECT_EQ(table.cost(usage, {.provider = "openai", .model = "hears"}),
            3 * 40'000'000 + 5 * 80'000'000 + 7 * 5'000'000 + 11 * 40'000'000);
  EXPECT_EQ(table.cost(usage, {.provider = "x", .model = "m-large"}), 10 * 3'000'000 + 16 * 15'000'000);
}

TEST(PriceTable, CallsMayCostSomethingThemselvesAndOldNamesCount) {
  const PriceTable table = table_of(kTable);
  EXPECT_EQ(table.cost({.input = 1, .output = 1}, {.provider = "perplexity", .model = "searches"}),
            5'000'000'000 + 2'000'000);
  EXPECT_EQ(table.cost({.cached_read = 10}, {.provider = "deepseek", .model = "old"}), 700'000);
}

TEST(PriceTable, UnknownIsNotFree) {
  const PriceTable table = table_of(kTable);
  EXPECT_EQ(table.cost({.input = 1}, {.provider = "x", .model = "unheard-of"}), std::nullopt);
  EXPECT_EQ(table.cost({.input = 1}, {.provider = "x", .model = "limits-only"}), std::nullopt);
  EXPECT_EQ(table.cost({.input = 8}, {.provider = "openai", .model = "embeds"}), 160'000);
  EXPECT_EQ(table.cost({.input = 8, .output = 1}, {.provider = "openai", .model = "embeds"}), std::nullopt);
  EXPECT_EQ(table.cost({.input = 1'000, .output = 1'000}, {.provider = "ollama", .model = "m-large", .is_local = true}),
            0);
  EXPECT_EQ(table.cost({.input = 1}, {.provider = "openrouter", .model = "some/model:free"}), 0);
}

TEST(PriceTable, NamesAreLookedUpInOrder) {
  const PriceTable table = table_of(R"({
    "gemini/gemini-2": {"litellm_provider": "gemini", "input_cost_per_token": 1e-06},
    "gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 2e-06},
    "gpt-4o-2024-08-06": {"litellm_provider": "openai", "input_cost_per_token": 3e-06},
    "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 4e-06},
    "claude-x": {"litellm_provider": "anthropic", "input_cost_per_token": 5e-06},
    "chat-bison": {"litellm_provider": "vertex_ai-chat-models", "input_cost_per_token": 6e-06},
    "together_ai/org/model": {"litellm_provider": "together_ai", "input_cost_per_token": 7e-06},
    "mine": {"input_cost_per_token": 8e-06}})");
  const auto price = [&](std::string_view provider, std::string_view model) {
    return table.cost({.input = 1}, {.provider = provider, .model = model}).value_or(-1'000'000) / 1'000'000;
  };
  EXPECT_EQ(price("gemini", "models/gemini-2"), 1);
  EXPECT_EQ(price("google", "gemini-2"), 1);
  EXPECT_EQ(price("openai", "gpt-4o"), 2);
  EXPECT_EQ(price("openai", "gpt-4o-2024-08-06"), 3);
  EXPECT_EQ(price("openai", "gpt-4o-2024-11-20"), 2);
  EXPECT_EQ(price("azure", "gpt-4o"), 4);
  EXPECT_EQ(price("anthropic", "claude-x-20251001"), 5);
  EXPECT_EQ(price("anthropic", "claude-x@latest"), 5);
  EXPECT_EQ(price("anthropic", "claude-x@20251001"), 5);
  EXPECT_EQ(price("vertex_ai", "chat-bison"), 6);
  EXPECT_EQ(price("together", "org/model"), 7);
  EXPECT_EQ(price("whoever", "mine:latest"), 8);
  EXPECT_EQ(price("groq", "gpt-4o"), -1) << "another provider's model of that name";
  EXPECT_EQ(price("", "gpt-4o"), -1);
}

TEST(PriceTable, AnEntryThatCannotBeRightIsNamedAndItsCostUnknown) {
  const PriceTable table = table_of(R"({
    "per-million": {"input_cost_per_token": 2.5, "output_cost_per_token": 10},
    "negative": {"input_cost_per_token": "-1"},
    "words": {"input_cost_per_token": "cheap"},
    "odd": {"input_cost_per_token": true},
    "list": [1, 2],
    "tiers": {"tiered_pricing": [{"range": "all", "input_cost_per_token": 1e-6}]},
    "twice": {"tiered_pricing": [{"range": [0, 9], "input_cost_per_token": 1e-6}, {"range": [0, 99], "input_cost_per_token": 2e-6}]},
    "dear-pictures": {"input_cost_per_token": 1e-6, "output_cost_per_image_token": 0.04},
    "good": {"input_cost_per_token": 0.01}})");
  EXPECT_EQ(table.size(), 2U);
  ASSERT_EQ(table.complaints().size(), 7U);
  EXPECT_EQ(table.complaints()[0],
            "per-million: input_cost_per_token is 2.50 dollars for one token: prices are per token, not per million");
  EXPECT_EQ(table.cost({.input = 1}, {.provider = "x", .model = "per-million"}), std::nullopt);
  EXPECT_EQ(table.cost({.input = 1}, {.provider = "x", .model = "good"}), kCent);
}

TEST(PriceTable, RefusesWhatIsNoTable) {
  for (const char* text : {"", "[]", "{", "{\"a\":{\"input_cost_per_token\":1e-6}", "{\"a\":{}} x", "nonsense",
                           "{\"a\":{\"b\":\"\xff\"}}"}) {
    const auto table = PriceTable::parse(text);
    ASSERT_FALSE(table.has_value()) << text;
    EXPECT_EQ(table.error().reason, "price_table_invalid");
  }
}

TEST(PriceTable, HugeCountsStopAtTheMostThatCanBeCounted) {
  const PriceTable table = table_of(kTable);
  EXPECT_EQ(table.cost({.output = std::numeric_limits<std::int64_t>::max() / 2}, {.provider = "x", .model = "m-large"}),
            kMoneyMax);
}

// The last usage a stream tells is the usage of the answer put together from it: the same buckets, so the same cost.
TEST(PriceTable, AStreamedCallCostsWhatItCostsUnstreamed) {
  const PriceTable table = table_of(kTable);
  ChatAnswer answer{.id = "a",
                    .model = "m-large",
                    .choices = {},
                    .usage = {.input = 12, .cached_read = 2'034, .cached_write = 5, .output = 77, .reasoning = 9}};
  answer.choices.push_back({.index = 0, .parts = {Text{"hello"}}});
  AnswerBuilder builder;
  for (const ChatEvent& event : events_of(answer)) builder.take(event);
  const PricedModel model{.provider = "x", .model = "m-large"};
  const auto cost = table.cost(answer.usage, model);
  ASSERT_TRUE(cost);
  EXPECT_EQ(table.cost(builder.answer().usage, model), cost);
}

TEST(Prices, TheBestKnownModelsArePricedWithoutAnyFile) {
  const PriceTable table = default_prices();
  EXPECT_TRUE(table.complaints().empty());
  EXPECT_GT(table.size(), 50U);
  // A million tokens each of input, of the prompt read from the cache, and of output.
  const Usage million{.input = 1'000'000, .cached_read = 1'000'000, .output = 1'000'000};
  const auto dollars = [&](std::string_view provider, std::string_view model) {
    return format_dollars(table.cost(million, {.provider = provider, .model = model}).value_or(-1));
  };
  EXPECT_EQ(dollars("openai", "gpt-4.1-mini-2025-04-14"), "2.10");
  EXPECT_EQ(dollars("anthropic", "claude-haiku-4-5-20251001"), "6.10");
  EXPECT_EQ(dollars("deepseek", "deepseek-v4-flash"), "0.448");
  // A long prompt's price holds for all of it.
  EXPECT_EQ(table.cost({.input = 200'000, .output = 1'000}, {.provider = "gemini", .model = "gemini-2.5-pro"}),
            260'000'000'000);
  EXPECT_EQ(table.cost({.input = 200'001, .output = 1'000}, {.provider = "gemini", .model = "gemini-2.5-pro"}),
            200'001 * 2'500'000LL + 15'000'000'000);
  // A name that another provider gives its own model says nothing.
  EXPECT_EQ(table.cost(million, {.provider = "openrouter", .model = "gpt-5"}), std::nullopt);
  // Files come over it.
  const std::string own = std::filesystem::temp_directory_path() / ("atelier-prices-" + Ulid::make().to_string());
  std::ofstream(own) << R"({"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 1e-06}})";
  Prices prices;
  ASSERT_TRUE(prices.load({own}));
  EXPECT_EQ(prices.find({.provider = "openai", .model = "gpt-4o"})->cost({.input = 1}, ServiceTier::standard),
            1'000'000);
  EXPECT_EQ(prices.find({.provider = "openai", .model = "gpt-4o-mini"})->cost({.input = 1}, ServiceTier::standard),
            150'000);
  std::filesystem::remove(own);
}

TEST(Prices, AUsersFileReplacesTheTableAndABrokenOneDoesNot) {
  const auto folder = std::filesystem::temp_directory_path() / ("atelier-prices-" + Ulid::make().to_string());
  std::filesystem::create_directories(folder);
  const std::string base = folder / "litellm.json", own = folder / "own.json";
  std::ofstream(base)
      << R"({"a": {"input_cost_per_token": 1e-06}, "b": {"input_cost_per_token": 2e-06}, "c": {"input_cost_per_token": 7}})";
  std::ofstream(own) << R"({"b": {"input_cost_per_token": "3e-06"}})";
  Prices prices;
  EXPECT_EQ(prices.find({.provider = "x", .model = "a"}), nullptr);
  const auto complaints = prices.load({base, own});
  ASSERT_TRUE(complaints.has_value()) << complaints.error().describe();
  EXPECT_EQ(complaints->size(), 1U);
  const std::uint64_t revision = prices.revision();
  const auto held = prices.find({.provider = "x", .model = "b"});
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->cost({.input = 1}, ServiceTier::standard), 3'000'000);

  std::ofstream(own) << "{";
  const auto broken = prices.load({base, own});
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().where, own);
  EXPECT_EQ(prices.revision(), revision);
  const auto missing = prices.load({(folder / "none.json").string()});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(prices.find({.provider = "x", .model = "b"}), nullptr);

  prices.replace(PriceTable());
  EXPECT_GT(prices.revision(), revision);
  EXPECT_EQ(prices.find({.provider = "x", .model = "b"}), nullptr);
  EXPECT_EQ(held->cost({.input = 1}, ServiceTier::standard), 3'000'000) << "whoever holds a price keeps it";
  std::filesystem::remove_all(folder);
}

TEST(ModelPrice, CountsCharactersSecondsAndPictures) {
  const PriceTable table = table_of(kTable);
  const auto cost = [&](std::string_view model, const Usage& usage) {
    return table.cost(usage, {.provider = "openai", .model = model});
  };
  EXPECT_EQ(cost("speaks", {.characters = 1000}), *parse_dollars("0.015"));
  EXPECT_EQ(cost("listens", {.audio_seconds = 90}), *parse_dollars("0.009"));
  EXPECT_EQ(cost("draws", {.images = 3}), *parse_dollars("0.12"));
  EXPECT_EQ(cost("hears", {.input = 10, .output_image = 100, .images = 1}), *parse_dollars("0.004025"))
      << "paid by the token: its pictures cost no more";
  EXPECT_EQ(cost("hears", {.characters = 10}), std::nullopt) << "nothing that was counted has a price";
  EXPECT_EQ(cost("speaks", {.images = 1}), std::nullopt);
}

}  // namespace
}  // namespace atelier::model

#include <gtest/gtest.h>

#include "model/provider/adapter.hpp"
#include "tests/model/allocation_count.hpp"

namespace atelier::model {
namespace {

constexpr std::string_view kStart =
    R"({"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":43,"cache_read_input_tokens":5,"output_tokens":1}}})";
constexpr std::string_view kDelta =
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello \"there\" \u00e9"}})";

std::unique_ptr<StreamWatch> watch() { return anthropic_adapter().make_watch({}, {}); }

// "meaningful finish terminal ours unreadable", those that hold.
std::string seen(const StreamWatch::Seen& what) {
  std::string out;
  if (what.is_meaningful) out += "meaningful ";
  if (what.is_finish) out += "finish ";
  if (what.is_terminal) out += "terminal ";
  if (what.is_ours) out += "ours ";
  if (what.is_unreadable) out += "unreadable ";
  return out;
}

TEST(AnthropicWatch, SeesWhatRoutingAndAccountingNeed) {
  const auto eye = watch();
  EXPECT_EQ(seen(eye->take("message_start", kStart)), "");
  EXPECT_EQ(eye->usage(), (Usage{.input = 43, .cached_read = 5, .output = 1}));
  EXPECT_EQ(seen(eye->take("ping", R"({"type":"ping"})")), "");
  EXPECT_EQ(
      seen(eye->take(
          "content_block_start",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})")),
      "");
  EXPECT_EQ(
      seen(eye->take("content_block_delta",
                     R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":""}})")),
      "");
  EXPECT_EQ(
      seen(eye->take("content_block_delta",
                     R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}})")),
      "meaningful ");
  EXPECT_EQ(
      seen(eye->take("content_block_delta",
                     R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}})")),
      "");
  EXPECT_EQ(seen(eye->take("content_block_stop", R"({"type":"content_block_stop","index":0})")), "");
  EXPECT_EQ(
      seen(eye->take(
          "content_block_start",
          R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})")),
      "meaningful ");
  EXPECT_EQ(seen(eye->take("content_block_delta", kDelta)), "meaningful ");
  EXPECT_EQ(seen(eye->take("message_delta",
                           R"({"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":9}})")),
            "");
  EXPECT_EQ(
      seen(eye->take(
          "message_delta",
          R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":30,"input_tokens":61}})")),
      "meaningful finish ");
  EXPECT_EQ(seen(eye->take("message_stop", R"({"type":"message_stop"})")), "terminal ");
  EXPECT_EQ(eye->usage(), (Usage{.input = 61, .cached_read = 5, .output = 30}));
  EXPECT_FALSE(eye->fault());
}

TEST(AnthropicWatch, KnowsEventsByTheirDataWhereProxiesDropTheirNames) {
  const auto eye = watch();
  EXPECT_EQ(seen(eye->take("", kStart)), "");
  EXPECT_TRUE(eye->usage());
  EXPECT_EQ(seen(eye->take("", kDelta)), "meaningful ");
  EXPECT_EQ(
      seen(eye->take("", R"({"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3},"type":"message_delta"})")),
      "meaningful finish ");
  EXPECT_EQ(seen(eye->take("", R"({"type":"message_stop"})")), "terminal ");
  EXPECT_EQ(seen(eye->take("", R"({"type":"of_next_year"})")), "");
}

TEST(AnthropicWatch, FindsWhatIsNoEvent) {
  const auto eye = watch();
  for (const std::string_view data :
       {"{", "x", "[1]", R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"cut)",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"})",
        R"({"type":"content_block_delta"} {})", R"({"no":"type"})"})
    EXPECT_EQ(seen(eye->take(data == R"({"no":"type"})" ? "" : "content_block_delta", data)), "unreadable ") << data;
  EXPECT_EQ(seen(eye->take("message_delta", "{")), "unreadable ");
}

TEST(AnthropicWatch, HearsFailures) {
  auto eye = watch();
  eye->take("error", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  ASSERT_TRUE(eye->fault());
  EXPECT_EQ(eye->fault()->kind, Fault::Kind::overloaded);
  eye = watch();
  eye->take("", R"({"type":"error","error":{"type":"rate_limit_error","message":"slow"}})");
  ASSERT_TRUE(eye->fault());
  EXPECT_EQ(eye->fault()->kind, Fault::Kind::rate_limit);
  eye = watch();
  eye->take("message_start", kStart);
  EXPECT_EQ(seen(eye->take("message_start", kStart)), "unreadable ");  // one start is enough
  EXPECT_FALSE(eye->fault());
  eye->take("message_start", R"({"type":"message_start","message":{"id":"msg_2"}})");
  ASSERT_TRUE(eye->fault());
  EXPECT_EQ(eye->fault()->kind, Fault::Kind::broken);
}

TEST(AnthropicWatch, LongEventsFit) {
  const auto eye = watch();
  const std::string data =
      R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":")" +
      std::string(300'000, 'x') + "\"}}";
  EXPECT_EQ(seen(eye->take("content_block_delta", data)), "meaningful ");
  EXPECT_EQ(seen(eye->take("content_block_delta", kDelta)), "meaningful ");
}

TEST(AnthropicWatch, APlainDeltaAllocatesNothing) {
  const auto eye = watch();
  eye->take("message_start", kStart);
  const std::size_t before = testing::allocation_count();
  for (int i = 0; i < 1000; ++i) {
    eye->take("content_block_delta", kDelta);
    eye->take("ping", R"({"type":"ping"})");
    eye->take("content_block_stop", R"({"type":"content_block_stop","index":0})");
  }
  EXPECT_EQ(testing::allocation_count() - before, 0U);
  const auto memory = std::make_unique<int>(1);
  EXPECT_EQ(testing::allocation_count() - before, testing::kCountsAllocations ? 1U : 0U);  // it does count
}

}  // namespace
}  // namespace atelier::model

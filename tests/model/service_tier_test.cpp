#include <gtest/gtest.h>

#include "model/price/table.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/feeding.hpp"

// How fast an answer was served is part of what it cost: told in whole answers and in streams, read or relayed.
namespace atelier::model {
namespace {

// What a whole answer says, read and glanced at.
std::vector<ServiceTier> whole_tiers(const ChatAdapter& adapter, std::string_view body,
                                     HttpHead head = {.status = 200, .headers = {}}) {
  const auto answer = adapter.read_answer(head, body, {});
  EXPECT_TRUE(answer.has_value());
  const auto glanced = adapter.glance(200, body, {});
  EXPECT_TRUE(glanced.has_value());
  return {answer ? answer->usage.tier : ServiceTier::standard, glanced ? glanced->tier : ServiceTier::standard};
}

// What a stream says, read and watched.
std::vector<ServiceTier> stream_tiers(const ChatAdapter& adapter, const std::vector<std::string>& events) {
  const auto told = testing::feed(adapter, testing::named_events(events));
  EXPECT_TRUE(told.has_ended);
  const auto watch = adapter.make_watch({}, {});
  for (const std::string& data : events) {
    const auto value = json::parse(data);
    const json::Value* type = value ? value->as_object().if_contains("type") : nullptr;
    (void)watch->take(type ? std::string_view(type->get_string()) : std::string_view(), data);
  }
  EXPECT_TRUE(watch->usage().has_value());
  return {told.answer.usage.tier, watch->usage() ? watch->usage()->tier : ServiceTier::standard};
}

using Two = std::vector<ServiceTier>;

std::string chat(std::string_view tier) {
  return R"({"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3},"service_tier":)" +
         std::string(tier) + "}";
}

TEST(ServiceTier, OfAWholeChatAnswer) {
  EXPECT_EQ(whole_tiers(openai_chat_adapter(), chat(R"("flex")")), (Two{ServiceTier::flex, ServiceTier::flex}));
  EXPECT_EQ(whole_tiers(openai_chat_adapter(), chat(R"("priority")")),
            (Two{ServiceTier::priority, ServiceTier::priority}));
  for (const char* plain : {R"("default")", R"("auto")", R"("on_demand")", "null", "7", R"("")"})
    EXPECT_EQ(whole_tiers(openai_chat_adapter(), chat(plain)), (Two{ServiceTier::standard, ServiceTier::standard}))
        << plain;
}

TEST(ServiceTier, OfAStreamedChatAnswerWhereverItIsTold) {
  const std::string said = R"({"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]})";
  const std::string stop = R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
  const std::string usage = R"({"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}})";
  const auto with_tier = [](std::string chunk) { return chunk.insert(1, R"("service_tier":"flex",)"); };
  const Two flex{ServiceTier::flex, ServiceTier::flex};
  EXPECT_EQ(stream_tiers(openai_chat_adapter(), {with_tier(said), with_tier(stop), with_tier(usage), "[DONE]"}), flex);
  EXPECT_EQ(stream_tiers(openai_chat_adapter(), {with_tier(said), stop, usage, "[DONE]"}), flex);
  EXPECT_EQ(stream_tiers(openai_chat_adapter(), {said, stop, with_tier(usage), "[DONE]"}), flex);
  EXPECT_EQ(stream_tiers(openai_chat_adapter(), {said, stop, usage, "[DONE]"}),
            (Two{ServiceTier::standard, ServiceTier::standard}));
}

TEST(ServiceTier, OfAResponse) {
  const std::string response =
      R"({"id":"r","object":"response","created_at":1,"model":"m","status":"completed","service_tier":"priority","output":[{"type":"message","id":"msg","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}],"usage":{"input_tokens":9,"output_tokens":3,"total_tokens":12}})";
  const Two priority{ServiceTier::priority, ServiceTier::priority};
  EXPECT_EQ(whole_tiers(openai_responses_adapter(), response), priority);
  // At the start it says what was asked for.
  const std::string begun =
      R"({"type":"response.created","response":{"id":"r","model":"m","service_tier":"auto","status":"in_progress","output":[]}})";
  EXPECT_EQ(
      stream_tiers(openai_responses_adapter(), {begun, R"({"type":"response.completed","response":)" + response + "}"}),
      priority);
}

TEST(ServiceTier, OfAMessage) {
  const Two batch{ServiceTier::batch, ServiceTier::batch};
  EXPECT_EQ(
      whole_tiers(
          anthropic_adapter(),
          R"({"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":3,"service_tier":"batch"}})"),
      batch);
  const auto events = [](std::string_view tier) {
    return std::vector<std::string>{
        R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":9,"output_tokens":1,"service_tier":")" +
            std::string(tier) + R"("}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}})",
        R"({"type":"message_stop"})"};
  };
  EXPECT_EQ(stream_tiers(anthropic_adapter(), events("priority")), (Two{ServiceTier::priority, ServiceTier::priority}));
  EXPECT_EQ(stream_tiers(anthropic_adapter(), events("standard")), (Two{ServiceTier::standard, ServiceTier::standard}));
}

TEST(ServiceTier, OfGeminiIsInAHeader) {
  const std::string body =
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3}})";
  const HttpHead head{.status = 200, .headers = {{"x-gemini-service-tier", "flex"}}};
  EXPECT_EQ(whole_tiers(gemini_adapter(), body, head).front(), ServiceTier::flex);
  EXPECT_EQ(gemini_adapter().tier_header(), "x-gemini-service-tier");
}

TEST(ServiceTier, NothingCountedIsNothingInAnyTier) {
  EXPECT_TRUE(Usage().is_nothing());
  EXPECT_TRUE((Usage{.tier = ServiceTier::flex}).is_nothing());
  EXPECT_FALSE((Usage{.output = 1}).is_nothing());
  EXPECT_FALSE((Usage{.cost_picodollars = 0}).is_nothing());
}

}  // namespace
}  // namespace atelier::model

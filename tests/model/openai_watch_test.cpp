#include <gtest/gtest.h>

#include "model/provider/adapter.hpp"
#include "tests/model/allocation_count.hpp"

// The eyes on relayed streams of OpenAI's two protocols.
namespace atelier::model {
namespace {

constexpr std::string_view kDelta =
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"content":"Hello \"there\" \u00e9"},"logprobs":null,"finish_reason":null}],"usage":null})";
constexpr std::string_view kEventDelta =
    R"({"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello \"there\" \u00e9","logprobs":[]})";

std::unique_ptr<StreamWatch> watch_chat(ChatRequest request = {}, Quirks quirks = {}) {
  return openai_chat_adapter().make_watch(request, quirks);
}
std::unique_ptr<StreamWatch> watch_responses(Quirks quirks = {}) {
  return openai_responses_adapter().make_watch({}, quirks);
}

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

std::string chunk(std::string_view delta, std::string_view reason = "null") {
  return R"({"id":"c","choices":[{"index":0,"delta":)" + std::string(delta) + R"(,"finish_reason":)" +
         std::string(reason) + "}]}";
}

TEST(OpenaiChatWatch, SeesWhatRoutingAndAccountingNeed) {
  const auto eye = watch_chat();
  EXPECT_EQ(seen(eye->take("", chunk(R"({"role":"assistant","content":"","refusal":null})"))), "");
  EXPECT_EQ(seen(eye->take("", chunk(R"({"role":"assistant","content":null,"reasoning_content":""})"))), "");
  EXPECT_EQ(seen(eye->take("", chunk(R"({"reasoning":"Hm"})"))), "meaningful ");
  EXPECT_EQ(seen(eye->take("", chunk(R"({"reasoning_content":"Hm"})"))), "meaningful ");
  EXPECT_EQ(seen(eye->take("", kDelta)), "meaningful ");
  EXPECT_EQ(
      seen(eye->take("", chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]})"))),
      "meaningful ");
  EXPECT_EQ(seen(eye->take("", chunk("{}", "\"stop\""))), "meaningful finish ");
  EXPECT_EQ(
      seen(eye->take(
          "",
          R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}})")),
      "");
  EXPECT_EQ(seen(eye->take("", "[DONE]")), "terminal ");
  EXPECT_EQ(eye->usage(), (Usage{.input = 5, .cached_read = 4, .output = 3}));
  EXPECT_FALSE(eye->fault());
  // Azure's first chunk.
  EXPECT_EQ(seen(watch_chat()->take("", R"({"choices":[],"id":"","model":"","prompt_filter_results":[]})")), "");
}

TEST(OpenaiChatWatch, KnowsTheUsageThatOnlyAccountingAskedFor) {
  const std::string usage = R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}})";
  EXPECT_EQ(seen(watch_chat({.model = {}, .messages = {}, .is_streamed = true})->take("", usage)), "ours ");
  EXPECT_EQ(seen(watch_chat({.model = {}, .messages = {}, .is_streamed = true, .wants_usage = true})->take("", usage)),
            "");
  // Nobody asked: the server tells it on its own.
  EXPECT_EQ(seen(watch_chat({.model = {}, .messages = {}, .is_streamed = true}, {.has_stream_options = false})
                     ->take("", usage)),
            "");
  // What says something besides is the caller's.
  const auto eye = watch_chat({.model = {}, .messages = {}, .is_streamed = true});
  EXPECT_EQ(
      seen(eye->take(
          "",
          R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}})")),
      "meaningful finish ");
  EXPECT_EQ(eye->usage(), (Usage{.input = 9, .output = 3}));
}

TEST(OpenaiChatWatch, FindsUsageInGroqsPlaceAndCountsAsXaiMeansIt) {
  const auto groq = watch_chat();
  groq->take(
      "",
      R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"prompt_tokens":9,"completion_tokens":3}}})");
  EXPECT_EQ(groq->usage(), (Usage{.input = 9, .output = 3}));
  const auto xai = watch_chat({}, {.reasoning_is_outside_output = true});
  xai->take(
      "",
      R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":1,"total_tokens":303,"completion_tokens_details":{"reasoning_tokens":290}}})");
  EXPECT_EQ(xai->usage(), (Usage{.input = 12, .output = 1, .reasoning = 290}));
}

TEST(OpenaiChatWatch, HearsFailures) {
  const auto kind = [](std::string_view type, std::string_view data) {
    const auto eye = watch_chat();
    eye->take(type, data);
    return eye->fault() ? std::string(to_string(eye->fault()->kind)) : "none";
  };
  EXPECT_EQ(kind("", R"({"error":{"message":"x","type":"server_error","code":null}})"), "provider_error");
  EXPECT_EQ(kind("error", "it broke"), "provider_error");
  EXPECT_EQ(kind("", R"({"code":"x","error":"The service is busy: insufficient balance"})"), "provider_billing");
  EXPECT_EQ(kind("", chunk("{}", "\"insufficient_system_resource\"")), "provider_overloaded");
  EXPECT_EQ(
      kind(
          "",
          R"({"id":"c","error":{"code":502,"message":"gone"},"choices":[{"index":0,"delta":{},"finish_reason":"error"}]})"),
      "provider_error");
}

TEST(OpenaiResponsesWatch, SeesWhatRoutingAndAccountingNeed) {
  const auto eye = watch_responses();
  EXPECT_EQ(seen(eye->take("response.created",
                           R"({"type":"response.created","response":{"id":"r","status":"in_progress","usage":null}})")),
            "");
  EXPECT_EQ(seen(eye->take(
                "response.output_item.added",
                R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1"}})")),
            "");
  EXPECT_EQ(
      seen(eye->take("response.output_item.added",
                     R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"m"}})")),
      "");
  EXPECT_EQ(seen(eye->take(
                "response.output_item.added",
                R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc"}})")),
            "meaningful ");
  EXPECT_EQ(seen(eye->take("response.reasoning_summary_text.delta",
                           R"({"type":"response.reasoning_summary_text.delta","delta":"Hm"})")),
            "meaningful ");
  EXPECT_EQ(seen(eye->take("response.output_text.delta", kEventDelta)), "meaningful ");
  EXPECT_EQ(seen(eye->take("response.output_text.done", R"({"type":"response.output_text.done","text":"x"})")), "");
  EXPECT_FALSE(eye->usage());
  const std::string usage =
      R"("usage":{"input_tokens":9,"output_tokens":3,"input_tokens_details":{"cached_tokens":4}})";
  EXPECT_EQ(seen(eye->take("response.completed",
                           R"({"type":"response.completed","response":{"id":"r","status":"completed","error":null,)" +
                               usage + "}}")),
            "meaningful finish terminal ");
  EXPECT_EQ(eye->usage(), (Usage{.input = 5, .cached_read = 4, .output = 3}));
  EXPECT_EQ(seen(eye->take("", "[DONE]")), "terminal ");
  EXPECT_EQ(seen(watch_responses()->take(
                "", R"({"type":"response.incomplete","response":{"status":"incomplete",)" + usage + "}}")),
            "meaningful finish terminal ");
}

TEST(OpenaiResponsesWatch, HearsFailures) {
  const auto kind = [](std::string_view type, std::string_view data) {
    const auto eye = watch_responses();
    EXPECT_EQ(seen(eye->take(type, data)), "") << data;
    return eye->fault() ? std::string(to_string(eye->fault()->kind)) : "none";
  };
  EXPECT_EQ(
      kind(
          "error",
          R"({"type":"error","sequence_number":2,"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"x"}})"),
      "provider_billing");
  EXPECT_EQ(kind("", R"({"type":"error","code":"rate_limit_exceeded","message":"x","param":null})"),
            "provider_rate_limit");
  EXPECT_EQ(kind("error", "it broke"), "provider_error");
  EXPECT_EQ(
      kind(
          "response.failed",
          R"({"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"}}})"),
      "provider_error");
  EXPECT_EQ(kind("", R"({"error":{"message":"x","code":"model_not_found"}})"), "model_not_found");
}

TEST(OpenaiWatch, FindsWhatIsNoEvent) {
  for (const std::string_view data :
       {"{", "x", "[1]", R"({"id":"c","choices":[{"delta":{"content":"cut)", R"({"id":"c"} {})"}) {
    EXPECT_EQ(seen(watch_chat()->take("", data)), "unreadable ") << data;
    EXPECT_EQ(seen(watch_responses()->take("response.output_text.delta", data)),
              data == R"({"id":"c"})" ? "" : "unreadable ")
        << data;
  }
  EXPECT_EQ(seen(watch_chat()->take("", R"({"no":"choices"})")), "unreadable ");
  EXPECT_EQ(seen(watch_responses()->take("", R"({"no":"type"})")), "unreadable ");
  EXPECT_EQ(seen(watch_chat()->take("", "")), "");
  EXPECT_EQ(seen(watch_responses()->take("", " ")), "");
}

TEST(OpenaiWatch, LongEventsAreReadToo) {
  const std::string words(600'000, 'x');
  EXPECT_EQ(seen(watch_chat()->take("", chunk(R"({"content":")" + words + "\"}"))), "meaningful ");
  EXPECT_EQ(seen(watch_responses()->take(
                "", R"({"type":"response.function_call_arguments.delta","delta":")" + words + "\"}")),
            "meaningful ");
  EXPECT_EQ(seen(watch_responses()->take(
                "", R"({"type":"response.output_item.added","item":{"type":"web_search_call","x":")" + words + "\"}}")),
            "meaningful ");
}

TEST(OpenaiWatch, APlainDeltaAllocatesNothing) {
  const auto chat = watch_chat();
  const auto responses = watch_responses();
  chat->take("", kDelta);
  responses->take("response.output_text.delta", kEventDelta);
  const std::size_t before = testing::allocation_count();
  for (int i = 0; i < 1000; ++i) {
    chat->take("", kDelta);
    responses->take("response.output_text.delta", kEventDelta);
  }
  EXPECT_EQ(testing::allocation_count() - before, 0U);
}

}  // namespace
}  // namespace atelier::model

#include <gmock/gmock.h>

#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"

namespace atelier::model {
namespace {

using testing::describe;
using testing::feed;
using testing::named_events;
using testing::Told;

std::string start(std::string_view id = "msg_1") {
  return R"({"type":"message_start","message":{"id":")" + std::string(id) +
         R"(","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,)"
         R"("usage":{"input_tokens":43,"cache_creation_input_tokens":30,"cache_read_input_tokens":20,)"
         R"("cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1,"service_tier":"standard"}}})";
}
std::string block(int index, std::string_view content) {
  return R"({"type":"content_block_start","index":)" + std::to_string(index) + R"(,"content_block":)" +
         std::string(content) + "}";
}
std::string delta(int index, std::string_view what) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" + std::string(what) + "}";
}
std::string text(int index, std::string_view said) {
  return delta(index, R"({"type":"text_delta","text":")" + std::string(said) + "\"}");
}
std::string stop(int index) { return R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}"; }
std::string finish(std::string_view reason, std::string_view usage = R"({"output_tokens":30})") {
  return R"({"type":"message_delta","delta":{"stop_reason":")" + std::string(reason) +
         R"(","stop_sequence":null},"usage":)" + std::string(usage) + "}";
}
const std::string kPing = R"({"type": "ping"})";
const std::string kText = R"({"type":"text","text":""})";
const std::string kStop = R"({"type":"message_stop"})";

TEST(AnthropicStream, ReadsThoughtTextAndTools) {
  const Told told = feed(
      anthropic_adapter(),
      named_events({start(),
                    block(0, R"({"type":"thinking","thinking":"","signature":""})"),
                    kPing,
                    delta(0, R"({"type":"thinking_delta","thinking":"Let me "})"),
                    delta(0, R"({"type":"thinking_delta","thinking":"see"})"),
                    delta(0, R"({"type":"signature_delta","signature":"EqQB+/="})"),
                    stop(0),
                    block(1, R"({"type":"redacted_thinking","data":"RED+/="})"),
                    stop(1),
                    block(2, kText),
                    text(2, "Hel"),
                    kPing,
                    text(2, "lo"),
                    stop(2),
                    block(3, R"({"type":"tool_use","id":"toolu_1","name":"f","input":{}})"),
                    delta(3, R"({"type":"input_json_delta","partial_json":""})"),
                    delta(3, R"({"type":"input_json_delta","partial_json":"{\"a\": "})"),
                    delta(3, R"({"type":"input_json_delta","partial_json":"1}"})"),
                    stop(3),
                    block(4, R"({"type":"tool_use","id":"toolu_2","name":"g","input":{}})"),
                    stop(4),
                    finish("tool_use",
                           R"({"input_tokens":61,"output_tokens":30,"output_tokens_details":{"thinking_tokens":12}})"),
                    kStop}));
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 0U);
  EXPECT_EQ(told.answer.id, "msg_1");
  EXPECT_EQ(told.answer.model, "claude-x");
  EXPECT_EQ(json::write(told.answer.extra), R"({"service_tier":"standard"})");
  std::vector<Part> parts;
  parts.emplace_back(Reasoning{.text = "Let me see", .signature = "EqQB+/=", .origin = Protocol::anthropic});
  parts.emplace_back(Reasoning{.signature = "RED+/=", .is_redacted = true, .origin = Protocol::anthropic});
  parts.emplace_back(Text{.text = "Hello"});
  parts.emplace_back(ToolCall{.id = "toolu_1", .name = "f", .arguments = R"({"a": 1})"});
  parts.emplace_back(ToolCall{.id = "toolu_2", .name = "g", .arguments = "{}"});
  EXPECT_EQ(describe(told.answer.choices.at(0).parts), describe(parts));
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::tool_calls);
  // The last value of each count; thought is told apart from the rest of the output.
  EXPECT_EQ(
      told.answer.usage,
      (Usage{
          .input = 61, .cached_read = 20, .cached_write = 10, .cached_write_hour = 20, .output = 18, .reasoning = 12}));
}

TEST(AnthropicStream, ReadsWhatAWholeAnswerSays) {
  const std::string body = R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
    {"type":"thinking","thinking":"","signature":"sig"},{"type":"text","text":"Hi","citations":null},
    {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},
    {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]},
    {"type":"text","text":"cited","citations":[{"type":"char_location","cited_text":"c"}]}],
    "stop_reason":"stop_sequence","stop_sequence":"END","container":null,
    "usage":{"input_tokens":43,"output_tokens":30,"cache_creation_input_tokens":30,"cache_read_input_tokens":20,
      "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"service_tier":"standard"}})";
  const auto whole = anthropic_adapter().read_answer({}, body, {});
  ASSERT_TRUE(whole) << whole.error().message;
  const Told told = feed(
      anthropic_adapter(),
      named_events(
          {start(), block(0, R"({"type":"thinking","thinking":"","signature":""})"),
           delta(0, R"({"type":"signature_delta","signature":"sig"})"), stop(0), block(1, kText), text(1, "Hi"),
           stop(1), block(2, R"({"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}})"),
           delta(2, R"({"type":"input_json_delta","partial_json":"{\"query\":"})"),
           delta(2, R"({"type":"input_json_delta","partial_json":"\"x\"}"})"), stop(2),
           block(3, R"({"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]})"), stop(3),
           block(4, R"({"type":"text","text":"","citations":[]})"),
           delta(4, R"({"type":"citations_delta","citation":{"type":"char_location","cited_text":"c"}})"),
           text(4, "cited"), stop(4),
           R"({"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},"usage":{"output_tokens":30}})",
           kStop}));
  EXPECT_EQ(describe(told.answer), describe(*whole));
  EXPECT_EQ(whole->choices[0].stop_sequence, "END");
  EXPECT_EQ(whole->usage,
            (Usage{.input = 43, .cached_read = 20, .cached_write = 10, .cached_write_hour = 20, .output = 30}));
}

TEST(AnthropicStream, MapsEveryReasonToStop) {
  const std::pair<std::string_view, StopReason> kReasons[] = {{"end_turn", StopReason::stop},
                                                              {"max_tokens", StopReason::length},
                                                              {"stop_sequence", StopReason::stop_sequence},
                                                              {"tool_use", StopReason::tool_calls},
                                                              {"pause_turn", StopReason::pause},
                                                              {"refusal", StopReason::refusal},
                                                              {"model_context_window_exceeded", StopReason::length},
                                                              {"of_next_year", StopReason::stop}};
  for (const auto& [name, reason] : kReasons)
    EXPECT_EQ(
        feed(anthropic_adapter(), named_events({start(), block(0, kText), text(0, "x"), stop(0), finish(name), kStop}))
            .answer.choices.at(0)
            .stop,
        reason)
        << name;
}

TEST(AnthropicStream, ARefusalMayHaveNoBlocks) {
  const Told told = feed(
      anthropic_adapter(),
      named_events(
          {start(), kPing,
           R"({"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":"No."}},"usage":{"output_tokens":0}})",
           kStop}));
  EXPECT_TRUE(told.has_ended);
  ASSERT_EQ(told.answer.choices.size(), 1U);
  EXPECT_EQ(told.answer.choices[0].stop, StopReason::refusal);
  EXPECT_EQ(std::get<Refusal>(told.answer.choices[0].parts.at(0)).text, "No.");
  const auto whole = anthropic_adapter().read_answer(
      {}, R"({"id":"msg_1","type":"message","model":"claude-x","content":[],"stop_reason":"refusal",
    "stop_details":{"type":"refusal","explanation":"No."},"usage":{"input_tokens":43,"output_tokens":0}})",
      {});
  ASSERT_TRUE(whole);
  EXPECT_EQ(describe(whole->choices[0].parts), describe(told.answer.choices[0].parts));
}

TEST(AnthropicStream, CountsCompactionAndAdvisorsToo) {
  const Told told = feed(
      anthropic_adapter(),
      named_events(
          {start(),
           finish(
               "end_turn",
               R"({"input_tokens":5,"output_tokens":7,"iterations":[)"
               R"({"type":"compaction","input_tokens":100,"output_tokens":10},{"type":"message","input_tokens":5,"output_tokens":7},)"
               R"({"type":"advisor_message","model":"y","input_tokens":1,"output_tokens":2}]})"),
           kStop}));
  EXPECT_EQ(told.answer.usage,
            (Usage{.input = 106, .cached_read = 20, .cached_write = 10, .cached_write_hour = 20, .output = 19}));
}

TEST(AnthropicStream, AnErrorMayBeTheFirstEvent) {
  const Told told =
      feed(anthropic_adapter(),
           named_events({R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}));
  ASSERT_TRUE(told.fault);
  EXPECT_EQ(told.fault->kind, Fault::Kind::overloaded);
  EXPECT_EQ(told.fault->status, 529);
  EXPECT_EQ(told.fault->message, "Overloaded");
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<event::Failed>(told.events[0]));
}

TEST(AnthropicStream, NothingFollowsAnError) {
  const Told told =
      feed(anthropic_adapter(), named_events({start(), block(0, kText), text(0, "Hel"),
                                              R"({"type":"error","error":{"type":"api_error","message":"no"}})",
                                              text(0, "lo"), stop(0), finish("end_turn"), kStop}));
  EXPECT_EQ(told.fault->kind, Fault::Kind::server);
  EXPECT_FALSE(told.has_ended);
  EXPECT_FALSE(told.is_finished);
  EXPECT_TRUE(std::holds_alternative<event::Failed>(told.events.back()));
}

TEST(AnthropicStream, ARepeatedStartIsIgnoredAndAnotherMessageFails) {
  const Told repeated = feed(anthropic_adapter(), named_events({start(), start(), block(0, kText), text(0, "x"),
                                                                start(), stop(0), finish("end_turn"), kStop}));
  EXPECT_TRUE(repeated.has_ended);
  EXPECT_EQ(std::count_if(repeated.events.begin(), repeated.events.end(),
                          [](const ChatEvent& event) { return std::holds_alternative<event::Started>(event); }),
            1);
  const Told spliced =
      feed(anthropic_adapter(),
           named_events({start(), block(0, kText), text(0, "x"), start("msg_2"), stop(0), finish("end_turn"), kStop}));
  ASSERT_TRUE(spliced.fault);
  EXPECT_EQ(spliced.fault->kind, Fault::Kind::broken);
  EXPECT_FALSE(spliced.has_ended);
}

TEST(AnthropicStream, ACutStreamHasNoEnd) {
  const std::vector<std::string> whole = {start(), block(0, kText),    text(0, "Hello"),
                                          stop(0), finish("end_turn"), kStop};
  for (std::size_t kept = 0; kept < whole.size(); ++kept) {
    const Told told =
        feed(anthropic_adapter(), named_events({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept)}));
    EXPECT_FALSE(told.has_ended) << kept;
    EXPECT_FALSE(told.fault) << kept;
  }
  // Parts that were begun are ended all the same.
  const Told told = feed(anthropic_adapter(), named_events({start(), block(0, kText), text(0, "Hello")}));
  EXPECT_TRUE(std::holds_alternative<event::PartEnded>(told.events.back()));
}

TEST(AnthropicStream, BrokenEventsAreSkippedAndCounted) {
  const std::string stream =
      named_events({start(), block(0, kText), text(0, "Hel")}) +
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"ind\n\n" + "data: not json\n\n" +
      named_events({delta(7, R"({"type":"text_delta","text":"nowhere"})"), stop(9), R"({"type":"of_next_year","x":1})",
                    block(0, kText), text(0, "lo"), stop(0), finish("end_turn"), kStop, text(0, "after the end")});
  const Told told = feed(anthropic_adapter(), stream);
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 5U);
  EXPECT_EQ(std::get<Text>(told.answer.choices.at(0).parts.at(0)).text, "Hello");
}

TEST(AnthropicStream, EventsWithoutNamesAndWithoutDataAreUnderstood) {
  std::string stream;
  for (const std::string& data : {start(), block(0, kText), text(0, "x"), stop(0), finish("end_turn"), kStop})
    stream += "data:" + data + "\r\n\r\nevent: ping\r\n\r\n";
  const Told told = feed(anthropic_adapter(), stream);
  EXPECT_TRUE(told.has_ended);
  EXPECT_EQ(told.skipped, 0U);
}

TEST(AnthropicStream, AToolsInputMayComeWithItsStart) {
  const Told told = feed(anthropic_adapter(),
                         named_events({start(), block(0, R"({"type":"tool_use","id":"a","name":"f","input":{"x":1}})"),
                                       stop(0), finish("tool_use"), kStop}));
  EXPECT_EQ(std::get<ToolCall>(told.answer.choices.at(0).parts.at(0)).arguments, R"({"x":1})");
}

TEST(AnthropicStream, BlocksLeftOpenEndWithTheMessage) {
  const Told told = feed(anthropic_adapter(), named_events({start(), block(0, kText), text(0, "x"), kStop}));
  EXPECT_TRUE(told.has_ended);
  EXPECT_TRUE(told.is_finished);
}

TEST(AnthropicAnswer, FailsAsWhatItIs) {
  const auto kind = [](std::string_view body, std::string type = "application/json") {
    const HttpHead head{.status = 200, .headers = {{"content-type", std::move(type)}}};
    const auto answer = anthropic_adapter().read_answer(head, body, {});
    return answer ? std::string("taken") : std::string(to_string(answer.error().kind));
  };
  EXPECT_EQ(kind(""), "provider_answer_broken");
  EXPECT_EQ(kind("{"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"id":"msg_1"})"), "provider_answer_broken");
  EXPECT_EQ(kind("<html><title>Welcome</title></html>", "text/html"), "provider_answer_broken");
  EXPECT_EQ(kind(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"),
            "provider_overloaded");
  EXPECT_EQ(kind(R"({"content":[]})"), "taken");
}

struct FaultCase {
  int status;
  std::string_view body, kind;
};

TEST(AnthropicFault, IsSortedForRouting) {
  const FaultCase kCases[] = {
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"messages: roles must alternate"},"request_id":"req_1"})",
       "request_refused"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})",
       "context_length_exceeded"},
      {500,
       R"({"type":"error","error":{"type":"api_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})",
       "context_length_exceeded"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 1 + 2 > 3"}})",
       "context_length_exceeded"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}})",
       "provider_billing"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits."}})",
       "provider_billing"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}})",
       "content_refused"},
      {401, R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})",
       "provider_key_refused"},
      {402, R"({"type":"error","error":{"type":"billing_error","message":"pay"}})", "provider_billing"},
      {403, R"({"type":"error","error":{"type":"permission_error","message":"no"}})", "provider_permission"},
      {404, R"({"type":"error","error":{"type":"not_found_error","message":"model: claude-y"}})", "model_not_found"},
      {409, R"({"type":"error","error":{"type":"conflict_error","message":"x"}})", "provider_error"},
      {413, R"({"type":"error","error":{"type":"request_too_large","message":"x"}})", "context_length_exceeded"},
      {429,
       R"({"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your rate limit"}})",
       "provider_rate_limit"},
      {429, R"({"type":"error","error":{"type":"rate_limit_error","message":"monthly spend cap reached"}})",
       "provider_billing"},
      {500, R"({"type":"error","error":{"type":"api_error","message":"x"}})", "provider_error"},
      {504, R"({"type":"error","error":{"type":"timeout_error","message":"x"}})", "provider_timeout"},
      {529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", "provider_overloaded"},
      {400, R"({"error":{"message":"of a proxy"}})", "request_refused"},
      {502, "<html><head><title>502 Bad Gateway</title></head></html>", "provider_error"},
      {524, "<!DOCTYPE html><title>A timeout occurred</title>", "provider_timeout"},
      {503, "no healthy upstream", "provider_overloaded"},
      {500, "", "provider_error"},
  };
  for (const FaultCase& one : kCases) {
    const std::string type = one.body.starts_with('{') ? "application/json" : "text/html";
    const Fault fault =
        anthropic_adapter().read_fault({.status = one.status, .headers = {{"content-type", type}}}, one.body);
    EXPECT_EQ(to_string(fault.kind), one.kind) << one.status << one.body;
    EXPECT_EQ(fault.status, one.status);
    EXPECT_FALSE(fault.message.empty());
  }
}

TEST(AnthropicFault, KeepsTheProvidersWordsAndWait) {
  const std::string body =
      R"({"type":"error","error":{"type":"rate_limit_error","message":"monthly )" + std::string(5000, 'x') + "\"}}";
  const Fault fault = anthropic_adapter().read_fault({.status = 429, .headers = {{"retry-after", "7"}}}, body);
  EXPECT_EQ(fault.kind, Fault::Kind::rate_limit);
  EXPECT_EQ(fault.retry_after_ms, 7000);
  EXPECT_EQ(fault.type, "rate_limit_error");
  EXPECT_EQ(fault.message.size(), 2000U);
  EXPECT_FALSE(fault.is_model_independent);
  EXPECT_EQ(anthropic_adapter()
                .read_fault({.status = 502, .headers = {{"content-type", "text/html"}}},
                            "<html><title>502 Bad\xff</title></html>")
                .message,
            "502 Bad?");
  EXPECT_TRUE(
      anthropic_adapter()
          .read_fault({.status = 401, .headers = {}}, R"({"error":{"type":"authentication_error","message":"x"}})")
          .is_model_independent);
}

}  // namespace
}  // namespace atelier::model

#include <gmock/gmock.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/feeding.hpp"

// Signatures through whole tool loops: what a provider sealed comes back to it byte for byte, whatever lies between.
namespace atelier::model {
namespace {

using testing::data_events;
using testing::feed;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kThought = "EqQBCkYIARgCKkBm+/9x==";
const std::string kRedacted = "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIw==";
const std::string kGemini = "CikB/+abc==";
const std::string kEnd = "EuYC/+end=";

Message answered_by(const ChatAnswer& answer) {
  return Message{.role = Role::assistant, .parts = answer.choices.at(0).parts};
}

Message asks(std::string text) {
  Message message{.role = Role::user, .parts = {}};
  message.parts.emplace_back(Text{.text = std::move(text)});
  return message;
}

// A result for every call of the answer, each in a message of its own.
void append_results(std::vector<Message>& messages) {
  const std::vector<Part> parts = messages.back().parts;
  for (const Part& part : parts) {
    const auto* call = std::get_if<ToolCall>(&part);
    if (!call) continue;
    Message& result = messages.emplace_back(Message{.role = Role::tool, .parts = {}});
    result.parts.emplace_back(ToolResult{.call_id = call->id, .parts = {Text{.text = "42"}}});
  }
}

std::string gemini_stream() {
  return data_events(
      {R"({"candidates":[{"content":{"parts":[{"text":"Thinking aloud","thought":true}]}}],"responseId":"r1","modelVersion":"gemini-3"})",
       R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":")" +
           kGemini + R"("},{"functionCall":{"name":"f","args":{"a":2}}}]}}],"responseId":"r1"})",
       R"({"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":")" + kEnd +
           R"("}]},"finishReason":"STOP"}],"responseId":"r1"})"});
}

const std::string kGeminiTurn =
    R"({"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":")" + kGemini +
    R"("},{"functionCall":{"name":"f","args":{"a":2}}},{"text":"","thoughtSignature":")" + kEnd + R"("}]})";

std::string gemini_body(const ChatRequest& request) {
  const auto wire = gemini_adapter().request(request, {.base_url = "http://g/v1beta", .model = "gemini-3-pro"});
  EXPECT_TRUE(wire) << wire.error().describe();
  return wire ? wire->body : "";
}

TEST(ToolLoop, AnthropicGetsItsThoughtsBack) {
  const std::string body =
      R"({"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"thinking","thinking":"","signature":")" +
      kThought + R"("},{"type":"redacted_thinking","data":")" + kRedacted +
      R"("},{"type":"thinking","thinking":"More \"thought\"\n","signature":"x"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}})";
  const auto answer = anthropic_adapter().read_answer({}, body, {});
  ASSERT_TRUE(answer);
  std::vector<Message> messages = {asks("go"), answered_by(*answer)};
  append_results(messages);
  const auto wire = anthropic_adapter().request({.protocol = Protocol::openai_chat, .model = "m", .messages = messages},
                                                {.base_url = "http://a/v1", .model = "c"});
  ASSERT_TRUE(wire);
  EXPECT_THAT(
      wire->body,
      HasSubstr(
          R"({"role":"assistant","content":[{"type":"thinking","thinking":"","signature":")" + kThought +
          R"("},{"type":"redacted_thinking","data":")" + kRedacted +
          R"("},{"type":"thinking","thinking":"More \"thought\"\n","signature":"x"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}]})"));
}

TEST(ToolLoop, GeminiGetsItsSignaturesBack) {
  const ChatAnswer answer = feed(gemini_adapter(), gemini_stream()).answer;
  std::vector<Message> messages = {asks("go"), answered_by(answer)};
  append_results(messages);
  const std::string body = gemini_body({.protocol = Protocol::openai_chat, .model = "m", .messages = messages});
  EXPECT_THAT(body, HasSubstr(kGeminiTurn));
  EXPECT_THAT(body, Not(HasSubstr("skip_thought")));
  EXPECT_THAT(
      body,
      HasSubstr(
          R"({"functionResponse":{"name":"f","response":{"output":"42"}}},{"functionResponse":{"name":"f","response":{"output":"42"}}})"));
}

TEST(ToolLoop, GeminiGetsItsSignaturesBackThroughAProgramThatSpeaksAnthropic) {
  // The answer as the program gets it, streamed and whole; the program is played by the adapter of the protocol it
  // speaks.
  const auto reader = gemini_adapter().make_reader({});
  const auto writer = anthropic_face().make_writer({}, {.id = "1", .model = "m"});
  std::string stream;
  AnswerBuilder builder;
  const auto relay = [&](const std::vector<ChatEvent>& events) {
    for (const ChatEvent& event : events) {
      builder.take(event);
      stream += writer->write(event);
    }
  };
  relay(reader->feed(gemini_stream()));
  relay(reader->end());
  const auto whole = anthropic_adapter().read_answer(
      {}, anthropic_face().write_answer(builder.answer(), {}, {.id = "1", .model = "m"}), {});
  ASSERT_TRUE(whole);
  for (const ChatAnswer& received : {feed(anthropic_adapter(), stream).answer, *whole}) {
    std::vector<Message> messages = {asks("go"), answered_by(received)};
    append_results(messages);
    const auto sent = anthropic_adapter().request({.protocol = Protocol::anthropic, .model = "m", .messages = messages},
                                                  {.base_url = "http://us/v1", .model = "m"});
    ASSERT_TRUE(sent);
    const auto request = anthropic_face().read_request(json::parse(sent->body).value());
    ASSERT_TRUE(request) << request.error().describe();
    EXPECT_THAT(gemini_body(*request), HasSubstr(kGeminiTurn));
    // Anthropic itself never sees them.
    const auto relayed = anthropic_adapter().relay(sent->body, *request, {.base_url = "http://a/v1", .model = "c"});
    ASSERT_TRUE(relayed);
    EXPECT_THAT(relayed->body, Not(HasSubstr("thinking")));
    EXPECT_THAT(relayed->body, HasSubstr("tool_use"));
  }
}

TEST(ToolLoop, SignedTextAndResponsesItemsPassThroughAnthropicsProgramsToo) {
  ChatAnswer answer{.id = "a", .model = "m", .choices = {Choice{.parts = {}}}};
  auto& parts = answer.choices[0].parts;
  parts.emplace_back(
      Reasoning{.text = "Summary", .signature = "gAAA:b+/=", .id = "rs_1", .origin = Protocol::openai_responses});
  parts.emplace_back(Text{.text = "said", .signature = kEnd});
  const auto received = anthropic_adapter().read_answer({}, anthropic_face().write_answer(answer, {}, {}), {});
  ASSERT_TRUE(received);
  const auto sent = anthropic_adapter().request(
      {.protocol = Protocol::anthropic, .model = "m", .messages = {asks("go"), answered_by(*received), asks("on")}},
      {.base_url = "http://us/v1", .model = "m"});
  const auto request = anthropic_face().read_request(json::parse(sent->body).value());
  ASSERT_TRUE(request);
  const auto& back = request->messages.at(1).parts;
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(std::get<Reasoning>(back[0]).signature, "gAAA:b+/=");
  EXPECT_EQ(std::get<Reasoning>(back[0]).id, "rs_1");
  EXPECT_EQ(std::get<Reasoning>(back[0]).origin, Protocol::openai_responses);
  EXPECT_EQ(std::get<Reasoning>(back[0]).text, "Summary");
  EXPECT_EQ(std::get<Text>(back[1]).signature, kEnd);
  EXPECT_THAT(gemini_body(*request), HasSubstr(R"({"text":"said","thoughtSignature":")" + kEnd + "\"}"));
}

}  // namespace
}  // namespace atelier::model

#include "model/call/said_call.hpp"

#include <gmock/gmock.h>

#include "model/provider/adapter.hpp"

namespace atelier::model {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kStream =
    "{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},"
    "\"done\":false}\n"
    "{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":\"assistant\",\"content\":\"{\\\"city\\\":\"},"
    "\"done\":false}\n"
    "{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":\"assistant\",\"content\":\"\\\"Oslo\\\"}\"},\"done\":"
    "false}\n"
    "{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_"
    "reason\":\"stop\",\"eval_count\":3}\n";

void expect_call(const ChatAnswer& answer) {
  ASSERT_EQ(answer.choices.size(), 1U);
  const Choice& choice = answer.choices[0];
  EXPECT_EQ(choice.stop, StopReason::tool_calls);
  ASSERT_EQ(choice.parts.size(), 2U);
  EXPECT_EQ(std::get<Reasoning>(choice.parts[0]).text, "hm");
  const auto& call = std::get<ToolCall>(choice.parts[1]);
  EXPECT_EQ(call.id, "call_req1");
  EXPECT_EQ(call.name, "weather");
  EXPECT_EQ(call.arguments, R"({"city":"Oslo"})");
}

TEST(SaidCall, TurnsAStreamOfWordsIntoACall) {
  const SaidCall said("weather", "req1");
  const auto reader = ollama_adapter().make_reader({});
  AnswerBuilder builder;
  for (ChatEvent& event : reader->feed(kStream)) {
    said.shape(event);
    builder.take(event);
  }
  expect_call(builder.answer());
}

TEST(SaidCall, TurnsAWholeAnswerIntoACall) {
  constexpr std::string_view kWhole =
      R"({"model":"m","created_at":"t","message":{"role":"assistant","content":"{\"city\":\"Oslo\"}","thinking":"hm"},"done":true,"done_reason":"stop"})";
  auto answer = ollama_adapter().read_answer({}, kWhole, {});
  ASSERT_TRUE(answer);
  SaidCall("weather", "req1").shape(*answer);
  expect_call(*answer);
}

TEST(SaidCall, LeavesAnAnswerThatWasCutShortCutShort) {
  ChatAnswer answer;
  answer.choices.push_back({.parts = {Text{.text = R"({"ci)"}}, .stop = StopReason::length});
  SaidCall("weather", "req1").shape(answer);
  EXPECT_EQ(answer.choices[0].stop, StopReason::length);
  EXPECT_EQ(std::get<ToolCall>(answer.choices[0].parts[0]).arguments, R"({"ci)");
}

ChatRequest wish(ToolChoice choice) {
  ChatRequest request{.model = "m", .messages = {{.role = Role::user, .parts = {Text{.text = "hi"}}}}};
  request.tools = {Tool{.name = "weather",
                        .description = "Tells the weather",
                        .parameters = json::Object{{"type", "object"}, {"x", 1}}},
                   Tool{.name = "time"}};
  request.tool_choice = std::move(choice);
  return request;
}

TEST(SaidCall, IsAskedOfOllamaForTheOneToolThatMustBeCalled) {
  const ChatAdapter& ollama = ollama_adapter();
  const Target target{.base_url = "http://127.0.0.1:1", .model = "m"};
  const ChatRequest named = wish({.mode = ToolChoice::Mode::named, .name = "weather"});
  EXPECT_EQ(ollama.said_as_call_of(named), "weather");
  const std::string body = ollama.request(named, target)->body;
  EXPECT_THAT(body, HasSubstr(R"("format":{"type":"object","x":1})"));
  EXPECT_THAT(body, HasSubstr("Tells the weather"));
  EXPECT_THAT(body, Not(HasSubstr(R"("tools")")));

  EXPECT_EQ(ollama.said_as_call_of(wish({.mode = ToolChoice::Mode::required, .allowed = {"time"}})), "time");
  EXPECT_EQ(ollama.said_as_call_of(wish({.mode = ToolChoice::Mode::required})), "") << "which of the two nobody knows";
  EXPECT_EQ(ollama.said_as_call_of(wish({})), "");
  EXPECT_EQ(anthropic_adapter().said_as_call_of(named), "") << "has a word for it";
}

}  // namespace
}  // namespace atelier::model

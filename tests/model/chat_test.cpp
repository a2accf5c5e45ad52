#include "model/chat.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

ChatAnswer sample() {
  ChatAnswer answer{.id = "a1", .model = "m", .created_s = 7, .choices = {}};
  Choice choice{.index = 0, .parts = {}};
  choice.parts.emplace_back(Reasoning{.text = "Hm", .signature = "s", .origin = Protocol::anthropic});
  choice.parts.emplace_back(Text{.text = "Hello"});
  choice.parts.emplace_back(ToolCall{.id = "c1", .name = "f", .arguments = "{\"a\":1}"});
  choice.stop = StopReason::tool_calls;
  answer.choices.push_back(choice);
  answer.usage = Usage{.input = 5, .output = 3};
  return answer;
}

TEST(AnswerBuilder, PutsTogetherWhatEventsOfTookApart) {
  AnswerBuilder builder;
  for (const ChatEvent& event : events_of(sample())) builder.take(event);
  EXPECT_TRUE(builder.has_ended());
  EXPECT_TRUE(builder.is_finished());
  const ChatAnswer& answer = builder.answer();
  ASSERT_EQ(answer.choices.size(), 1U);
  ASSERT_EQ(answer.choices[0].parts.size(), 3U);
  EXPECT_EQ(std::get<Reasoning>(answer.choices[0].parts[0]).text, "Hm");
  EXPECT_EQ(std::get<Reasoning>(answer.choices[0].parts[0]).signature, "s");
  EXPECT_EQ(std::get<Text>(answer.choices[0].parts[1]).text, "Hello");
  EXPECT_EQ(std::get<ToolCall>(answer.choices[0].parts[2]).arguments, "{\"a\":1}");
  EXPECT_EQ(answer.choices[0].stop, StopReason::tool_calls);
  EXPECT_EQ(answer.usage, (Usage{.input = 5, .output = 3}));
}

TEST(AnswerBuilder, KeepsInterleavedToolCallsApart) {
  AnswerBuilder builder;
  for (const std::int64_t part : {0, 1})
    builder.take(event::PartStarted{.part = part,
                                    .kind = event::PartKind::tool_call,
                                    .whole = ToolCall{.id = "c" + std::to_string(part), .name = "f", .arguments = ""}});
  for (const auto& [part, text] : {std::pair{0, "{\"a\""}, {1, "{\"b\""}, {0, ":1}"}, {1, ":2}"}})
    builder.take(event::Delta{.part = part, .text = text});
  const auto& parts = builder.answer().choices[0].parts;
  EXPECT_EQ(std::get<ToolCall>(parts[0]).arguments, "{\"a\":1}");
  EXPECT_EQ(std::get<ToolCall>(parts[1]).arguments, "{\"b\":2}");
  EXPECT_FALSE(builder.is_finished());
}

TEST(AnswerBuilder, AnAmendedPartKeepsWhatItSaid) {
  AnswerBuilder builder;
  builder.take(event::PartStarted{.kind = event::PartKind::reasoning});
  builder.take(event::Delta{.text = "Let me think"});
  builder.take(event::PartAmended{.whole = Reasoning{.signature = "sealed", .origin = Protocol::anthropic}});
  const auto& reasoning = std::get<Reasoning>(builder.answer().choices[0].parts[0]);
  EXPECT_EQ(reasoning.text, "Let me think");
  EXPECT_EQ(reasoning.signature, "sealed");
}

TEST(AnswerBuilder, IgnoresDeltasOfPartsThatNeverBegan) {
  AnswerBuilder builder;
  builder.take(event::Delta{.choice = 3, .part = 9, .text = "lost"});
  EXPECT_TRUE(builder.answer().choices[0].parts.empty());
}

}  // namespace
}  // namespace atelier::model

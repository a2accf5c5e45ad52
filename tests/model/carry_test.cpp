#include "model/call/carry.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

ChatAnswer text_answer(std::string text, std::string thought = {}) {
  ChatAnswer answer{.id = "first", .model = "m", .choices = {}};
  Choice choice{.index = 0, .parts = {}};
  if (!thought.empty()) choice.parts.emplace_back(Reasoning{.text = std::move(thought)});
  if (!text.empty()) choice.parts.emplace_back(Text{.text = std::move(text)});
  answer.choices.push_back(std::move(choice));
  return answer;
}

// The new answer's events, its deltas cut into pieces of three bytes, its parts numbered from 10.
std::vector<ChatEvent> streamed(const ChatAnswer& answer) {
  std::vector<ChatEvent> events;
  for (ChatEvent& event : events_of(answer)) {
    if (auto* part = std::get_if<event::PartStarted>(&event)) part->part += 10;
    if (auto* ended = std::get_if<event::PartEnded>(&event)) ended->part += 10;
    if (auto* delta = std::get_if<event::Delta>(&event)) {
      for (std::size_t at = 0; at < delta->text.size(); at += 3)
        events.emplace_back(
            event::Delta{.choice = delta->choice, .part = delta->part + 10, .text = delta->text.substr(at, 3)});
      continue;
    }
    events.push_back(std::move(event));
  }
  return events;
}

// What the caller reads in all: what was said, and what the new answer adds. nullopt: it differs.
std::optional<AnswerBuilder> go_on(const ChatAnswer& said, const ChatAnswer& anew) {
  Carry carry(said);
  AnswerBuilder caller;
  for (const ChatEvent& event : carry.replayed()) caller.take(event);
  for (const ChatEvent& event : streamed(anew)) {
    auto fresh = carry.take(event);
    if (!fresh) return std::nullopt;
    for (const ChatEvent& one : *fresh) caller.take(one);
  }
  return caller;
}

std::string read_text(const AnswerBuilder& builder, std::size_t part = 0) {
  const Part& found = builder.answer().choices.at(0).parts.at(part);
  return std::holds_alternative<Text>(found) ? std::get<Text>(found).text : std::get<Reasoning>(found).text;
}

TEST(Carry, GoesOnWhereTheTextBrokeOff) {
  for (std::size_t cut = 1; cut <= 11; ++cut) {
    auto caller = go_on(text_answer(std::string("Hello world").substr(0, cut)), text_answer("Hello world, and more"));
    ASSERT_TRUE(caller) << cut;
    EXPECT_EQ(read_text(*caller), "Hello world, and more");
    EXPECT_TRUE(caller->has_ended());
    EXPECT_EQ(caller->answer().choices[0].parts.size(), 1U);
  }
}

TEST(Carry, GoesOnAfterReasoning) {
  auto caller = go_on(text_answer("The ans", "Let me think"), text_answer("The answer", "Let me think"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(read_text(*caller, 0), "Let me think");
  EXPECT_EQ(read_text(*caller, 1), "The answer");
}

TEST(Carry, BreaksOffInReasoning) {
  auto caller = go_on(text_answer("", "Let me"), text_answer("The answer", "Let me think"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(read_text(*caller, 0), "Let me think");
  EXPECT_EQ(read_text(*caller, 1), "The answer");
}

TEST(Carry, AnAnswerThatDiffersIsToldSo) {
  EXPECT_FALSE(go_on(text_answer("Hello world"), text_answer("Hello there")));
  EXPECT_FALSE(go_on(text_answer("Hello world"), text_answer("Hello")));
  EXPECT_FALSE(go_on(text_answer("Hello", "Let me think"), text_answer("Hello")));
}

TEST(Carry, NothingSaidMeansTheNewAnswerIsAllThereIs) {
  ChatAnswer only_started{.id = "first", .model = "m", .choices = {}};
  auto caller = go_on(only_started, text_answer("Hello"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->answer().id, "first");
  EXPECT_EQ(read_text(*caller), "Hello");
}

TEST(Carry, ToolCallsAreNotCarriedOn) {
  ChatAnswer said = text_answer("x");
  said.choices[0].parts.emplace_back(ToolCall{.id = "c", .name = "f", .arguments = "{"});
  EXPECT_FALSE(Carry::is_possible(said));
}

}  // namespace
}  // namespace atelier::model

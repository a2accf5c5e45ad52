#include "model/face/custom_calls.hpp"

#include <gtest/gtest.h>

#include "model/face/face.hpp"
#include "model/provider/adapter.hpp"
#include "tests/model/chat_json.hpp"
#include "tests/model/feeding.hpp"

namespace atelier::model {
namespace {

using testing::describe;

ChatRequest declared() {
  ChatRequest request{.protocol = Protocol::openai_responses, .model = "m", .messages = {}};
  request.tools = {Tool{.name = "sql", .is_custom = true}, Tool{.name = "f"}};
  return request;
}

// What a program of either protocol hears.
std::string heard(const ChatRequest& request, const std::vector<ChatEvent>& events, Protocol protocol) {
  const ChatFace& face = protocol == Protocol::openai_chat ? openai_chat_face() : openai_responses_face();
  const auto writer = face.make_writer(request, {.id = "x", .model = "m"});
  std::string stream;
  for (const ChatEvent& event : events) stream += writer->write(event);
  auto told = testing::feed_whole(adapter_for(protocol), stream);
  EXPECT_TRUE(told.has_ended) << stream;
  EXPECT_EQ(told.skipped, 0U) << stream;
  for (Part& part : told.answer.choices.at(0).parts)
    if (auto* call = std::get_if<ToolCall>(&part)) call->item_id.clear();
  return describe(told.answer.choices.at(0).parts);
}

event::PartStarted call(std::int64_t part, std::string id, std::string name) {
  return {.part = part,
          .kind = event::PartKind::tool_call,
          .whole = ToolCall{.id = std::move(id), .name = std::move(name), .arguments = {}}};
}

class CustomCalls : public ::testing::TestWithParam<Protocol> {};

TEST_P(CustomCalls, AreToldAsTheCallerDeclaredThem) {
  const std::vector<Part> expected = {
      ToolCall{.id = "a", .name = "sql", .arguments = "select \"x\"\n", .is_custom = true},
      ToolCall{.id = "b", .name = "f", .arguments = R"({"input":"x"})"}};
  const std::vector<ChatEvent> events = {event::Started(),
                                         call(0, "a", "sql"),
                                         event::Delta{.part = 0, .text = R"({"input":"sel)"},
                                         call(1, "b", "f"),
                                         event::Delta{.part = 1, .text = R"({"input":"x"})"},
                                         event::Delta{.part = 0, .text = R"(ect \"x\"\n"})"},
                                         event::PartEnded{.part = 1},
                                         event::PartEnded{.part = 0},
                                         event::Finished{.stop = StopReason::tool_calls},
                                         event::Ended()};
  EXPECT_EQ(heard(declared(), events, GetParam()), describe(expected));
  AnswerBuilder builder;
  for (const ChatEvent& event : events) builder.take(event);
  EXPECT_EQ(describe(with_custom_calls(builder.answer(), declared()).choices.at(0).parts), describe(expected));
}

TEST_P(CustomCalls, NamesMayComeLateAndPartsStayOpen) {
  const std::vector<ChatEvent> events = {
      event::Started(),
      call(0, "", ""),
      event::Delta{.part = 0, .text = R"({"input":)"},
      call(1, "", ""),
      event::Delta{.part = 1, .text = "{\"a\":"},
      event::PartAmended{.part = 1, .whole = ToolCall{.id = "b", .name = "f", .arguments = {}}},
      event::Delta{.part = 1, .text = "1}"},
      event::PartAmended{.part = 0, .whole = ToolCall{.id = "a", .name = "sql", .arguments = {}}},
      event::Delta{.part = 0, .text = R"("x"})"},
      event::Finished{.stop = StopReason::length},
      event::Ended()};
  // The one that could be begun first is told first.
  const std::vector<Part> expected = {ToolCall{.id = "b", .name = "f", .arguments = R"({"a":1})"},
                                      ToolCall{.id = "a", .name = "sql", .arguments = "x", .is_custom = true}};
  EXPECT_EQ(heard(declared(), events, GetParam()), describe(expected));
}

TEST_P(CustomCalls, WhatIsNoSuchObjectIsTheText) {
  for (const std::string arguments : {"select 1", "{\"input\":7}", "{\"other\":\"x\"}", "{\"input\":\"cut"}) {
    const std::vector<ChatEvent> events = {call(0, "a", "sql"), event::Delta{.part = 0, .text = arguments},
                                           event::PartEnded{.part = 0}, event::Finished{}, event::Ended()};
    EXPECT_EQ(
        heard(declared(), events, GetParam()),
        describe(std::vector<Part>{ToolCall{.id = "a", .name = "sql", .arguments = arguments, .is_custom = true}}));
  }
}

TEST_P(CustomCalls, WithoutSuchToolsNothingIsHeldBack) {
  ChatRequest request = declared();
  request.tools.erase(request.tools.begin());
  const std::vector<ChatEvent> events = {call(0, "a", "sql"), event::Delta{.part = 0, .text = R"({"input":"x"})"},
                                         event::PartEnded{.part = 0}, event::Finished{}, event::Ended()};
  EXPECT_EQ(heard(request, events, GetParam()),
            describe(std::vector<Part>{ToolCall{.id = "a", .name = "sql", .arguments = R"({"input":"x"})"}}));
}

INSTANTIATE_TEST_SUITE_P(Both, CustomCalls, ::testing::Values(Protocol::openai_chat, Protocol::openai_responses),
                         [](const auto& one) { return std::string(to_string(one.param)); });

}  // namespace
}  // namespace atelier::model

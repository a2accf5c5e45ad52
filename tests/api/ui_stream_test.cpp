// An answer as the AI SDK's chunks, without a server: their order, and what a client would make of them.
#include "api/ui_stream.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace atelier::api {
namespace {

using studio::PartDelta;
using studio::ThreadMessage;
namespace part = studio::part;
using testing::ElementsAre;

PartDelta text(std::size_t at, std::string more) { return {.at = at, .piece = part::Text{std::move(more)}}; }
PartDelta thought(std::size_t at, std::string more) {
  return {.at = at, .piece = part::Reasoning{.text = std::move(more)}};
}
PartDelta call(std::size_t at, std::string id, std::string arguments) {
  return {.at = at, .piece = part::ToolCall{.id = std::move(id), .name = "f", .arguments = std::move(arguments)}};
}

// Each chunk as "type" or "type:id", with what it brings behind a space.
std::vector<std::string> lines(const std::string& bytes) {
  std::vector<std::string> list;
  for (std::size_t at = bytes.find("data: "); at != std::string::npos; at = bytes.find("data: ", at + 1)) {
    const std::string data = bytes.substr(at + 6, bytes.find('\n', at) - at - 6);
    if (data == "[DONE]") {
      list.push_back(data);
      continue;
    }
    const json::Value chunk = *json::parse(data);
    std::string line(chunk.at("type").as_string());
    for (const char* name : {"id", "toolCallId", "delta", "inputTextDelta", "input", "errorText", "finishReason"})
      if (const json::Value* value = chunk.as_object().if_contains(name))
        line += fmt::format(" {}", value->is_string() ? std::string(value->get_string()) : json::write(*value));
    list.push_back(std::move(line));
  }
  return list;
}

ThreadMessage ended(std::vector<studio::MessagePart> parts, studio::MessageState state, std::string finish = {}) {
  ThreadMessage message;
  message.role = studio::MessageRole::assistant;
  message.state = state;
  message.parts = std::move(parts);
  message.report.finish = std::move(finish);
  return message;
}

TEST(UiStream, APartEndsWhereTheNextBegins) {
  UiStream stream("m2", false);
  EXPECT_THAT(lines(stream.begin()), ElementsAre("start", "start-step"));
  EXPECT_THAT(lines(stream.add({thought(0, "a")})), ElementsAre("reasoning-start p0", "reasoning-delta p0 a"));
  EXPECT_THAT(lines(stream.add({thought(0, "b"), text(1, "c")})),
              ElementsAre("reasoning-delta p0 b", "reasoning-end p0", "text-start p1", "text-delta p1 c"));
  EXPECT_THAT(stream.seen(), ElementsAre(2U, 1U));
  // What nobody was told of yet comes before the end.
  EXPECT_THAT(lines(stream.end(
                  ended({part::Reasoning{.text = "ab"}, part::Text{"cd"}}, studio::MessageState::complete, "length"))),
              ElementsAre("text-delta p1 d", "text-end p1", "finish-step", "finish length", "[DONE]"));
}

TEST(UiStream, MoreOfAPartThatEndedIsAPartOfItsOwn) {
  UiStream stream("m2", false);
  stream.add({thought(0, "a"), text(1, "b")});
  EXPECT_THAT(lines(stream.add({thought(0, "c"), text(1, "d")})),
              ElementsAre("text-end p1", "reasoning-start p0.1", "reasoning-delta p0.1 c", "reasoning-end p0.1",
                          "text-start p1.1", "text-delta p1.1 d"));
}

TEST(UiStream, WhatStaysEmptyIsNotShown) {
  UiStream stream("m2", false);
  EXPECT_EQ(stream.add({thought(0, ""), text(1, "")}), "");
  EXPECT_THAT(stream.seen(), ElementsAre(0U, 0U));
  EXPECT_THAT(lines(stream.end(ended({part::Reasoning{}, part::Text{}}, studio::MessageState::complete, "stop"))),
              ElementsAre("finish-step", "finish stop", "[DONE]"));
}

TEST(UiStream, ToolCallsAreWholeAtTheEnd) {
  UiStream stream("m2", false);
  EXPECT_THAT(lines(stream.add({text(0, "x"), call(1, "c1", "{\"a\":"), call(2, "c2", "")})),
              ElementsAre("text-start p0", "text-delta p0 x", "text-end p0", "tool-input-start c1",
                          "tool-input-delta c1 {\"a\":", "tool-input-start c2"));
  // Side by side.
  EXPECT_THAT(lines(stream.add({call(1, "c1", "1}"), call(2, "c2", "{]")})),
              ElementsAre("tool-input-delta c1 1}", "tool-input-delta c2 {]"));
  const auto whole = [](std::string id, std::string arguments) {
    return part::ToolCall{.id = std::move(id), .name = "f", .arguments = std::move(arguments)};
  };
  EXPECT_THAT(
      lines(stream.end(ended({part::Text{"x"}, whole("c1", "{\"a\":1}"), whole("c2", "{]")},
                             studio::MessageState::complete, "tool_calls"))),
      ElementsAre("tool-input-available c1 {\"a\":1}", "tool-input-error c2 {] the model's arguments are no JSON",
                  "finish-step", "finish tool-calls", "[DONE]"));
}

TEST(UiStream, EveryEndHasItsChunk) {
  const auto last = [](ThreadMessage message) {
    UiStream stream("m2", false);
    stream.add({text(0, "x")});
    std::vector<std::string> all = lines(stream.end(message));
    EXPECT_EQ(all[0], "text-end p0");
    EXPECT_EQ(all[1], "finish-step");
    EXPECT_EQ(all.back(), "[DONE]");
    return all[2];
  };
  using studio::MessageState;
  EXPECT_EQ(last(ended({part::Text{"x"}}, MessageState::complete, "content_filter")), "finish content-filter");
  EXPECT_EQ(last(ended({part::Text{"x"}}, MessageState::complete, "refusal")), "finish content-filter");
  EXPECT_EQ(last(ended({part::Text{"x"}}, MessageState::stopped)), "abort");
  EXPECT_EQ(last(ended({part::Text{"x"}, part::Failure{.code = "c", .message = "no key"}}, MessageState::failed)),
            "error no key");
  EXPECT_EQ(last(ended({part::Text{"x"}}, MessageState::interrupted)),
            "error the server stopped while the answer was made");
}

}  // namespace
}  // namespace atelier::api

#include "studio/chat/tool_turns.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "studio/chat/tool_rounds.hpp"

namespace atelier::studio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

model::Part text(std::string said) { return model::Text{.text = std::move(said)}; }
model::Part called(std::string id) { return model::ToolCall{.id = std::move(id), .name = "f", .arguments = "{}"}; }
model::Part gave(std::string id, std::string said) {
  model::ToolResult result{.call_id = std::move(id), .parts = {}};
  result.parts.emplace_back(model::Text{.text = std::move(said)});
  return result;
}

// "a: words, call 1" and "t: 1=found".
std::vector<std::string> shown(std::vector<model::Part> parts) {
  std::vector<std::string> turns;
  for (const model::Message& message : turns_of(model::Role::assistant, std::move(parts))) {
    std::string turn = message.role == model::Role::tool ? "t:" : "a:";
    for (const model::Part& one : message.parts) {
      if (const auto* said = std::get_if<model::Text>(&one)) turn += " " + said->text;
      if (const auto* call = std::get_if<model::ToolCall>(&one)) turn += " call " + call->id;
      if (const auto* result = std::get_if<model::ToolResult>(&one))
        turn += fmt::format(" {}{}={}", result->call_id, result->is_error ? " failed" : "",
                            std::get<model::Text>(result->parts.front()).text);
    }
    turns.push_back(std::move(turn));
  }
  return turns;
}

TEST(ToolTurns, EachRoundIsATurnAndItsResults) {
  EXPECT_THAT(shown({text("one"), called("1"), called("2"), gave("1", "x"), gave("2", "y"), text("two"), called("3"),
                     gave("3", "z"), text("three")}),
              ElementsAre("a: one call 1 call 2", "t: 1=x", "t: 2=y", "a: two call 3", "t: 3=z", "a: three"));
}

TEST(ToolTurns, NoCallIsEverWithoutAResult) {
  EXPECT_THAT(shown({called("1")}), ElementsAre("a: call 1", "t: 1 failed=This call was not run."));
  EXPECT_THAT(shown({called("1"), called("2"), gave("2", "y"), text("and so")}),
              ElementsAre("a: call 1 call 2", "t: 2=y", "t: 1 failed=This call was not run.", "a: and so"));
}

TEST(ToolTurns, NoResultIsWithoutACallAndNoneIsToldTwice) {
  EXPECT_THAT(shown({gave("1", "x"), text("said")}), ElementsAre("a: said"));
  EXPECT_THAT(shown({called("1"), gave("1", "x"), gave("1", "again"), text("said")}),
              ElementsAre("a: call 1", "t: 1=x", "a: said"));
  EXPECT_THAT(shown({}), IsEmpty());
}

TEST(ToolTurns, NamesAreWhatEveryProviderTakes) {
  EXPECT_EQ(plain_tool_name("search_threads"), "search_threads");
  EXPECT_EQ(plain_tool_name("python.exec!"), "python_exec_");
  EXPECT_EQ(plain_tool_name(""), "tool");
  EXPECT_EQ(plain_tool_name(std::string(300, 'a')).size(), 64U);
}

TEST(ToolRounds, AreCountedByTheirResults) {
  const auto call = [](std::string id) -> MessagePart {
    return part::ToolCall{.id = std::move(id), .name = "f", .arguments = "{}"};
  };
  const auto result = [](std::string id) -> MessagePart {
    return part::ToolResult{.id = std::move(id), .name = "f", .text = "x"};
  };
  const std::vector<MessagePart> parts{part::Text{"so"}, call("1"), call("2"), result("2"),
                                       result("1"),      call("3"), call("4"), result("4")};
  EXPECT_EQ(count_tools(parts).rounds, 2U);
  EXPECT_EQ(count_tools(parts).calls, 4U);
  EXPECT_THAT(open_calls(parts), ElementsAre(5U));
  EXPECT_EQ(call_number(parts, 5), 3U);
}

}  // namespace
}  // namespace atelier::studio

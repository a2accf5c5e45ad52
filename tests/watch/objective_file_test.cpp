// The file of objectives and budgets: what is built in is one, and whatever is wrong in another is told with its line.
#include <gmock/gmock.h>

#include "watch/objective/definition.hpp"

namespace atelier::watch {
namespace {

using testing::AllOf, testing::HasSubstr, testing::StartsWith;

// What is told of a file; the lines of the objective are 1 to 7.
std::string told(std::string objective) {
  const auto parsed = ObjectiveDefinitions::parse(objective, "objectives.toml");
  return parsed ? std::string() : parsed.error().describe();
}

std::string with(std::string_view line, std::string_view other) {
  std::string text = R"toml([[objective]]
name = "calls"
title = "Calls"
target = 99.9
required = 99
good = ['test_total{status="2xx"}']
bad = ['test_total{status="5xx"}']
)toml";
  const std::size_t at = text.find(line);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, line.size(), other);
}

TEST(ObjectiveFileTest, WhatIsBuiltInIsAFileToStartFrom) {
  const auto parsed = ObjectiveDefinitions::parse(default_objectives(), "objectives.toml");
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_GE(parsed->objectives.size(), 6U);
  EXPECT_GE(parsed->budgets.size(), 10U);
  for (const ObjectiveDefinition& one : parsed->objectives)
    EXPECT_GE(one.target, one.required) << one.name << ": ours is the tighter one";
  for (const BudgetDefinition& one : parsed->budgets) EXPECT_LE(one.limit, one.required) << one.name;
}

TEST(ObjectiveFileTest, AnEmptyFileIsNoObjectives) {
  const auto parsed = ObjectiveDefinitions::parse("", "objectives.toml");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->objectives.empty() && parsed->budgets.empty());
}

TEST(ObjectiveFileTest, WhatIsWrongIsToldWithItsLineAndField) {
  EXPECT_EQ(told(with("target = 99.9", "target = 99.9")), "");
  EXPECT_EQ(told(with("target = 99.9", "target = 100")),
            "objectives.toml:4: objective calls: target must be a share in percent, above 0 and below 100");
  EXPECT_THAT(told(with("target = 99.9", "target = 'most'")), StartsWith("objectives.toml:4: objective calls: target"));
  EXPECT_EQ(told(with("required = 99\n", "")), "objectives.toml:1: objective calls: required is missing");
  EXPECT_EQ(told(with("good", "events")), "objectives.toml:1: objective calls: under is missing");
  EXPECT_EQ(told(with("target = 99.9", "target = 99.9\ntragets = 9")),
            "objectives.toml:5: objective calls: tragets is no field of it; did you mean target?");
  EXPECT_THAT(told(with("{status=\"2xx\"}", "{status=2xx}")),
              AllOf(StartsWith("objectives.toml:6: objective calls: good"), HasSubstr("is no series")));
  EXPECT_THAT(told(with("['test_total{status=\"2xx\"}']", "'test_total'")), HasSubstr("good must be a list"));
  EXPECT_THAT(told(with("\"calls\"", "\"Calls!\"")), HasSubstr("name must be of a to z"));
  EXPECT_THAT(told(with("[[objective]]", "[objective]")), HasSubstr("must be written as [[objective]]"));
  EXPECT_THAT(told(with("[[objective]]", "[[objectives]]")),
              HasSubstr("\"objectives\" is neither [[objective]] nor [[budget]]"));
  EXPECT_THAT(told(with("title = \"Calls\"", "title = ")),
              AllOf(StartsWith("objectives.toml:3:"), HasSubstr("not TOML")));
  EXPECT_EQ(told(with("x", "x") + with("x", "x")),
            "objectives.toml:8: objective calls: name is another objective's too");
}

TEST(ObjectiveFileTest, ABudgetSaysWhatItIsOf) {
  const std::string budget = "[[budget]]\nname = \"a\"\ntitle = \"A\"\nunit = \"seconds\"\nstat = \"p97\"\n";
  EXPECT_EQ(told(budget), "objectives.toml:5: budget a: stat must be one of value, lowest, mean, p50, p75, p95, p99");
}

// A name that is misspelt is none of the file's own mistakes: the studio knows its metrics once it is there.
TEST(ObjectiveFileTest, AMetricThatThereIsNotIsNamed) {
  const auto parsed =
      ObjectiveDefinitions::parse(with("'test_total{status=\"5xx\"}'", "'test_totl'"), "objectives.toml");
  ASSERT_TRUE(parsed);
  constexpr std::string_view kKnown[] = {"other_seconds", "test_total"};
  const auto unknown = parsed->unknown_metrics(kKnown);
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_EQ(unknown[0].of, "calls");
  EXPECT_EQ(unknown[0].metric, "test_totl");
  EXPECT_EQ(unknown[0].meant, "test_total");
}

TEST(SelectorTest, StarsStandForAnyLetters) {
  const auto matches = [](std::string_view selector, std::string_view labels) {
    const auto parsed = Selector::parse(selector);
    EXPECT_TRUE(parsed) << selector;
    return parsed && parsed->matches(labels);
  };
  constexpr std::string_view kLabels = R"(method="GET",route="/v1/chat/completions",status="2xx")";
  EXPECT_TRUE(matches("a_total", kLabels));
  EXPECT_TRUE(matches(R"(a_total{route="/v1/*"})", kLabels));
  EXPECT_TRUE(matches(R"(a_total{route="*chat*s",status="2xx"})", kLabels));
  EXPECT_FALSE(matches(R"(a_total{route="/v1"})", kLabels));
  EXPECT_FALSE(matches(R"(a_total{route="/v1/*",status!="2*"})", kLabels));
  EXPECT_TRUE(matches(R"(a_total{status!="5xx"})", kLabels));
  EXPECT_FALSE(matches(R"(a_total{other="x*"})", kLabels));
  EXPECT_TRUE(matches(R"(a_total{route="a\"b"})", R"(route="a\"b")"));
  for (const std::string_view wrong : {"", "{}", "a{", "a{b}", "a{b=c}", "a{b=\"c\"", "a{b=\"c\"}d", "a{b~\"c\"}"})
    EXPECT_FALSE(Selector::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace atelier::watch

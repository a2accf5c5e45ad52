#include "model/provider/json_patch.hpp"

#include <gmock/gmock.h>

#include <random>

#include "base/json.hpp"

namespace atelier::model {
namespace {

std::string set(std::string_view object, std::string_view name, std::string_view value) {
  auto changed = set_member(object, name, value);
  return changed ? *changed : "error: " + changed.error().message;
}

std::string without(std::string_view object, std::string_view name) {
  auto changed = remove_member(object, name);
  return changed ? *changed : "error: " + changed.error().message;
}

TEST(JsonPatch, ReplacesOneValueAndNoOtherByte) {
  EXPECT_EQ(set(R"({"a":1.50, "model" : "gpt" ,"b":[1,{"model":"x"}]})", "model", R"("m")"),
            R"({"a":1.50, "model" : "m" ,"b":[1,{"model":"x"}]})");
  EXPECT_EQ(set("{\"model\":null}", "model", "7"), "{\"model\":7}");
  EXPECT_EQ(set("{\"n\":12,\"z\":true}", "n", "{}"), "{\"n\":{},\"z\":true}");
  EXPECT_EQ(set("{\"z\":true}", "z", "false"), "{\"z\":false}");
  EXPECT_EQ(set("{\"z\":[]\n}", "z", "1"), "{\"z\":1\n}");
}

TEST(JsonPatch, PutsAMissingMemberInFront) {
  EXPECT_EQ(set("{\"a\":1}", "b", "2"), "{\"b\":2,\"a\":1}");
  EXPECT_EQ(set(" { } ", "b", "2"), " {\"b\":2 } ");
}

TEST(JsonPatch, SetsSeveralMembersAtOnce) {
  const MemberChange changes[] = {{"x", "1"}, {"model", "\"m\""}, {"y", "2"}};
  auto changed = set_members(R"({"model":"a","k":0})", changes);
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, R"({"x":1,"y":2,"model":"m","k":0})");
  changed = set_members("{}", changes);
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, R"({"x":1,"model":"m","y":2})");
}

TEST(JsonPatch, IsNotFooledByQuotesBracesAndEscapesInStrings) {
  EXPECT_EQ(set(R"({"a":"\\\"}{,\"model\":\"no\"","model":"old\\"})", "model", "1"),
            R"({"a":"\\\"}{,\"model\":\"no\"","model":1})");
  EXPECT_EQ(set(R"({"mod\u0065l":"old"})", "model", "1"), R"({"mod\u0065l":1})");
  EXPECT_EQ(set(R"({"\\":{"model":[]}})", "model", "1"), R"({"model":1,"\\":{"model":[]}})");
}

TEST(JsonPatch, FindsTheTextOfAMember) {
  const std::string_view text = R"({"a":{"b":[1, 2]},"c":"x"})";
  auto found = find_member(text, "a");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(**found, R"({"b":[1, 2]})");
  found = find_member(text, "b");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(JsonPatch, TakesAMemberOutWithItsComma) {
  EXPECT_EQ(without(R"({"a":1, "b":2,"c":3})", "a"), R"({"b":2,"c":3})");
  EXPECT_EQ(without(R"({"a":1, "b":2,"c":3})", "b"), R"({"a":1, "c":3})");
  EXPECT_EQ(without(R"({"a":1, "b":2,"c":3})", "c"), R"({"a":1, "b":2})");
  EXPECT_EQ(without(R"({"a":1})", "a"), "{}");
  EXPECT_EQ(without(R"({"a":1})", "b"), R"({"a":1})");
}

TEST(JsonPatch, RefusesWhatIsNoObject) {
  for (const std::string_view text : {"", "[]", "null", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"", "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}", "{1:2}", "{\"a\":}"})
    EXPECT_FALSE(set_member(text, "model", "1")) << text;
}

TEST(JsonPatch, GivesAListsElementsAsTheyStand) {
  const auto elements = elements_of(R"( [1.0 , "a,]\"", {"b":[2,{"c":"}"}]},[ ],null ] )", 10);
  ASSERT_TRUE(elements) << elements.error().describe();
  EXPECT_EQ(*elements, (std::vector<std::string_view>{"1.0", R"("a,]\"")", R"({"b":[2,{"c":"}"}]})", "[ ]", "null"}));
  EXPECT_TRUE(elements_of("[]", 0)->empty());
  EXPECT_EQ(elements_of("[1,2,3]", 2).error().code, ErrorCode::too_large);
  for (const std::string_view text : {"", "{}", "[", "[1", "[1,", "[,1]", "[1 2]", "[1,]", "[\"a]", "[1] 2"})
    EXPECT_FALSE(elements_of(text, 10)) << text;
}

// Cut and changed texts: an error or a text, never a crash; and what is JSON stays JSON with that one value changed.
TEST(JsonPatch, SurvivesAnyBytes) {
  const std::string whole =
      R"({"model":"gpt-x","messages":[{"role":"user","content":"a\"b\\"}],"n":1e3,"t":null,"\u006d":{}})";
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (std::uint32_t change = random() % 4; change > 0 && !text.empty(); --change) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 5);
      else
        text[at] = "{}[]\",:\\ a1"[random() % 11];
    }
    const auto before = json::parse(text);
    const auto changed = set_member(text, "model", "42");
    const auto taken = remove_member(text, "messages");
    if (!before || !before->is_object()) continue;
    ASSERT_TRUE(changed && taken) << text;
    json::Value expected = *before;
    expected.as_object()["model"] = 42;
    const auto after = json::parse(*changed);
    ASSERT_TRUE(after) << *changed;
    EXPECT_EQ(json::write_canonical(*after), json::write_canonical(expected)) << text;
    expected = *before;
    expected.as_object().erase("messages");
    const auto rest = json::parse(*taken);
    ASSERT_TRUE(rest) << *taken;
    EXPECT_EQ(json::write_canonical(*rest), json::write_canonical(expected)) << text;
  }
}

}  // namespace
}  // namespace atelier::model

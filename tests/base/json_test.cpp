#include "base/json.hpp"

#include <gtest/gtest.h>

namespace atelier::json {
namespace {

std::string complaint_of(std::string_view text, Limits limits = {}) {
  auto value = parse(text, limits);
  return value ? "taken" : value.error().message;
}

TEST(Json, RefusesWhatRfc8259AndOurLimitsRefuse) {
  EXPECT_NE(complaint_of(R"({"a":1,"a":2})").find("\"a\" appears twice"), std::string::npos);
  EXPECT_NE(complaint_of("[1] 2").find("follows the value"), std::string::npos);
  EXPECT_NE(complaint_of("\xef\xbb\xbf{}"), "taken");
  EXPECT_NE(complaint_of("\"\xff\""), "taken");
  EXPECT_NE(complaint_of(R"("\ud800")"), "taken");
  EXPECT_NE(complaint_of("1e400"), "taken");
  EXPECT_NE(complaint_of("[1,]"), "taken");
  EXPECT_NE(complaint_of(""), "taken");
  EXPECT_NE(complaint_of(std::string(100, '[') + std::string(100, ']')), "taken");
  EXPECT_EQ(complaint_of(std::string(64, '[') + std::string(64, ']')), "taken");
  EXPECT_NE(complaint_of("[1,2,3]", {.values_max = 3}), "taken");
  EXPECT_NE(complaint_of("{\"" + std::string(2000, 'k') + "\":1}"), "taken");
}

TEST(Json, TheSameKeyInTwoObjectsIsFine) { EXPECT_EQ(complaint_of(R"({"a":{"a":1},"b":{"a":2}})"), "taken"); }

TEST(Json, LargeIntegersStayExact) {
  EXPECT_EQ(write(*parse("[9223372036854775807,18446744073709551615]")), "[9223372036854775807,18446744073709551615]");
}

TEST(Json, CanonicalTextDoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(write_canonical(*parse(R"({"b":[1,{"d":2,"c":3}],"a":"x"})")), R"({"a":"x","b":[1,{"c":3,"d":2}]})");
  EXPECT_EQ(write_canonical(*parse(R"({"a":"x","b":[1,{"c":3,"d":2}]})")), R"({"a":"x","b":[1,{"c":3,"d":2}]})");
}

TEST(ObjectReader, NamesTheFieldThatIsWrong) {
  const Value value = *parse(R"({"title":7,"size":"big"})");
  ObjectReader reader(value, "/settings");
  (void)reader.required_string("title");
  const auto done = reader.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().where, "/settings/title");
  EXPECT_EQ(done.error().stable_code(), "field_invalid");
}

TEST(ObjectReader, RefusesUnknownFieldsAndSuggestsTheNearest) {
  const Value value = *parse(R"({"titel":"x"})");
  ObjectReader reader(value);
  (void)reader.optional_string("title");
  const auto done = reader.finish();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("did you mean title"), std::string::npos);
}

TEST(ObjectReader, ChecksRangesAndChoices) {
  const Value value = *parse(R"({"fps":61,"style":"plian","speed":3})");
  ObjectReader fps(value);
  (void)fps.optional_integer("fps", 1, 60);
  EXPECT_EQ(fps.finish_lenient().error().where, "/fps");
  ObjectReader style(value);
  EXPECT_EQ(style.optional_choice("style", {"plain", "card"}), std::nullopt);
  EXPECT_NE(style.finish_lenient().error().message.find("did you mean plain"), std::string::npos);
  ObjectReader speed(value);
  (void)speed.optional_number("speed", 0.5, 2);
  EXPECT_EQ(speed.finish_lenient().error().where, "/speed");
}

TEST(ObjectReader, ARequiredFieldThatIsMissingIsSaid) {
  const Value value = *parse("{}");
  ObjectReader reader(value);
  EXPECT_EQ(reader.required_integer("count", 1, 9), 1);
  EXPECT_EQ(reader.finish().error().where, "/count");
}

}  // namespace
}  // namespace atelier::json

#include "studio/tool/tool_box.hpp"

#include <gtest/gtest.h>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "base/time_text.hpp"
#include "studio/tool/arguments.hpp"
#include "studio/tool/current_time.hpp"
#include "studio/tool/time_zone.hpp"
#include "tests/store/support.hpp"

namespace atelier::studio {
namespace {

using store::is_ok;
using store::run;

json::Value schema_of(std::string_view text) { return *json::parse(text); }

const char* const kOrder = R"({
  "type": "object",
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 5},
    "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "size": {"type": "string", "enum": ["small", "large"]},
    "weight": {"type": "number"},
    "is_gift": {"type": "boolean"},
    "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}}
  },
  "required": ["name"],
  "additionalProperties": false
})";

TEST(ToolArguments, WhatTheSchemaWantsIsTaken) {
  const json::Value schema = schema_of(kOrder);
  ASSERT_TRUE(is_ok(check_schema(schema)));
  for (const char* text :
       {R"({"name": "a"})", R"({"name": "abcde", "count": 9, "size": "large", "weight": 1, "tags": ["x", "y"]})",
        R"({"name": "a", "weight": 0.5, "is_gift": true, "tags": []})"})
    EXPECT_TRUE(is_ok(read_arguments(schema, text))) << text;
  EXPECT_TRUE(is_ok(read_arguments(schema_of(R"({"type": "object"})"), " "))) << "some models send nothing at all";
}

TEST(ToolArguments, OneErrorNamesTheField) {
  struct Wrong {
    const char* text;
    const char* says;
  };
  for (const Wrong& wrong : {Wrong{R"({})", "/name: is missing"}, Wrong{R"({"name": 5})", "/name: must be a string"},
                             Wrong{R"({"name": ""})", "/name: must be at least 1 bytes long"},
                             Wrong{R"({"name": "abcdef"})", "/name: must be at most 5 bytes long"},
                             Wrong{R"({"name": "a", "count": 0})", "/count: must be at least 1"},
                             Wrong{R"({"name": "a", "count": 10})", "/count: must be at most 9"},
                             Wrong{R"({"name": "a", "count": 1.5})", "/count: must be an integer"},
                             Wrong{R"({"name": "a", "size": "huge"})", "/size: must be one of [\"small\",\"large\"]"},
                             Wrong{R"({"name": "a", "is_gift": "yes"})", "/is_gift: must be a boolean"},
                             Wrong{R"({"name": "a", "tags": ["x", 2]})", "/tags/1: must be a string"},
                             Wrong{R"({"name": "a", "tags": ["x", "y", "z"]})", "/tags: must be at most 2 long"},
                             Wrong{R"({"name": "a", "colour": "red"})", "/colour: is no argument of this tool"},
                             Wrong{R"(["a"])", "the arguments must be an object"}}) {
    auto read = read_arguments(schema_of(kOrder), wrong.text);
    ASSERT_FALSE(read) << wrong.text;
    EXPECT_EQ(read.error().describe(), wrong.says);
  }
  auto broken = read_arguments(schema_of(kOrder), R"({"name": )");
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with("the arguments are no JSON")) << broken.error().message;
}

TEST(ToolArguments, ASchemaThatWouldBeMisreadIsRefused) {
  for (const char* text : {R"({"type": "object", "oneOf": []})", R"({"properties": {}})", R"({"type": ["string"]})",
                           R"({"type": "object", "properties": {"a": {"type": "text"}}})",
                           R"({"type": "object", "required": [1]})", R"({"type": "string", "maxLength": "9"})", "[]"})
    EXPECT_FALSE(check_schema(schema_of(text))) << text;
}

// Says what it is told to; waits for ever where it is told nothing.
class Parrot final : public Tool {
 public:
  explicit Parrot(std::string name)
      : Tool({.name = std::move(name),
              .title = "Say",
              .description = "Says it.",
              .parameters = schema_of(R"({"type": "object", "properties": {"text": {"type": "string"}}})")}) {}
  std::string effect(const json::Object&) const override { return "Says it."; }
  Task<Result<std::string>> run(Principal, json::Object arguments) const override {
    const json::Value* text = arguments.if_contains("text");
    if (text == nullptr) {
      auto slept = co_await sleep_for(std::chrono::hours(1));
      was_stopped = !slept;
      co_return error_of(slept);
    }
    if (*text == "fail") co_return fail(ErrorCode::not_found, "there is nothing to say");
    co_return std::string(text->get_string());
  }
  mutable bool was_stopped = false;
};

class ToolBoxTest : public testing::Test {
 protected:
  ToolBoxTest() {
    auto parrot = std::make_unique<Parrot>("say");
    parrot_ = parrot.get();
    EXPECT_TRUE(is_ok(box_.add(std::move(parrot))));
  }
  ToolOutcome call(std::string name, std::string arguments) {
    auto outcome = run(box_.run(Principal{}, std::move(name), std::move(arguments)));
    EXPECT_TRUE(is_ok(outcome));
    return outcome ? std::move(*outcome) : ToolOutcome();
  }

  ToolBox box_{{.time = std::chrono::milliseconds(30), .result_bytes_max = 20}};
  Parrot* parrot_ = nullptr;
};

TEST_F(ToolBoxTest, WhatComesOfACallIsTold) {
  const ToolOutcome said = call("say", R"({"text": "hello"})");
  EXPECT_EQ(said.text, "hello");
  EXPECT_FALSE(said.is_error);
  const ToolOutcome failed = call("say", R"({"text": "fail"})");
  EXPECT_EQ(failed.text, "there is nothing to say");
  EXPECT_TRUE(failed.is_error);
}

TEST_F(ToolBoxTest, WhatHasEndedIsNotWaitedFor) {
  ToolBox patient;
  ASSERT_TRUE(is_ok(patient.add(std::make_unique<Parrot>("say"))));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(is_ok(run(patient.run(Principal{}, "say", R"({"text": "hello"})"))));
  EXPECT_LT(std::chrono::steady_clock::now() - began, kToolTime / 2);
}

TEST_F(ToolBoxTest, WhatCannotBeRunIsAnErrorForTheModel) {
  EXPECT_EQ(call("sing", "{}").text, "there is no tool named \"sing\"");
  EXPECT_TRUE(call("sing", "{}").is_error);
  EXPECT_EQ(call("say", R"({"text": 1})").text, "/text: must be a string");
  EXPECT_TRUE(call("say", R"({"text": )").is_error);
}

TEST_F(ToolBoxTest, ACallThatTakesTooLongIsStopped) {
  const ToolOutcome late = call("say", "{}");
  EXPECT_TRUE(late.is_error);
  EXPECT_EQ(late.text, "it took longer than 0.03 s and was stopped");
  EXPECT_TRUE(parrot_->was_stopped);
}

Task<Result<>> keep(Task<Result<ToolOutcome>> call, std::optional<ErrorCode>* ended) {
  auto outcome = co_await std::move(call);
  if (!outcome) *ended = outcome.error().code;
  co_return Result<>{};
}
Task<Result<>> stop_in_the_middle(const ToolBox* box, std::optional<ErrorCode>* ended) {
  TaskGroup group(co_await current_executor());
  group.spawn(keep(box->run(Principal{}, "say", "{}"), ended));
  auto slept = co_await sleep_for(std::chrono::milliseconds(5));
  group.cancel();
  (void)co_await group.join();
  co_return slept;
}

TEST_F(ToolBoxTest, WhoStopsTheCallerStopsTheTool) {
  ToolBox patient;
  auto parrot = std::make_unique<Parrot>("say");
  const Parrot* heard = parrot.get();
  ASSERT_TRUE(is_ok(patient.add(std::move(parrot))));
  std::optional<ErrorCode> ended;
  ASSERT_TRUE(is_ok(run(stop_in_the_middle(&patient, &ended))));
  EXPECT_EQ(ended, ErrorCode::cancelled);
  EXPECT_TRUE(heard->was_stopped);
}

TEST_F(ToolBoxTest, AResultThatIsTooLongIsCutBetweenCharactersAndSaysSo) {
  const ToolOutcome cut = call("say", R"({"text": "0123456789012345678éééé"})");
  EXPECT_FALSE(cut.is_error);
  EXPECT_EQ(cut.text, "0123456789012345678\n[cut: 19 of 27 bytes are shown]");
}

TEST_F(ToolBoxTest, NamesAreWhatEveryProviderTakesAndOnce) {
  EXPECT_FALSE(box_.add(std::make_unique<Parrot>("say")));
  EXPECT_FALSE(box_.add(std::make_unique<Parrot>("say it")));
  EXPECT_FALSE(box_.add(std::make_unique<Parrot>("")));
  auto known = check_tools(box_, {"say", "sing"}, "/tools");
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().where, "/tools/1");
}

TEST(TimeZone, KnowsWhatHoldsWhen) {
  struct Known {
    const char* zone;
    const char* at;
    std::int64_t offset_s;
    const char* short_name;
  };
  for (const Known& known : {Known{"Europe/Rome", "2024-01-15T12:00:00Z", 3'600, "CET"},
                             {"Europe/Rome", "2024-07-15T12:00:00Z", 7'200, "CEST"},
                             {"Europe/Rome", "2024-03-31T00:59:59Z", 3'600, "CET"},
                             {"Europe/Rome", "2024-03-31T01:00:00Z", 7'200, "CEST"},
                             {"Europe/Rome", "2050-10-30T00:59:59Z", 7'200, "CEST"},
                             {"Europe/Rome", "2050-10-30T01:00:00Z", 3'600, "CET"},
                             {"America/New_York", "2060-07-01T00:00:00Z", -14'400, "EDT"},
                             {"Australia/Sydney", "2061-01-01T00:00:00Z", 39'600, "AEDT"},
                             {"Australia/Sydney", "2061-07-01T00:00:00Z", 36'000, "AEST"},
                             {"Asia/Kolkata", "2024-01-01T00:00:00Z", 19'800, "IST"},
                             {"UTC", "2024-01-01T00:00:00Z", 0, "UTC"}}) {
    auto told = zone_time(known.zone, *parse_rfc3339(known.at) / 1'000);
    ASSERT_TRUE(is_ok(told)) << known.zone;
    EXPECT_EQ(told->offset_s, known.offset_s) << known.zone << " at " << known.at;
    EXPECT_EQ(told->short_name, known.short_name) << known.zone << " at " << known.at;
  }
}

TEST(TimeZone, NothingButAZoneIsRead) {
  for (const char* name : {"", "Mars/Base", "../etc/passwd", "/etc/passwd", "Europe/../../../etc/passwd", "Europe",
                           "tzdata.zi", "Europe/Rome/", "Europe Rome"}) {
    auto told = zone_time(name, 0);
    ASSERT_FALSE(told) << name;
    EXPECT_EQ(told.error().where, "/zone");
  }
}

TEST(TimeZone, AFileThatIsCutOrWrongIsNoCrash) {
  const std::string whole = store::read_text("/usr/share/zoneinfo/Europe/Rome");
  ASSERT_TRUE(is_ok(read_zone(whole, 1'700'000'000)));
  for (std::size_t size = 0; size < whole.size(); size += 7)
    (void)read_zone(std::string_view(whole).substr(0, size), 1'700'000'000);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string wrong = whole;
    wrong[at] = static_cast<char>(wrong[at] ^ 0xff);
    (void)read_zone(wrong, 1'700'000'000);
    (void)read_zone(wrong, 4'000'000'000);
  }
}

TEST(CurrentTime, TellsDateAndOffset) {
  const ManualClock clock(*parse_rfc3339("2024-07-14T22:30:00Z"));
  const std::unique_ptr<Tool> tool = make_current_time(clock);
  auto told = run(tool->run(Principal{}, {{"zone", "Europe/Rome"}}));
  ASSERT_TRUE(is_ok(told));
  EXPECT_EQ(*told, "Monday 2024-07-15T00:30:00+02:00 (Europe/Rome, CEST)");
  told = run(tool->run(Principal{}, {}));
  ASSERT_TRUE(is_ok(told));
  EXPECT_EQ(*told, "Sunday 2024-07-14T22:30:00+00:00 (UTC, UTC)");
  told = run(tool->run(Principal{}, {{"zone", "America/St_Johns"}}));
  ASSERT_TRUE(is_ok(told));
  EXPECT_EQ(*told, "Sunday 2024-07-14T20:00:00-02:30 (America/St_Johns, NDT)");
}

}  // namespace
}  // namespace atelier::studio

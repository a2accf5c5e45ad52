#include "app/arguments.hpp"

#include <gtest/gtest.h>

#include "app/commands.hpp"
#include "app/exit_code.hpp"

namespace atelier::app {
namespace {

const Command& command(std::string_view name) {
  for (const Command& each : commands())
    if (each.name == name) return each;
  throw std::runtime_error("no such command");
}

Result<Arguments> parsed(std::string_view name, std::vector<std::string> words) {
  return parse_arguments(command(name), words);
}

TEST(Arguments, FlagsStandAnywhereAndTakeTheirValueEitherWay) {
  auto arguments = parsed("make", {"-o", "a.mp4", "story.md", "--size=1080x1080", "--json"});
  ASSERT_TRUE(arguments) << arguments.error().describe();
  EXPECT_EQ(arguments->value("--output"), "a.mp4");
  EXPECT_EQ(arguments->value("--size"), "1080x1080");
  EXPECT_TRUE(arguments->has("--json"));
  EXPECT_EQ(arguments->positional, std::vector<std::string>{"story.md"});
}

TEST(Arguments, AfterTwoDashesNothingIsAFlag) {
  auto arguments = parsed("make", {"--", "--odd-name.md"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->positional[0], "--odd-name.md");
}

TEST(Arguments, ACommandTakesAsManyArgumentsAsItNames) {
  EXPECT_TRUE(parsed("routes set", {"fast", "openai/gpt-5,anthropic/x"}));
  EXPECT_FALSE(parsed("routes set", {"fast"}));
  EXPECT_FALSE(parsed("models", {"all"}));
  EXPECT_FALSE(parsed("make", {"a.md", "b.md"}));
}

TEST(Arguments, AFlagMayStandForASetting) {
  auto arguments = parsed("serve", {"--listen", "127.0.0.1:0", "--set", "log.level=debug"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->settings[0].first, "server.listen");
  EXPECT_EQ(arguments->settings[1].second, "debug");
}

TEST(Arguments, AWrongFlagGetsASuggestion) {
  auto arguments = parsed("make", {"story.md", "--stile", "card"});
  ASSERT_FALSE(arguments);
  EXPECT_NE(arguments.error().message.find("did you mean --style"), std::string::npos);
  EXPECT_EQ(arguments.error().reason, "usage");
}

TEST(Arguments, AMissingValueIsSaid) { EXPECT_FALSE(parsed("make", {"story.md", "--size"})); }

TEST(CommandLine, AWordThatBeginsCommandsListsThem) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_command_line({"keys", "--help"}), kSuccess);
  const std::string listed = testing::internal::GetCapturedStdout();
  EXPECT_NE(listed.find("keys create"), std::string::npos);
  EXPECT_EQ(listed.find("routes"), std::string::npos);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_command_line({"routes", "sett"}), kUsage);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("routes set "), std::string::npos);
}

}  // namespace
}  // namespace atelier::app

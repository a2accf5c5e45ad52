// Who looks at log lines.
#include "base/log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace atelier::log {
namespace {

class Seen final : public Tap {
 public:
  void see(const Line& line) noexcept override {
    lines.push_back(std::string(line.message) + " " + std::string(line.text("who")));
    at_line = line.where.line();
    if (logs) warn("what a tap says");
  }
  std::vector<std::string> lines;
  std::uint_least32_t at_line = 0;
  bool logs = false;
};

TEST(LogTap, SeesWhatIsNotShownButNoDebugging) {
  Seen seen;
  const auto tap = add_tap(seen);
  debug("a detail", {{"who", "me"}});
  info("a thing", {{"who", std::string("you")}, {"count", 3}});
  EXPECT_EQ(seen.lines, std::vector<std::string>{"a thing you"});
  EXPECT_EQ(seen.at_line, static_cast<std::uint_least32_t>(__LINE__ - 2));
}

TEST(LogTap, DoesNotSeeItself) {
  Seen seen;
  seen.logs = true;
  const auto tap = add_tap(seen);
  info("a thing");
  EXPECT_EQ(seen.lines.size(), 1u);
}

TEST(LogTap, EndsWithWhatItWasGiven) {
  Seen first, second;
  auto one = add_tap(first);
  const auto two = add_tap(second);
  one.reset();
  info("a thing");
  EXPECT_TRUE(first.lines.empty());
  EXPECT_EQ(second.lines.size(), 1u);
}

}  // namespace
}  // namespace atelier::log

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>
#include <set>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

// The child of tests/graph/crash, in a folder of its own.
class Victim {
 public:
  struct Options {
    int runs = 6;
    bool is_cancelling = false;
    std::uint32_t interruptions_max = 1'000;
  };
  explicit Victim(Options options) : options_(options) {}
  Victim() : Victim(Options()) {}

  pid_t start(const std::string& crash_at) {
    const pid_t child = fork();
    if (child != 0) return child;
    if (crash_at.empty())
      unsetenv("ATELIER_CRASH_AT");
    else
      setenv("ATELIER_CRASH_AT", crash_at.c_str(), 1);
    execl(ATELIER_BIN_DIR "/graph_crash_child", "graph_crash_child", folder_.path().c_str(),
          std::to_string(options_.runs).c_str(), options_.is_cancelling ? "1" : "0",
          std::to_string(options_.interruptions_max).c_str(), nullptr);
    _exit(127);
  }
  // Its wait status.
  static int end(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  int run(const std::string& crash_at = {}) { return end(start(crash_at)); }

  std::vector<std::string> diary() const {
    std::vector<std::string> lines;
    std::ifstream file(folder_.path() + "/diary");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  // What ended last, by number: "succeeded - 1234abcd,...".
  std::map<int, std::string> ends() const {
    std::map<int, std::string> ends;
    for (const std::string& line : diary())
      if (line.starts_with("ended ")) ends[std::stoi(line.substr(6))] = line.substr(line.find(' ', 6) + 1);
    return ends;
  }

  // What was answered is there under the same id, and what had succeeded is not run again.
  void expect_nothing_lost_or_twice() const {
    std::map<std::string, std::string> ids;
    std::set<std::string> had;
    std::set<std::string> cancelled;
    for (const std::string& line : diary()) {
      const std::string what = line.substr(0, line.find(' '));
      const std::string rest = line.substr(std::min(line.size(), what.size() + 1));
      EXPECT_NE(what, "refused") << line;
      if (what == "stored") {
        const std::string number = rest.substr(0, rest.find(' '));
        const auto [known, is_new] = ids.emplace(number, rest);
        EXPECT_EQ(known->second, rest) << "a submission was answered twice, differently";
      }
      if (what == "had") had.insert(rest);
      if (what == "began") {
        EXPECT_FALSE(had.contains(rest)) << rest << " had succeeded and ran again";
      }
      if (what == "cancelled") cancelled.insert(rest);
      if (what == "ended" && cancelled.contains(rest.substr(0, rest.find(' ')))) {
        EXPECT_EQ(rest.find("running"), std::string::npos) << line;
      }
    }
  }

 private:
  Options options_;
  TemporaryFolder folder_;
};

std::map<int, std::string> undisturbed() {
  static const std::map<int, std::string> ends = [] {
    Victim victim;
    EXPECT_EQ(victim.run(), 0);
    return victim.ends();
  }();
  return ends;
}

class CrashAt : public testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(CrashAt, LosesNothingAndDoesNothingTwice) {
  const auto [point, passing] = GetParam();
  Victim victim;
  const int status = victim.run(fmt::format("{}:{}", point, passing));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the point was not passed so often";
  EXPECT_EQ(victim.run(), 0);
  victim.expect_nothing_lost_or_twice();
  EXPECT_EQ(victim.ends(), undisturbed());
}

INSTANTIATE_TEST_SUITE_P(SubmitAndDrive, CrashAt,
                         testing::Combine(testing::Values("submit.before_commit", "submit.after_commit",
                                                          "drive.before_commit", "drive.after_commit",
                                                          "step.before_run", "step.after_run"),
                                          testing::Values(1, 3, 6)));
INSTANTIATE_TEST_SUITE_P(Recover, CrashAt,
                         testing::Combine(testing::Values("recover.before_commit", "recover.after_commit"),
                                          testing::Values(1)));

TEST(Crash, WhileRecoveringFromACrash) {
  Victim victim;
  victim.run("step.before_run:4");
  for (const char* point :
       {"recover.before_commit:1", "recover.after_commit:1", "drive.before_commit:1", "drive.after_commit:2"})
    victim.run(point);
  EXPECT_EQ(victim.run(), 0);
  victim.expect_nothing_lost_or_twice();
  EXPECT_EQ(victim.ends(), undisturbed());
}

TEST(Crash, AtRandomAgainAndAgain) {
  std::mt19937 random(20261121);
  Victim victim;
  for (int round = 0; round < 12; ++round) {
    const pid_t child = victim.start({});
    usleep(std::uniform_int_distribution<useconds_t>(10'000, 150'000)(random));
    kill(child, SIGKILL);
    Victim::end(child);
  }
  EXPECT_EQ(victim.run(), 0);
  victim.expect_nothing_lost_or_twice();
  EXPECT_EQ(victim.ends(), undisturbed());
}

TEST(Crash, BeforeACancellationIsStoredItIsAsIfItHadNotBeenAsked) {
  Victim victim({.runs = 4, .is_cancelling = true});
  victim.run("cancel.before_commit:2");
  EXPECT_EQ(victim.run(), 0);
  victim.expect_nothing_lost_or_twice();
  EXPECT_EQ(victim.ends().size(), 4U);
  EXPECT_EQ(victim.run(), 0);  // asked again, the ends are the same
  victim.expect_nothing_lost_or_twice();
}

TEST(Crash, AStepThatTakesTheServerDownEachTimeEndsPoisoned) {
  Victim victim({.runs = 1, .is_cancelling = false, .interruptions_max = 5});
  for (int i = 0; i < 5; ++i) {
    const int status = victim.run("step.before_run:1");
    EXPECT_TRUE(WIFSIGNALED(status)) << i;
  }
  EXPECT_EQ(victim.run("step.before_run:1"), 0);
  EXPECT_TRUE(victim.ends().at(0).starts_with("failed step_poisoned"));
}

}  // namespace
}  // namespace atelier::graph

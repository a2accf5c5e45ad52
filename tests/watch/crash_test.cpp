// What a process that dies of a fault leaves behind: a report, and its death as it was.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/recent_requests.hpp"
#include "tests/store/support.hpp"
#include "watch/crash/crash_handler.hpp"
#include "watch/crash/crash_report.hpp"
#include "watch/error/stack.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATELIER_SKIP_IN_SANITIZERS() GTEST_SKIP() << "sanitizers report faults themselves"
#else
#define ATELIER_SKIP_IN_SANITIZERS() (void)0
#endif

namespace atelier::watch {
namespace {

using testing::Contains;
using testing::HasSubstr;

// Another process does it. Returns the signal it died of.
int die(const std::string& folder, const std::function<void()>& of) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    install_crash_handler(folder);
    recent_requests.note("the-first");
    recent_requests.note("the-last");
    of();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Occurrence only_crash(const std::string& folder) {
  const auto reports = find_crash_reports(folder);
  EXPECT_EQ(reports.size(), 1U);
  EXPECT_TRUE(!reports.empty() && reports.front().crash);
  return reports.empty() ? Occurrence() : reports.front().crash.value_or(Occurrence());
}

[[gnu::noinline]] void write_nowhere() {
  volatile int* nowhere = reinterpret_cast<int*>(0x10);
  *nowhere = 1;
}

// Each call needs the one beneath it, or the compiler would make it a loop.
[[gnu::noinline]] int use_up_the_stack(int depth) {
  volatile char room[4096] = {};
  room[0] = static_cast<char>(depth);
  if (depth > 1 << 28) return 0;
  return use_up_the_stack(depth + 1) + room[0];
}

TEST(CrashReport, AFaultIsToldWithItsStack) {
  ATELIER_SKIP_IN_SANITIZERS();
  store::TemporaryFolder folder;
  EXPECT_EQ(die(folder.path(), [] { write_nowhere(); }), SIGSEGV);
  const Occurrence crash = only_crash(folder.path());
  EXPECT_EQ(crash.code, "SIGSEGV");
  EXPECT_EQ(crash.severity, Severity::fatal);
  EXPECT_EQ(crash.request_id, "the-last");
  EXPECT_EQ(crash.build_id, executable().build_id);
  EXPECT_THAT(crash.detail(), HasSubstr("the-first"));
  EXPECT_THAT(crash.detail(), HasSubstr(R"("address":"10")"));
  EXPECT_THAT(name_frames(crash.stack), Contains(HasSubstr("write_nowhere")));
  EXPECT_FALSE(crash.place.empty());
}

TEST(CrashReport, SoIsAStackThatIsUsedUp) {
  ATELIER_SKIP_IN_SANITIZERS();
  store::TemporaryFolder folder;
  EXPECT_EQ(die(folder.path(), [] { (void)use_up_the_stack(0); }), SIGSEGV);
  EXPECT_THAT(name_frames(only_crash(folder.path()).stack), Contains(HasSubstr("use_up_the_stack")));
}

TEST(CrashReport, ASignalThatWasSentStillEndsTheProcess) {
  ATELIER_SKIP_IN_SANITIZERS();
  for (const int signal_number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) {
    store::TemporaryFolder folder;
    EXPECT_EQ(die(folder.path(), [=] { ::kill(::getpid(), signal_number); }), signal_number);
    EXPECT_THAT(only_crash(folder.path()).code, testing::StartsWith("SIG"));
  }
}

TEST(CrashReport, WithoutItsFolderItDiesAllTheSame) {
  ATELIER_SKIP_IN_SANITIZERS();
  EXPECT_EQ(die("/nowhere", [] { std::abort(); }), SIGABRT);
}

TEST(CrashReport, IsReadAsFarAsItGoes) {
  const auto cut = read_crash_report("atelier crash 1\nversion 0.1.0\nsignal 11\nframe 12\nframe zz\nfram");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->code, "SIGSEGV");
  EXPECT_EQ(cut->stack, std::vector<std::uint64_t>{0x12});
  EXPECT_FALSE(read_crash_report("something else"));
  EXPECT_FALSE(read_crash_report(""));
  std::string many = "atelier crash 1\n";
  for (int i = 0; i < 1'000; ++i) many += fmt::format("frame {:x}\nrequest r{}\ntime 99999999999999\n", i, i);
  EXPECT_EQ(read_crash_report(many)->stack.size(), kFramesMax);
  EXPECT_LE(read_crash_report(many)->fields.size(), kFieldsMax);
  EXPECT_EQ(read_crash_report(many)->time_ms, 0);
}

TEST(CrashReport, OnlyReportsAreFoundAndFewOfThem) {
  store::TemporaryFolder folder;
  for (int i = 0; i < 30; ++i) std::ofstream(folder / fmt::format("crash-{}.report", i)) << "atelier crash 1\n";
  std::ofstream(folder / "studio.db") << "atelier crash 1\n";
  EXPECT_EQ(find_crash_reports(folder.path()).size(), kCrashReportsMax);
  EXPECT_TRUE(find_crash_reports("/nowhere").empty());
}

}  // namespace
}  // namespace atelier::watch

// Rows 4, 7, 53 and 54 of the fault list: whatever a worker does, the caller gets a typed error soon, nothing of the
// worker stays, and the next task is done.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json/object.hpp>
#include <fstream>

#include "media/protocol/limits.hpp"
#include "tests/media/process/running_workers.hpp"

namespace atelier::media {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Limits short enough for a test.
WorkersSettings impatient() {
  WorkersSettings settings;
  settings.silence_timeout = 1'500ms;
  settings.stall_timeout = kIsSanitized ? 2'500ms : 1'200ms;
  settings.start_timeout = 1'000ms;
  settings.task_timeout = 3'000ms;
  settings.task_memory_bytes_max = 200 << 20;
  return settings;
}

struct Failure {
  std::string_view action;
  ErrorCode code;
  std::string_view reason;
  std::string_view says;
};
constexpr Failure kFailures[] = {
    {"crash", ErrorCode::unavailable, "worker_crashed", "SIGSEGV"},
    {"abort", ErrorCode::unavailable, "worker_crashed", "SIGABRT"},
    {"exit", ErrorCode::unavailable, "worker_crashed", "exit code 7"},
    {"throw", ErrorCode::internal, "task_threw", "a library threw"},
    {"throw_out_of_memory", ErrorCode::unavailable, "worker_oom", "memory"},
    {"allocate_and_touch", ErrorCode::unavailable, "worker_oom", "200 MiB"},
    {"spin", ErrorCode::deadline_exceeded, "worker_timeout", "3 s"},
    {"sleep", ErrorCode::unavailable, "worker_stalled", "stood still"},
    {"threads", ErrorCode::unavailable, "worker_oom", "threads"},
    {"long_message", ErrorCode::unavailable, "worker_crashed", "protocol"},
    {"garbage", ErrorCode::unavailable, "worker_crashed", "protocol"},
    {"unknown_message", ErrorCode::unavailable, "worker_crashed", "obey"},
    {"deep_message", ErrorCode::unavailable, "worker_crashed", "protocol"},
    {"hello_again", ErrorCode::unavailable, "worker_crashed", "hello twice"},
    {"wrong_task", ErrorCode::unavailable, "worker_crashed", "does not have"},
    {"large_result", ErrorCode::unavailable, "worker_crashed", "protocol"},
    {"short_result", ErrorCode::unavailable, "worker_crashed", "shorter"},
    {"descriptor", ErrorCode::unavailable, "worker_crashed", "protocol"},
    {"flood", ErrorCode::unavailable, "worker_crashed", "too many"},
    {"close_socket", ErrorCode::unavailable, "worker_crashed", ""},
};

class FailingWorker : public testing::TestWithParam<Failure> {};

TEST_P(FailingWorker, GivesATypedErrorAndIsReplaced) {
  const Failure& expected = GetParam();
  if (kIsSanitized && (expected.action == "allocate_and_touch" || expected.action == "crash" ||
                       expected.action == "abort" || expected.action == "threads"))
    GTEST_SKIP() << "the sanitizer's runtime answers this itself, or takes the memory for it";
  const Footprint before = footprint();
  {
    RunningWorkers workers("hostile", impatient());
    const auto result = workers.attempt(expected.action);
    ASSERT_FALSE(result) << json::write(*result);
    EXPECT_EQ(to_string(result.error().code), to_string(expected.code)) << result.error().message;
    EXPECT_EQ(result.error().reason, expected.reason) << result.error().message;
    EXPECT_NE(result.error().message.find(expected.says), std::string::npos) << result.error().message;
    EXPECT_TRUE(workers.run(task("echo", {{"text", "after"}})));
  }
  EXPECT_EQ(footprint(), before);
}
INSTANTIATE_TEST_SUITE_P(Actions, FailingWorker, testing::ValuesIn(kFailures),
                         [](const auto& given) { return std::string(given.param.action); });

struct BadStart {
  std::string_view start;
  std::string_view says;
};
class FailingStart : public testing::TestWithParam<BadStart> {};

TEST_P(FailingStart, SaysWhyAndLeavesNothing) {
  const Footprint before = footprint();
  {
    RunningWorkers workers(std::string(GetParam().start), impatient());
    for (int i = 0; i < 2; ++i) {
      const auto result = workers.run(task("echo", {{"text", "x"}}));
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().reason, "worker_start_failed");
      EXPECT_NE(result.error().message.find(GetParam().says), std::string::npos) << result.error().message;
    }
    EXPECT_EQ(workers.report().busy_count, 0U);
  }
  EXPECT_EQ(footprint(), before);
}
constexpr BadStart kBadStarts[] = {
    {"exits_at_start", "exit code 9"},
    {"aborts_at_start", "SIGABRT"},
    {"never_says_hello", "in time"},
    {"says_garbage", "not in the protocol"},
    {"of_another_version", "both must be of one build"},
    {"cannot_start", "no fonts are installed"},
};
INSTANTIATE_TEST_SUITE_P(Starts, FailingStart, testing::ValuesIn(kBadStarts),
                         [](const auto& given) { return std::string(given.param.start); });

TEST(FailingStart, OfAMissingExecutableNamesIt) {
  WorkersSettings settings;
  settings.executable = "/nonexistent/atelier-media";
  RunningWorkers workers("hostile", settings);
  const auto result = workers.run(task("echo"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, "worker_start_failed");
  EXPECT_NE(result.error().message.find("/nonexistent/atelier-media"), std::string::npos);
}

TEST(FailingStart, WithoutALayerIsAnErrorOnlyWhenStrict) {
  WorkersSettings strict = impatient();
  strict.is_strict = true;
  RunningWorkers workers("lacks_a_layer", strict);
  EXPECT_EQ(workers.run(task("echo")).error().reason, "sandbox_incomplete");
  RunningWorkers lenient("lacks_a_layer", impatient());
  const auto hello = lenient.await(lenient.workers().describe());
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->sandbox.missing.size(), 1U);
}

TEST(CancelledTask, ThatListensStopsAndItsWorkerStays) {
  RunningWorkers workers;
  ASSERT_TRUE(workers.run(task("echo", {{"text", "x"}})));
  const auto before = Clock::now();
  const auto result = workers.run_and_cancel(task("work"), 50ms);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_LT(Clock::now() - before, 500ms);
  EXPECT_EQ(workers.report().killed_count, 0U);
  EXPECT_EQ(workers.report().alive_count, 1U);
}

TEST(CancelledTask, ThatDoesNotListenIsKilled) {
  RunningWorkers workers;
  ASSERT_TRUE(workers.run(task("echo", {{"text", "x"}})));
  const auto before = Clock::now();
  const auto result = workers.run_and_cancel(task("attempt", {{"action", "spin"}}), 50ms);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_LT(Clock::now() - before, 600ms);
  EXPECT_EQ(workers.report().killed_count, 1U);
  EXPECT_TRUE(workers.run(task("echo", {{"text", "x"}})));
}

TEST(CancelledTask, ThatStillWaitsGivesItsTurnToTheNext) {
  WorkersSettings settings;
  settings.worker_count_max = 1;
  RunningWorkers workers("hostile", settings);
  std::optional<Result<json::Value>> first, third;
  asio::co_spawn(workers.loop(), workers.workers().run(task("attempt", {{"action", "start_thread"}}), {}),
                 [&](std::exception_ptr, Result<json::Value> result) { first = std::move(result); });
  const auto second = workers.run_and_cancel(task("work"), 0ms);
  EXPECT_EQ(second.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(workers.run(task("echo", {{"text", "x"}})));
  EXPECT_EQ(workers.report().waiting_count, 0U);
}

pid_t only_child() {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    if (pid_t pid = 0; children >> pid) return pid;
  }
  return -1;
}

class StruckWorker : public testing::TestWithParam<int> {};

TEST_P(StruckWorker, IsNoticedWhileItWorks) {
  const Footprint before = footprint();
  {
    RunningWorkers workers("hostile", impatient());
    bool was_struck = false;
    TaskRequest request = task("work");
    request.timeout = 60s;
    const auto result = workers.run(std::move(request), [&](Progress progress) {
      if (progress.total > 0 && !std::exchange(was_struck, true)) kill(only_child(), GetParam());
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
    EXPECT_EQ(result.error().reason, GetParam() == SIGSTOP ? "worker_stalled" : "worker_crashed")
        << result.error().message;
    EXPECT_TRUE(workers.run(task("echo", {{"text", "x"}})));
  }
  EXPECT_EQ(footprint(), before);
}
INSTANTIATE_TEST_SUITE_P(Signals, StruckWorker, testing::Values(SIGKILL, SIGSTOP, SIGTERM),
                         [](const auto& given) { return std::string(sigabbrev_np(given.param)); });

TEST(StruckWorker, IsReplacedWhenItDiedWithoutWork) {
  RunningWorkers workers;
  ASSERT_TRUE(workers.run(task("echo", {{"text", "x"}})));
  kill(only_child(), SIGKILL);
  while (workers.report().alive_count > 0) workers.loop().run_one();
  EXPECT_EQ(workers.report().crashed_count, 1U);
  EXPECT_TRUE(workers.run(task("echo", {{"text", "x"}})));
}

}  // namespace
}  // namespace atelier::media

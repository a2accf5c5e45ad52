#include "media/supervisor/workers.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <fstream>
#include <thread>

#include "media/protocol/limits.hpp"
#include "tests/media/process/running_workers.hpp"

namespace atelier::media {
namespace {

using namespace std::chrono_literals;

TaskRequest echo(std::string_view text) { return task("echo", {{"text", text}}); }

TEST(Workers, DoATaskOnTheFilesTheyAreGiven) {
  RunningWorkers workers;
  TaskRequest request = echo("words");
  request.inputs.push_back({"in0", file_with("a")});
  request.inputs.push_back({"in1", file_with("b")});
  const UniqueFd out = file_with("");
  request.outputs.push_back({"out", out.duplicate()});
  const auto result = workers.run(std::move(request));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("text").as_string(), "words");
  EXPECT_EQ(result->at("firsts").as_string(), "ab");
  EXPECT_EQ(text_of(out.get()), "words");
}

TEST(Workers, TakeAThousandFilesAtOnce) {
  const Footprint before = footprint();
  {
    RunningWorkers workers;
    TaskRequest request = echo("many");
    for (int i = 0; i < 1'001; ++i)
      request.inputs.push_back({"in" + std::to_string(i), file_with(i == 1'000 ? "z" : "x")});
    const auto result = workers.run(std::move(request));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->at("input_count").as_int64(), 1'001);
    EXPECT_EQ(result->at("firsts").as_string().back(), 'z');
    EXPECT_EQ(workers.run(echo("again"))->at("input_count").as_int64(), 0);
  }
  EXPECT_EQ(footprint(), before);
}

TEST(Workers, CarryParametersAndResultsOfManyMegabytes) {
  RunningWorkers workers;
  const std::string text(10 << 20, 'x');
  const auto result = workers.run(echo(text));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("text").as_string().size(), text.size());
  const auto too_large = workers.run(echo(std::string(kJsonBytesMax, 'x')));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::too_large);
}

TEST(Workers, HandATasksOwnErrorOnUnchanged) {
  RunningWorkers workers;
  const auto result = workers.run(task("complain"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::conflict);
  EXPECT_EQ(result.error().reason, "upside_down");
  EXPECT_EQ(result.error().where, "/picture");
  EXPECT_EQ(result.error().message, "the picture is upside down");
  EXPECT_EQ(workers.report().crashed_count, 0U);
}

TEST(Workers, RefuseWhatIsNoTask) {
  RunningWorkers workers;
  EXPECT_EQ(workers.run(task("juggle")).error().reason, "task_unknown");
  EXPECT_EQ(workers.run(task("")).error().code, ErrorCode::invalid_argument);
  TaskRequest twice = echo("x");
  twice.inputs.push_back({"in0", file_with("a")});
  twice.inputs.push_back({"in0", file_with("b")});
  EXPECT_EQ(workers.run(std::move(twice)).error().code, ErrorCode::invalid_argument);
  TaskRequest missing = echo("x");
  missing.inputs.push_back({"in0", UniqueFd()});
  EXPECT_EQ(workers.run(std::move(missing)).error().code, ErrorCode::invalid_argument);
  TaskRequest many = echo("x");
  for (std::size_t i = 0; i <= kFilesMax; ++i) many.inputs.push_back({"in" + std::to_string(i), UniqueFd()});
  EXPECT_EQ(workers.run(std::move(many)).error().code, ErrorCode::too_large);
}

TEST(Workers, TellWhatTheyCanDoBeforeTheyWereAskedToDoAnything) {
  RunningWorkers workers;
  EXPECT_FALSE(workers.report().hello);
  const auto hello = workers.await(workers.workers().describe());
  ASSERT_TRUE(hello) << hello.error().message;
  ASSERT_EQ(hello->tasks.size(), 4U);
  EXPECT_EQ(hello->tasks[1].name, "echo");
  EXPECT_EQ(hello->tasks[1].version, 2U);
  EXPECT_EQ(hello->tasks[1].unit, "bytes");
}

TEST(Workers, ReportProgressWhileATaskRuns) {
  RunningWorkers workers;
  std::vector<Progress> seen;
  TaskRequest request = task("work");
  request.timeout = 1'200ms;
  const auto result = workers.run(std::move(request), [&](Progress progress) { seen.push_back(progress); });
  EXPECT_EQ(result.error().reason, "worker_timeout");
  ASSERT_GE(seen.size(), 2U);
  EXPECT_EQ(seen.back().total, 1'000'000);
  EXPECT_LT(seen.front().done, seen.back().done);
}

// Runs `count` tasks side by side; the order in which they ended.
std::vector<int> run_many(RunningWorkers& workers, int count, std::size_t alive_max) {
  std::vector<int> order;
  for (int i = 0; i < count; ++i)
    asio::co_spawn(workers.loop(), workers.workers().run(echo("x"), {}),
                   [&, i](std::exception_ptr, Result<json::Value> result) {
                     EXPECT_TRUE(result);
                     EXPECT_LE(workers.report().alive_count, alive_max);
                     order.push_back(i);
                   });
  while (order.size() < static_cast<std::size_t>(count)) workers.loop().run_one();
  return order;
}

TEST(Workers, ServeInTheOrderOfAsking) {
  WorkersSettings settings;
  settings.worker_count_max = 1;
  RunningWorkers workers("hostile", settings);
  EXPECT_EQ(run_many(workers, 8, 1), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(workers.report().started_count, 1U);
}

TEST(Workers, AreNoMoreThanAllowed) {
  WorkersSettings settings;
  settings.worker_count_max = 2;
  RunningWorkers workers("hostile", settings);
  run_many(workers, 12, 2);
  EXPECT_EQ(workers.report().started_count, 2U);
}

TEST(Workers, RefuseMoreThanTheirQueueHolds) {
  WorkersSettings settings;
  settings.worker_count_max = 1;
  settings.queue_count_max = 2;
  RunningWorkers workers("hostile", settings);
  int left = 5, refused = 0;
  for (int i = 0; i < 5; ++i)
    asio::co_spawn(workers.loop(), workers.workers().run(echo("x"), {}),
                   [&](std::exception_ptr, Result<json::Value> result) {
                     if (!result) refused += result.error().reason == "workers_busy" ? 1 : 100;
                     --left;
                   });
  while (left > 0) workers.loop().run_one();
  EXPECT_EQ(refused, 2);
}

TEST(Workers, EndWhenThereIsNoWork) {
  WorkersSettings settings;
  settings.idle_timeout = 20ms;
  const Footprint before = footprint();
  RunningWorkers workers("hostile", settings);
  ASSERT_TRUE(workers.run(echo("x")));
  EXPECT_EQ(workers.report().alive_count, 1U);
  while (workers.report().alive_count > 0) workers.loop().run_one();
  EXPECT_EQ(footprint().child_count, before.child_count);
  EXPECT_EQ(workers.report().crashed_count, 0U);
  EXPECT_EQ(workers.report().killed_count, 0U);
  EXPECT_TRUE(workers.run(echo("again")));
}

TEST(Workers, AreReplacedAfterManyTasksAndLeaveNothing) {
  WorkersSettings settings;
  settings.tasks_per_worker_max = 50;
  RunningWorkers workers("hostile", settings);
  ASSERT_TRUE(workers.run(echo("warm")));
  const Footprint before = footprint();
  for (int i = 0; i < 199; ++i) ASSERT_TRUE(workers.run(echo("x"))) << i;
  EXPECT_EQ(workers.report().recycled_count, 4U);
  while (workers.report().alive_count > 0) workers.loop().run_one();
  workers.loop().poll();
  EXPECT_EQ(footprint().child_count, 0U);
  EXPECT_LT(footprint().descriptor_count, before.descriptor_count);
  EXPECT_EQ(workers.report().crashed_count, 0U);
}

TEST(Workers, ServeCallersOnAnotherLoop) {
  asio::io_context other{1};
  RunningWorkers workers;
  std::thread thread([&] { workers.loop().run(); });
  std::optional<Result<json::Value>> result;
  asio::co_spawn(other, workers.workers().run(echo("far"), {}),
                 [&](std::exception_ptr, Result<json::Value> value) { result = std::move(value); });
  other.run();
  asio::post(workers.loop(), [&] { workers.loop().stop(); });
  thread.join();
  workers.loop().restart();
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->at("text").as_string(), "far");
}

TEST(Workers, StopWhatRunsAndWhatWaits) {
  WorkersSettings settings;
  settings.worker_count_max = 1;
  const Footprint before = footprint();
  std::vector<std::string> reasons;
  {
    RunningWorkers workers("hostile", settings);
    bool has_begun = false;
    for (int i = 0; i < 2; ++i)
      asio::co_spawn(workers.loop(), workers.workers().run(task("work"), [&](Progress) { has_begun = true; }),
                     [&](std::exception_ptr, Result<json::Value> result) { reasons.push_back(result.error().reason); });
    while (!has_begun) workers.loop().run_one();
    (void)workers.await([](Workers& all) -> Task<Result<>> {
      co_await all.stop();
      co_return Result<>{};
    }(workers.workers()));
    EXPECT_EQ(workers.run(echo("late")).error().reason, "workers_stopped");
  }
  EXPECT_EQ(reasons, (std::vector<std::string>{"workers_stopped", "workers_stopped"}));
  EXPECT_EQ(footprint(), before);
}

}  // namespace
}  // namespace atelier::media

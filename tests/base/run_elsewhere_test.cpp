#include "base/run_elsewhere.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/blocking.hpp"
#include "base/task_group.hpp"

namespace atelier {
namespace {

using namespace std::chrono_literals;

// A loop on a thread of its own.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<Executor> guard = asio::make_work_guard(context);
  std::thread thread{[this] { context.run(); }};
  ~Loop() {
    guard.reset();
    thread.join();
  }
};

Task<int> answer_after(std::chrono::microseconds pause) {
  auto slept = co_await sleep_for(pause);
  co_return slept ? 42 : -1;
}

Task<Result<>> ask(Executor there, std::chrono::microseconds pause, std::atomic<int>* ended) {
  const int answer = co_await run_elsewhere(there, answer_after(pause));
  ended->fetch_add(1);
  if (answer == 42) co_return Result<>{};
  co_return fail(ErrorCode::cancelled, "stopped");
}

TEST(RunElsewhere, BringsTheResultBack) {
  Loop here, there;
  EXPECT_EQ(run_blocking(here.context.get_executor(), run_elsewhere(there.context.get_executor(), answer_after(1us))),
            42);
  EXPECT_EQ(run_blocking(here.context.get_executor(), run_elsewhere(here.context.get_executor(), answer_after(1us))),
            42);
}

Task<Result<>> stop_one(Executor there, std::atomic<int>* ended) {
  TaskGroup group(co_await current_executor());
  group.spawn(ask(there, 1h, ended));
  (void)co_await sleep_for(1ms);
  group.cancel();
  co_return co_await group.join();
}

TEST(RunElsewhere, AStopTravels) {
  Loop here, there;
  std::atomic<int> ended = 0;
  const Result<> result = run_blocking(here.context.get_executor(), stop_one(there.context.get_executor(), &ended));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(ended, 1);
}

// Stops each just as it ends by itself.
Task<Result<>> stop_many(Executor there, int count, std::atomic<int>* ended) {
  std::minstd_rand random(1);
  for (int i = 0; i < count; ++i) {
    TaskGroup group(co_await current_executor());
    for (int at = 0; at < 8; ++at) group.spawn(ask(there, std::chrono::microseconds(random() % 60), ended));
    (void)co_await sleep_for(std::chrono::microseconds(random() % 60));
    group.cancel();
    (void)co_await group.join();
  }
  co_return Result<>{};
}

TEST(RunElsewhere, AStopMayCrossTheEnd) {
  Loop here, there;
  std::atomic<int> ended = 0;
  const Result<> result =
      run_blocking(here.context.get_executor(), stop_many(there.context.get_executor(), 5'000, &ended));
  EXPECT_TRUE(result);
  EXPECT_EQ(ended, 5'000 * 8);
}

}  // namespace
}  // namespace atelier

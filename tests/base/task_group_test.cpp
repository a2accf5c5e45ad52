#include "base/task_group.hpp"

#include <gtest/gtest.h>

#include "base/async.hpp"

namespace atelier {
namespace {

using namespace std::chrono_literals;

// Runs a coroutine to its end on a loop of its own.
template <class T>
T run(Task<T> task) {
  asio::io_context loop(1);
  std::optional<T> result;
  asio::co_spawn(loop.get_executor(), std::move(task), [&](std::exception_ptr thrown, T value) {
    if (thrown) std::rethrow_exception(thrown);
    result = std::move(value);
  });
  loop.run();
  return std::move(*result);
}

Task<Result<>> wait_for_ever(int& cancelled_count) {
  auto slept = co_await sleep_for(1h);
  if (!slept && slept.error().code == ErrorCode::cancelled) ++cancelled_count;
  co_return slept;
}
Task<Result<>> fail_at_once() { co_return fail(ErrorCode::conflict, "no"); }
Task<Result<>> throw_at_once() {
  throw std::runtime_error("thrown");
  co_return Result<>{};
}
Task<Result<>> count_up(int& now, int& most) {
  most = std::max(most, ++now);
  (void)co_await sleep_for(1ms);
  --now;
  co_return Result<>{};
}

TEST(TaskGroup, TheFirstErrorCancelsTheOthersAndAllAreAwaited) {
  int cancelled_count = 0;
  const auto body = [](int& cancelled) -> Task<Result<>> {
    TaskGroup group(co_await current_executor());
    group.spawn(wait_for_ever(cancelled));
    group.spawn(wait_for_ever(cancelled));
    group.spawn(fail_at_once());
    co_return co_await group.join();
  };
  const Result<> result = run(body(cancelled_count));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::conflict);
  EXPECT_EQ(cancelled_count, 2);
}

// Works on after it was cancelled, then waits.
Task<Result<>> cancel_and_sleep(TaskGroup& group) {
  group.cancel();
  co_return co_await sleep_for(5s);
}

TEST(TaskGroup, ASleepThatBeginsAfterTheCancellationEndsAtOnce) {
  const auto body = []() -> Task<Result<>> {
    TaskGroup group(co_await current_executor());
    group.spawn(cancel_and_sleep(group));
    co_return co_await group.join();
  };
  const auto began = std::chrono::steady_clock::now();
  const Result<> result = run(body());
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

TEST(TaskGroup, AnExceptionBecomesAnInternalError) {
  const auto body = []() -> Task<Result<>> {
    TaskGroup group(co_await current_executor());
    group.spawn(throw_at_once());
    co_return co_await group.join();
  };
  EXPECT_EQ(run(body()).error().code, ErrorCode::internal);
}

TEST(TaskGroup, RunsAtMostSoManyAtOnceAndAllInTheEnd) {
  int now = 0, most = 0;
  const auto body = [](int& running, int& peak) -> Task<Result<>> {
    TaskGroup group(co_await current_executor(), {.at_most = 3});
    for (int i = 0; i < 20; ++i) group.spawn(count_up(running, peak));
    co_return co_await group.join();
  };
  EXPECT_TRUE(run(body(now, most)));
  EXPECT_EQ(most, 3);
  EXPECT_EQ(now, 0);
}

TEST(TaskGroup, CancellingWhoJoinsCancelsTheMembers) {
  int cancelled_count = 0;
  const auto inner = [](int& cancelled) -> Task<Result<>> {
    TaskGroup group(co_await current_executor());
    group.spawn(wait_for_ever(cancelled));
    co_return co_await group.join();
  };
  const auto body = [](auto make, int& cancelled) -> Task<Result<>> {
    TaskGroup outer(co_await current_executor());
    outer.spawn(make(cancelled));
    (void)co_await sleep_for(5ms);
    outer.cancel();
    co_return co_await outer.join();
  };
  EXPECT_EQ(run(body(inner, cancelled_count)).error().code, ErrorCode::cancelled);
  EXPECT_EQ(cancelled_count, 1);
}

TEST(TaskGroupMember, IsStoppedAloneAndKnowsItsEnd) {
  int cancelled_count = 0;
  const auto body = [](int& cancelled) -> Task<Result<>> {
    TaskGroup group(co_await current_executor(), {.stops_on_error = false});
    TaskGroup::Member one;
    {
      TaskGroup::Member dropped;  // its task goes on without it
      group.spawn(wait_for_ever(cancelled), one);
      group.spawn(wait_for_ever(cancelled), dropped);
    }
    (void)co_await sleep_for(5ms);
    EXPECT_TRUE(one.is_running());
    one.cancel();
    (void)co_await sleep_for(5ms);
    EXPECT_FALSE(one.is_running());
    EXPECT_EQ(cancelled, 1);
    one.cancel();
    EXPECT_EQ(group.size(), 1u);
    group.cancel();
    co_return co_await group.join();
  };
  EXPECT_EQ(run(body(cancelled_count)).error().code, ErrorCode::cancelled);
  EXPECT_EQ(cancelled_count, 2);
}

TEST(Signal, WaitUntilReturnsAtItsTimeOrWhenNotified) {
  const auto body = []() -> Task<Result<>> {
    Signal signal(co_await current_executor());
    const auto before = std::chrono::steady_clock::now();
    co_await signal.wait_until(before + 5ms);
    co_return std::chrono::steady_clock::now() - before >= 5ms ? Result<>{}
                                                               : Result<>(fail(ErrorCode::internal, "too early"));
  };
  EXPECT_TRUE(run(body()));
}

}  // namespace
}  // namespace atelier

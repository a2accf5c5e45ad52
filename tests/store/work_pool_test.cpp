// How old what waits is, of queues of threads.
#include "store/work_pool.hpp"

#include <future>
#include <thread>

#include "tests/base/queue_report.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

using namespace std::chrono_literals;

Task<Result<int>> hold(WorkPool* pool, std::shared_future<void> until) {
  return run_in(pool, [until](std::size_t) {
    until.wait();
    return Result<int>(1);
  });
}

TEST(WorkPoolQueue, TellsSinceWhenItsFirstWaits) {
  WorkPool pool({.name = "held-for-test", .thread_count = 1, .queue_max = 8});
  const std::string queue = "held-for-test pool";
  EXPECT_EQ(queue_report_of(queue).oldest_seconds, 0);
  std::promise<void> go_on;
  auto held = go_on.get_future().share();
  std::thread looker([&] {
    // One is being done, two wait; both get older.
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (queue_report_of(queue).count != 2 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(1ms);
    EXPECT_EQ(queue_report_of(queue).count, 2U);
    const double first = queue_report_of(queue).oldest_seconds;
    EXPECT_GT(first, 0);
    std::this_thread::sleep_for(20ms);
    EXPECT_GE(queue_report_of(queue).oldest_seconds, first + 0.02);
    go_on.set_value();
  });
  std::vector<Task<Result<int>>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(hold(&pool, held));
  for (const Result<int>& answer : run_all(std::move(tasks))) EXPECT_TRUE(is_ok(answer));
  looker.join();
  EXPECT_EQ(queue_report_of(queue).oldest_seconds, 0);
}

}  // namespace
}  // namespace atelier::store

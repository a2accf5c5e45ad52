#include "base/loop_groups.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/async.hpp"
#include "base/blocking.hpp"

namespace atelier {
namespace {

// Two loops, each with its thread.
class LoopGroupsTest : public testing::Test {
 protected:
  LoopGroupsTest() {
    for (int at = 0; at < 2; ++at) threads_.emplace_back([this, at] { loops_[static_cast<std::size_t>(at)].run(); });
  }
  ~LoopGroupsTest() override {
    for (auto& guard : guards_) guard.reset();
    for (std::thread& thread : threads_) thread.join();
  }
  Executor executor(std::size_t at) { return loops_[at].get_executor(); }

  std::array<asio::io_context, 2> loops_;
  std::array<asio::executor_work_guard<asio::io_context::executor_type>, 2> guards_{asio::make_work_guard(loops_[0]),
                                                                                    asio::make_work_guard(loops_[1])};
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  LoopGroups groups_;
  std::atomic<int> running_ = 0, ended_ = 0;
};

Task<Result<>> wait_to_be_ended(std::atomic<int>* running, std::atomic<int>* ended) {
  ++*running;
  (void)co_await sleep_for(std::chrono::hours(1));
  ++*ended;
  co_return Result<>{};
}
Task<Result<>> fail_now() { co_return fail(ErrorCode::conflict, "no"); }

Task<> begin_here(std::mutex* mutex, LoopGroups* groups, std::atomic<int>* running, std::atomic<int>* ended) {
  const Executor here = co_await current_executor();
  const std::lock_guard lock(*mutex);
  groups->group_of(here).spawn(fail_now());
  groups->group_of(here).spawn(wait_to_be_ended(running, ended));
}

TEST_F(LoopGroupsTest, EachLoopHasOneGroupAndAllAreEndedOnTheirs) {
  for (std::size_t at : {0U, 1U, 0U, 1U}) run_blocking(executor(at), begin_here(&mutex_, &groups_, &running_, &ended_));
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(&groups_.group_of(executor(0)), &groups_.group_of(executor(0)));
    EXPECT_NE(&groups_.group_of(executor(0)), &groups_.group_of(executor(1)));
  }
  while (running_ < 4) std::this_thread::yield();
  EXPECT_EQ(ended_, 0);  // one that failed stops nobody
  LoopGroups::Groups all = groups_.take();
  EXPECT_EQ(all.size(), 2U);
  LoopGroups::end_all(std::move(all));
  EXPECT_EQ(ended_, 4);
  EXPECT_TRUE(groups_.take().empty());
}

}  // namespace
}  // namespace atelier

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "base/blocking.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task_group.hpp"
#include "store/migrations.hpp"
#include "store/waiter.hpp"
#include "tests/store/forwarding_database.hpp"
#include "tests/store/support.hpp"

// What tests of the gateway's bookkeeping live in: a loop of its own thread, and a database that can be made to stall.
namespace atelier::model {

constexpr UnixMs kNoon = 1'795'262'400'000;  // 2026-11-21T12:00:00Z

template <class Condition>
void await(Condition condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ADD_FAILURE() << "waited in vain";
}

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) {}
  ~LoopThread() {
    guard_.reset();
    thread_.join();
  }
  Executor executor() { return loop_.get_executor(); }
  template <class T>
  T wait_for(Task<T> task) {
    return run_blocking(executor(), std::move(task));
  }

 private:
  asio::io_context loop_{1};
  asio::executor_work_guard<Executor> guard_{loop_.get_executor()};
  std::thread thread_;
};

// A task that runs until end(): a class's run(), as the house would spawn it.
class Running {
 public:
  Running(LoopThread& loop, Task<Result<>> task) : loop_(loop) {
    group_ = loop_.wait_for(start(loop.executor(), std::move(task)));
  }
  ~Running() { end(); }
  void end() {
    if (group_) loop_.wait_for(stop(std::move(group_)));
  }

 private:
  static Task<std::unique_ptr<TaskGroup>> start(Executor executor, Task<Result<>> task) {
    auto group = std::make_unique<TaskGroup>(executor);
    group->spawn(std::move(task));
    co_return group;
  }
  static Task<> stop(std::unique_ptr<TaskGroup> group) {
    group->cancel();
    (void)co_await group->join();
  }
  LoopThread& loop_;
  std::unique_ptr<TaskGroup> group_;
};

// Hands everything on to a real database, unless told to behave like one that is locked or gone. Thread-safe.
class StallingDatabase final : public store::ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;

  // Writes begun from now on wait; those begun before go on.
  void stall() { set(true, is_dead_); }
  void resume() {
    set(false, is_dead_);
    std::vector<store::Waiter*> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (store::Waiter* waiter : waiting) store::resume(*waiter);
  }
  // As for a process that was killed: nothing is written any more.
  void die() {
    set(false, true);
    resume();
  }
  void revive() { set(is_stalled_, false); }
  std::size_t waiting_count() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  std::size_t write_count() const {
    const std::lock_guard lock(mutex_);
    return write_count_;
  }

  Task<Result<std::vector<store::Rows>>> write(std::vector<store::Statement> batch) override {
    bool must_wait = false;
    {
      const std::lock_guard lock(mutex_);
      must_wait = is_stalled_;
      ++write_count_;
    }
    if (must_wait) {
      store::Waiter waiter;
      co_await store::suspend(waiter, [this, place = &waiter] {
        std::unique_lock lock(mutex_);
        waiting_.push_back(place);
        if (is_stalled_) return;
        waiting_.pop_back();
        lock.unlock();
        store::resume(*place);
      });
    }
    {
      const std::lock_guard lock(mutex_);
      if (is_dead_) co_return fail(ErrorCode::unavailable, "the disk is on fire");
    }
    co_return co_await ForwardingDatabase::write(std::move(batch));
  }

 private:
  void set(bool is_stalled, bool is_dead) {
    const std::lock_guard lock(mutex_);
    is_stalled_ = is_stalled;
    is_dead_ = is_dead;
  }
  mutable std::mutex mutex_;
  bool is_stalled_ = false, is_dead_ = false;
  std::size_t write_count_ = 0;
  std::vector<store::Waiter*> waiting_;
};

// A class that writes to the database of telemetry, from a certain noon on.
class TelemetryTest : public ::testing::Test {
 protected:
  store::TemporaryFolder folder_;
  ManualClock clock_{kNoon};
  Metrics metrics_;
  std::unique_ptr<store::Database> real_ =
      *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
  StallingDatabase database_{*real_};
  LoopThread loop_;
};

}  // namespace atelier::model

#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "base/queue_report.hpp"
#include "store/waiter.hpp"

namespace atelier::store {

// A few named threads for work that blocks, with a bounded queue. Made at start; close() waits for what was queued.
class WorkPool {
 public:
  struct Options {
    std::string name;  // at most 15 characters: shown by ps and top
    std::size_t thread_count = 1;
    std::size_t queue_max = 1'024;
  };
  // A piece of work; lives in the frame of the coroutine that awaits it.
  class Job : public Waiter {
   public:
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() = default;
    // On one of the pool's threads, numbered from 0. Must not throw.
    virtual void run(std::size_t thread_index) noexcept = 0;

   private:
    friend WorkPool;
    std::chrono::steady_clock::time_point queued_at_{};
  };

  explicit WorkPool(Options options);
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // A place in the queue, which push() then takes. ErrorCode::unavailable when it is full or the pool is closed.
  Result<> reserve();
  void push(Job& job);
  // Work nobody awaits, such as a first look at a folder. Dropped when the queue is full.
  void run_aside(std::function<void()> work);
  void close();

 private:
  void work(std::size_t thread_index);
  // Of what somebody awaits; what runs aside may wait for long.
  Waiting waiting();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  std::vector<std::function<void()>> aside_;
  std::size_t reserved_count_ = 0;
  bool is_closed_ = false;
  std::vector<std::thread> threads_;
  std::optional<ReportedQueue> reported_;
};

// Runs `function` (returning a Result) on the pool and comes back to the awaiting coroutine's loop. `function` takes
// the number of the thread. What it throws becomes ErrorCode::internal.
template <class Function>
Task<std::invoke_result_t<Function&, std::size_t>> run_in(WorkPool* pool, Function function) {
  using Answer = std::invoke_result_t<Function&, std::size_t>;
  struct Call final : WorkPool::Job {
    explicit Call(Function given) : work(std::move(given)) {}
    void run(std::size_t thread_index) noexcept override {
      try {
        answer = work(thread_index);
      } catch (const std::exception& exception) {
        answer = Answer(fail(ErrorCode::internal, exception.what()));
      }
    }
    Function work;
    Answer answer = Answer(fail(ErrorCode::internal, "not run"));
  };
  if (auto place = pool->reserve(); !place) co_return error_of(place);
  Call call(std::move(function));
  co_await suspend(call, [pool, job = &call] { pool->push(*job); });
  co_return std::move(call.answer);
}

}  // namespace atelier::store

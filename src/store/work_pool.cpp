#include "store/work_pool.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <utility>

namespace atelier::store {

WorkPool::WorkPool(Options options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.thread_count; ++i) threads_.emplace_back([this, i] { work(i); });
}

WorkPool::~WorkPool() { close(); }

Result<> WorkPool::reserve() {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return fail(ErrorCode::unavailable, fmt::format("{} is closed", options_.name));
  if (reserved_count_ >= options_.queue_max) {
    auto full = fail(ErrorCode::unavailable,
                     fmt::format("{}: {} pieces of work wait already", options_.name, options_.queue_max));
    full.error().retry_after_ms = 100;
    return full;
  }
  ++reserved_count_;
  return {};
}

void WorkPool::push(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    job.next = nullptr;
    if (first_ == nullptr)
      first_ = &job;
    else
      last_->next = &job;
    last_ = &job;
  }
  wake_.notify_one();
}

void WorkPool::run_aside(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || aside_.size() >= options_.queue_max) return;
    aside_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void WorkPool::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    aside_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void WorkPool::work(std::size_t thread_index) {
  pthread_setname_np(pthread_self(), options_.name.c_str());
  std::unique_lock lock(mutex_);
  while (true) {
    // A reserved place that is not yet pushed belongs to a coroutine that is about to: it is waited for.
    wake_.wait(lock, [this] { return first_ != nullptr || !aside_.empty() || (is_closed_ && reserved_count_ == 0); });
    if (first_ != nullptr) {
      Job* job = std::exchange(first_, static_cast<Job*>(first_->next));
      lock.unlock();
      job->run(thread_index);
      resume(*job);
      lock.lock();
      if (--reserved_count_ == 0 && is_closed_) wake_.notify_all();
    } else if (!aside_.empty()) {
      const std::function<void()> aside = std::move(aside_.back());
      aside_.pop_back();
      lock.unlock();
      aside();
      lock.lock();
    } else {
      return;
    }
  }
}

}  // namespace atelier::store

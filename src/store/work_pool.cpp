#include "store/work_pool.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <map>
#include <utility>

#include "store/work_pools.hpp"

namespace atelier::store {
namespace {

// Pools are made wherever work blocks, and by parts that know of no metrics: who looks at them all finds them here.
struct LivingPools {
  std::mutex mutex;
  std::map<const WorkPool*, std::function<WorkPoolReport()>> reports;
};

LivingPools& living_pools() {
  static LivingPools* pools = new LivingPools();  // lives as long as the process: pools may outlive any other static
  return *pools;
}

}  // namespace

std::vector<WorkPoolReport> report_work_pools() {
  std::map<std::string, WorkPoolReport> by_name;
  LivingPools& living = living_pools();
  const std::lock_guard lock(living.mutex);
  for (const auto& [pool, report] : living.reports) {
    WorkPoolReport one = report();
    WorkPoolReport& sum = by_name[one.name];
    sum.name = std::move(one.name);
    sum.thread_count += one.thread_count;
    sum.busy_count += one.busy_count;
    sum.queued_count += one.queued_count;
    sum.queue_max += one.queue_max;
  }
  std::vector<WorkPoolReport> all;
  for (auto& [name, report] : by_name) all.push_back(std::move(report));
  return all;
}

WorkPool::WorkPool(Options options) : options_(std::move(options)) {
  {
    LivingPools& living = living_pools();
    const std::lock_guard lock(living.mutex);
    living.reports.emplace(this, [this] {
      const std::lock_guard own(mutex_);
      const std::size_t busy = std::min(reserved_count_, options_.thread_count);
      return WorkPoolReport{.name = options_.name,
                            .thread_count = options_.thread_count,
                            .busy_count = busy,
                            .queued_count = reserved_count_ - busy + aside_.size(),
                            .queue_max = options_.queue_max};
    });
  }
  for (std::size_t i = 0; i < options_.thread_count; ++i) threads_.emplace_back([this, i] { work(i); });
  reported_.emplace(options_.name + " pool", [this] { return waiting(); });
}

WorkPool::~WorkPool() {
  reported_.reset();
  {
    LivingPools& living = living_pools();
    const std::lock_guard lock(living.mutex);
    living.reports.erase(this);
  }
  close();
}

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
    job.queued_at_ = std::chrono::steady_clock::now();
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

Waiting WorkPool::waiting() {
  const std::lock_guard lock(mutex_);
  const std::size_t busy = std::min(reserved_count_, options_.thread_count);
  Waiting waiting{.count = reserved_count_ - busy};
  if (first_ != nullptr) waiting.since = first_->queued_at_;
  return waiting;
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

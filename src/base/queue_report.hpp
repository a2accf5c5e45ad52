#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace atelier {

// What waits in a queue, and since when the first of it does (nullopt: nothing waits).
struct Waiting {
  std::size_t count = 0;
  std::optional<std::chrono::steady_clock::time_point> since = {};
};

// Makes a queue known to whoever looks at all of them, for as long as this lives. Queues are wherever something waits,
// in parts that know of no metrics. `look` is called from any thread; it may take the queue's own lock, which therefore
// must not be held where this is made or ends. To be its owner's last member.
class ReportedQueue {
 public:
  ReportedQueue(std::string name, std::function<Waiting()> look);
  ~ReportedQueue();
  ReportedQueue(const ReportedQueue&) = delete;
  ReportedQueue& operator=(const ReportedQueue&) = delete;
};

// The same for a queue that is of one thread: it tells at each change how it is.
class ToldQueue {
 public:
  explicit ToldQueue(std::string name) : reported_(std::move(name), [this] { return get(); }) {}
  void set(Waiting waiting) noexcept {
    const std::lock_guard lock(mutex_);
    waiting_ = waiting;
  }

 private:
  Waiting get() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  mutable std::mutex mutex_;
  Waiting waiting_;
  ReportedQueue reported_;
};

struct QueueReport {
  std::string name;
  std::size_t count = 0;
  double oldest_seconds = 0;  // since its first waits; 0: nothing does
};

// Of all queues of this process at this moment, by name; those of one name together. Thread-safe.
std::vector<QueueReport> report_queues();

}  // namespace atelier

#include "store/waiter.hpp"

namespace atelier::store {
namespace {

// The waiters of one loop on their way there.
class Chain {
 public:
  explicit Chain(Waiter* first) noexcept : first_(first) {}
  Chain(Chain&& other) noexcept : first_(std::exchange(other.first_, nullptr)) {}
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  Chain& operator=(Chain&&) = delete;
  ~Chain() {
    while (first_ != nullptr) (void)take();
  }

  void operator()() {
    while (first_ != nullptr) take()();
  }

 private:
  ResumeHandler take() {
    Waiter* waiter = std::exchange(first_, first_->next);
    // Moved out first: the handler owns the frame in which the waiter lives.
    return std::move(*waiter->handler);
  }

  Waiter* first_;
};

}  // namespace

void Resumptions::add(Waiter& waiter) {
  waiter.next = nullptr;
  const Executor executor = waiter.executor();
  for (Loop& loop : loops_) {
    if (loop.executor != executor) continue;
    loop.last = loop.last->next = &waiter;
    return;
  }
  loops_.push_back({executor, &waiter, &waiter});
}

void Resumptions::post() {
  for (const Loop& loop : loops_) asio::post(loop.executor, Chain(loop.first));
  loops_.clear();
}

void resume(Waiter& waiter) {
  waiter.next = nullptr;
  asio::post(waiter.executor(), Chain(&waiter));
}

}  // namespace atelier::store

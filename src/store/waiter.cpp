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

// The loop may run the chain, have nothing left to do and be destroyed before post() itself has returned: tracked work
// keeps it running until then.
void post_chain(Executor executor, Waiter* first) {
  const auto running = asio::require(executor, asio::execution::outstanding_work.tracked);
  asio::post(executor, Chain(first));
}

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
  for (const Loop& loop : loops_) post_chain(loop.executor, loop.first);
  loops_.clear();
}

void resume(Waiter& waiter) {
  waiter.next = nullptr;
  post_chain(waiter.executor(), &waiter);
}

}  // namespace atelier::store

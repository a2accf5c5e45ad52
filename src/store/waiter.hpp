#pragma once

#include <optional>
#include <vector>

#include "base/async.hpp"

// How a coroutine waits for a thread that is no loop (the database's writer, a pool's worker) and goes on at home.
namespace atelier::store {

using ResumeHandler = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

// A suspended coroutine. It lives in that coroutine's own frame, which `handler` owns: whoever holds the waiter either
// resumes it or destroys the handler, and the waiter goes with it.
struct Waiter {
  std::optional<ResumeHandler> handler;
  Waiter* next = nullptr;

  Executor executor() const noexcept { return handler->get_executor(); }
};

// Suspends the awaiting coroutine, then calls `start`, which hands the waiter to another thread. Not cancellable: what
// was handed over is carried out, and its answer is awaited.
template <class Start>
Task<> suspend(Waiter& waiter, Start start) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [](ResumeHandler handler, Waiter* place, Start begin) {
        place->handler.emplace(std::move(handler));
        begin();  // from here on another thread may have resumed and ended the waiter
      },
      asio::use_awaitable_t<Executor>{}, &waiter, std::move(start));
}

// Waiters that were answered, gathered by their loops so that each loop is woken once however many there are.
class Resumptions {
 public:
  void add(Waiter& waiter);
  // Hands each loop its waiters, in the order they were added. The loops must still exist; one that is destroyed
  // without running again ends its coroutines.
  void post();

 private:
  struct Loop {
    Executor executor;
    Waiter* first = nullptr;
    Waiter* last = nullptr;
  };
  std::vector<Loop> loops_;  // as many as the process has loops: a few
};

void resume(Waiter& waiter);

}  // namespace atelier::store

#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>

#include "base/async.hpp"

namespace atelier {

// Whoever is stopped looks at is_cancelled(), as everywhere: nothing is thrown.
template <class T>
Task<T> without_throwing(Task<T> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(task);
}

// Moves the awaiting coroutine's work to another loop and brings the result back to this one. Cancellation travels, and
// may come while the other loop just ends what is waited for: Boost 1.81's own co_spawn() would have that loop emit a
// signal that lies in the awaiting coroutine's slot, which is cleared as soon as that goes on. Here a stop that is on
// its way keeps the signal alive.
template <class T>
Task<T> run_elsewhere(Executor executor, Task<T> task) {
  const Executor here = co_await current_executor();
  if (executor == here) co_return co_await std::move(task);
  const auto stop = std::make_shared<asio::cancellation_signal>();  // shared with stops on their way
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  const auto forward = [executor, stop](asio::cancellation_type_t type) {
    asio::post(executor, [stop, type] { stop->emit(type); });
  };
  if (asio::cancellation_slot slot = state.slot(); slot.is_connected()) slot.assign(forward);
  const asio::use_awaitable_t<Executor> use_awaitable;
  auto token = asio::bind_cancellation_slot(stop->slot(), use_awaitable);
  co_return co_await asio::co_spawn(executor, without_throwing(std::move(task)), std::move(token));
}

}  // namespace atelier

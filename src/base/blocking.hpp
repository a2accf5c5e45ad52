#pragma once

#include <exception>
#include <future>
#include <type_traits>

#include "base/async.hpp"

namespace atelier {

// Runs a coroutine on a loop and blocks the calling thread until it ends. For main threads and tests; never on a loop.
template <class T>
T run_blocking(Executor executor, Task<T> task) {
  std::promise<T> promise;
  auto future = promise.get_future();
  const auto guarded = [](Task<T> inner) -> Task<T> {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await std::move(inner);
  };
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(executor, guarded(std::move(task)), [&promise](std::exception_ptr thrown) {
      if (thrown)
        promise.set_exception(thrown);
      else
        promise.set_value();
    });
  } else {
    asio::co_spawn(executor, guarded(std::move(task)), [&promise](std::exception_ptr thrown, T value) {
      if (thrown)
        promise.set_exception(thrown);
      else
        promise.set_value(std::move(value));
    });
  }
  return future.get();
}

}  // namespace atelier

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>

#include "base/error.hpp"
#include "base/task.hpp"

// The few words our coroutines use of Asio. Only .cpp files that co_await include this.
namespace atelier {

namespace asio = boost::asio;

// `auto [ec, n] = co_await socket.async_read_some(buffer, use_task);` Errors are values, never exceptions.
inline constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<Executor>{});

using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

inline auto current_executor() { return asio::this_coro::executor; }

// Whether the awaiting chain was asked to stop. Loops that might not wait on anything ask this.
inline Task<bool> is_cancelled() {
  co_return (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
}

// ErrorCode::cancelled if cancelled, before or while it waits.
inline Task<Result<>> sleep_for(std::chrono::steady_clock::duration length) {
  // A cancellation from before wakes nothing any more.
  const bool was_cancelled = co_await is_cancelled();
  if (was_cancelled) co_return fail(ErrorCode::cancelled, "cancelled before waiting");
  Timer timer(co_await current_executor(), length);
  auto [ec] = co_await timer.async_wait(use_task);
  if (ec || co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "cancelled while waiting");
  co_return Result<>{};
}

// Wakes coroutines of one loop: like a condition variable without a lock, since only that loop touches the state it
// guards. Made, waited on and notified on its own loop.
class Signal {
 public:
  explicit Signal(Executor executor)
      : timer_(std::make_shared<Timer>(executor, std::chrono::steady_clock::time_point::max())) {}
  // Returns when notified, at `until`, or when cancelled; the caller looks at its own state to see why.
  Task<> wait() {
    auto [ec] = co_await timer_->async_wait(use_task);
    (void)ec;
  }
  Task<> wait_until(std::chrono::steady_clock::time_point until);
  void notify_all() { timer_->cancel(); }

 private:
  // Shared with wait_until's handler: one that is due already runs even after the waiter woke and the signal died.
  std::shared_ptr<Timer> timer_;
};

}  // namespace atelier

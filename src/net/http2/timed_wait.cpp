#include "net/http2/timed_wait.hpp"

#include "net/stream.hpp"

namespace atelier::net {

Task<TimedWait::End> TimedWait::wait(std::chrono::steady_clock::duration timeout) {
  bool is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  if (is_stopped) co_return End::stopped;
  if (!signal_) {
    const Executor executor = co_await current_executor();
    Deadlines::Target& self = *this;
    signal_.emplace(executor);
    deadline_.emplace(deadlines_, self);
  }
  is_late_ = false;
  is_waiting_ = true;
  deadline_->set(std::chrono::steady_clock::now() + timeout);
  co_await signal_->wait();
  is_waiting_ = false;
  deadline_->clear();
  is_stopped = was_stopped(co_await asio::this_coro::cancellation_state);
  if (is_stopped) co_return End::stopped;
  co_return is_late_ ? End::late : End::notified;
}

void TimedWait::notify() {
  if (is_waiting_) signal_->notify_all();
}

void TimedWait::extend(std::chrono::steady_clock::duration timeout) noexcept {
  if (is_waiting_) deadline_->set(std::chrono::steady_clock::now() + timeout);
}

void TimedWait::on_deadline() {
  is_late_ = true;
  notify();
}

}  // namespace atelier::net

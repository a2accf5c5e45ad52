#include "base/task_group.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <list>

#include "base/async.hpp"

namespace atelier {

struct TaskGroup::Member::Running {
  asio::cancellation_signal signal;
  Member* member = nullptr;
};

TaskGroup::Member::~Member() {
  if (running_) running_->member = nullptr;
}

void TaskGroup::Member::cancel() {
  if (running_) running_->signal.emit(asio::cancellation_type::terminal);
}

struct TaskGroup::State : std::enable_shared_from_this<TaskGroup::State> {
  State(Executor given_executor, Options given_options)
      : executor(given_executor), options(given_options), changed(given_executor) {}

  Executor executor;
  Options options;
  Signal changed;
  std::list<Member::Running> running;
  std::list<Task<Result<>>>
      waiting;  // a list: an empty deque holds half a kilobyte, and there is a group for each connection
  std::optional<Error> first_error;
  bool is_cancelled = false;

  static Task<Result<>> guarded(Task<Result<>> task) {
    // Cancellation shows as a result of the operation that waited, not as an exception at the next co_await.
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await std::move(task);
  }

  void start(Task<Result<>> task, Member* member = nullptr) {
    auto place = running.emplace(running.end());
    place->member = member;
    if (member) member->running_ = &*place;
    asio::co_spawn(executor, guarded(std::move(task)),
                   asio::bind_cancellation_slot(place->signal.slot(), [self = shared_from_this(), place](
                                                                          std::exception_ptr thrown, Result<> result) {
                     if (place->member) place->member->running_ = nullptr;
                     self->running.erase(place);
                     self->ended(thrown, std::move(result));
                   }));
  }

  void ended(const std::exception_ptr& thrown, Result<> result) {
    if (thrown) {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& exception) {
        result = fail(ErrorCode::internal, exception.what());
      } catch (...) {
        result = fail(ErrorCode::internal, "a coroutine threw something that is no std::exception");
      }
    }
    if (!result && !first_error) {
      first_error = std::move(result).error();
      if (options.stops_on_error) cancel_all();
    }
    if (!waiting.empty() && !is_cancelled && running.size() < options.at_most) {
      Task<Result<>> next = std::move(waiting.front());
      waiting.pop_front();
      start(std::move(next));
    }
    changed.notify_all();
  }

  void cancel_all() {
    is_cancelled = true;
    waiting.clear();
    // A member may end inside emit() and take its place out of the list.
    for (auto place = running.begin(); place != running.end();) {
      auto next = std::next(place);
      place->signal.emit(asio::cancellation_type::terminal);
      place = next;
    }
  }
};

TaskGroup::TaskGroup(Executor executor, Options options) : state_(std::make_shared<State>(executor, options)) {}

TaskGroup::~TaskGroup() { ensure(state_->running.empty(), "a TaskGroup is joined before it dies"); }

void TaskGroup::spawn(Task<Result<>> task) {
  if (state_->is_cancelled) return;
  if (state_->running.size() >= state_->options.at_most)
    state_->waiting.push_back(std::move(task));
  else
    state_->start(std::move(task));
}

void TaskGroup::spawn(Task<Result<>> task, Member& member) {
  ensure(!member.is_running(), "a hold is on one task at a time");
  if (!state_->is_cancelled) state_->start(std::move(task), &member);
}

void TaskGroup::cancel() { state_->cancel_all(); }

Task<Result<>> TaskGroup::join() {
  const auto state = state_;
  while (!state->running.empty() || !state->waiting.empty()) {
    // Looked at before waiting too: a cancellation from before join() wakes nothing any more.
    const bool was_cancelled = co_await is_cancelled();
    if (was_cancelled && !state->is_cancelled) {
      state->cancel_all();
      continue;
    }
    co_await state->changed.wait();
  }
  if (state->first_error) co_return std::unexpected(*state->first_error);
  co_return Result<>{};
}

std::size_t TaskGroup::size() const noexcept { return state_->running.size() + state_->waiting.size(); }

Task<> Signal::wait_until(std::chrono::steady_clock::time_point until) {
  const std::shared_ptr<Timer> timer = timer_;
  Timer deadline(timer->get_executor(), until);
  deadline.async_wait([timer](boost::system::error_code ec) {
    if (!ec) timer->cancel();
  });
  auto [ec] = co_await timer->async_wait(use_task);
  (void)ec;
}

}  // namespace atelier

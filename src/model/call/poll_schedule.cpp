#include "model/call/poll_schedule.hpp"

#include <algorithm>

namespace atelier::model {

PollSchedule::PollSchedule(Executor executor, const Clock& clock, std::chrono::milliseconds gap)
    : executor_(std::move(executor)), clock_(clock), gap_(gap) {}

Task<Result<bool>> PollSchedule::wait(std::string provider, std::string job, std::chrono::milliseconds pause) {
  const Key key(provider, std::move(job));
  bool is_heard = false;
  if (const auto early = std::ranges::find(early_, key); early != early_.end()) {
    early_.erase(early);
    is_heard = true;
  }
  if (!is_heard) {
    Waiting waiting{.signal = Signal(executor_)};
    waiting_[key] = &waiting;
    const auto until = clock_.now() + pause;
    while (!waiting.is_heard && clock_.now() < until) {
      co_await waiting.signal.wait_until(until);
      if (co_await is_cancelled()) break;
    }
    if (const auto found = waiting_.find(key); found != waiting_.end() && found->second == &waiting)
      waiting_.erase(found);
    is_heard = waiting.is_heard;
  }
  if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "nobody waits for the job any more");
  // In a row where several are due.
  auto& free_at = free_at_[provider];
  const auto now = clock_.now(), mine = std::max(free_at, now);
  free_at = mine + gap_;
  if (mine > now)
    if (auto slept = co_await sleep_for(mine - now); !slept) co_return error_of(slept);
  co_return is_heard;
}

void PollSchedule::hear(std::string provider, std::string job) {
  asio::post(executor_, [this, key = Key(std::move(provider), std::move(job))] { heard(key); });
}

void PollSchedule::heard(const Key& key) {
  if (const auto found = waiting_.find(key); found != waiting_.end()) {
    found->second->is_heard = true;
    found->second->signal.notify_all();
    return;
  }
  if (std::ranges::find(early_, key) != early_.end()) return;
  if (early_.size() >= kUnheardMax) early_.pop_front();
  early_.push_back(key);
}

}  // namespace atelier::model

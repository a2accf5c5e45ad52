#include "model/limit/limiter.hpp"

#include <fmt/format.h>

#include <utility>

namespace atelier::model {
namespace {

// A place may come free at any moment.
constexpr Gcra::Nanos kPlaceWait = 1'000'000'000;

std::unexpected<Error> refuse(std::string message, std::string reason, Gcra::Nanos wait) {
  auto refused = fail(ErrorCode::rate_limited, std::move(message), {.reason = std::move(reason), .where = {}});
  refused.error().retry_after_ms = static_cast<std::uint32_t>((wait + 999'999) / 1'000'000);
  return refused;
}

LimitStatus::One status_of(const Gcra& bucket, Gcra::Nanos time) noexcept {
  return {.quota = bucket.quota(),
          .remaining = bucket.remaining(time),
          .more_in = std::chrono::nanoseconds(bucket.is_limited() ? bucket.more_in(time) : 0),
          .full_in = std::chrono::nanoseconds(bucket.full_in(time))};
}

}  // namespace

RatePass::RatePass(std::shared_ptr<KeyLimiter> limiter, Gcra::Reserved tokens) noexcept
    : limiter_(std::move(limiter)), tokens_(tokens) {}

RatePass::RatePass(RatePass&& other) noexcept : limiter_(std::move(other.limiter_)), tokens_(other.tokens_) {
  other.limiter_ = nullptr;
}

RatePass& RatePass::operator=(RatePass&& other) noexcept {
  if (this != &other) {
    release();
    limiter_ = std::exchange(other.limiter_, nullptr);
    tokens_ = other.tokens_;
  }
  return *this;
}

void RatePass::release() noexcept {
  if (const auto limiter = std::exchange(limiter_, nullptr)) limiter->leave();
}

void RatePass::settle(std::int64_t tokens_used) noexcept {
  if (!limiter_) return;
  limiter_->settle(tokens_, tokens_used);
  tokens_.count = tokens_used;
}

void KeyLimiter::set_limits(KeyLimits limits) noexcept {
  const std::lock_guard lock(mutex_);
  requests_.set_quota(limits.requests_per_minute);
  tokens_.set_quota(limits.tokens_per_minute);
  concurrent_max_ = std::max<std::int64_t>(limits.concurrent_max, 0);
  is_limited_.store(limits != KeyLimits(), std::memory_order_release);
}

Result<RatePass> KeyLimiter::admit(std::int64_t tokens) {
  if (!is_limited_.load(std::memory_order_acquire)) return RatePass();
  const Gcra::Nanos time = now();
  std::unique_lock lock(mutex_);
  // Each message is made outside of the lock: only refused calls pay for it.
  if (!tokens_.can_ever_take(tokens)) {
    const std::int64_t quota = tokens_.quota();
    lock.unlock();
    return fail(
        ErrorCode::too_large,
        fmt::format("the call may use {} tokens, and this key has {} a minute: ask for less output", tokens, quota),
        {.reason = "tokens_over_limit", .where = {}});
  }
  if (concurrent_max_ > 0 && inside_count_ >= concurrent_max_) {
    const std::int64_t count = concurrent_max_;
    lock.unlock();
    return refuse(fmt::format("this key has {} calls at a time, and they are all in use", count), "concurrency",
                  kPlaceWait);
  }
  if (const Gcra::Nanos wait = requests_.wait_for(1, time); wait > 0) {
    const std::int64_t quota = requests_.quota();
    lock.unlock();
    return refuse(fmt::format("this key has {} requests a minute, and they are used up", quota), "requests_per_minute",
                  wait);
  }
  if (const Gcra::Nanos wait = tokens_.wait_for(tokens, time); wait > 0) {
    const std::int64_t quota = tokens_.quota(), left = tokens_.remaining(time);
    lock.unlock();
    return refuse(
        fmt::format("this key has {} tokens a minute, {} of them now, and the call may use {}", quota, left, tokens),
        "tokens_per_minute", wait);
  }
  requests_.take(1, time);
  const Gcra::Reserved reserved = tokens_.reserve(tokens, time);
  ++inside_count_;
  lock.unlock();
  mark_changed();
  return RatePass(shared_from_this(), reserved);
}

void KeyLimiter::leave() noexcept {
  const std::lock_guard lock(mutex_);
  --inside_count_;
}

void KeyLimiter::settle(const Gcra::Reserved& reserved, std::int64_t used) noexcept {
  {
    const std::lock_guard lock(mutex_);
    tokens_.settle(reserved, used, now());
  }
  mark_changed();
}

LimitStatus KeyLimiter::status() const {
  LimitStatus status;
  if (!is_limited_.load(std::memory_order_acquire)) return status;
  const Gcra::Nanos time = now();
  const std::lock_guard lock(mutex_);
  status.requests = status_of(requests_, time);
  status.tokens = status_of(tokens_, time);
  status.concurrency = {.quota = concurrent_max_,
                        .remaining = std::max<std::int64_t>(concurrent_max_ - inside_count_, 0)};
  return status;
}

KeyLimiter::State KeyLimiter::state() const {
  const Gcra::Nanos time = now();
  const std::lock_guard lock(mutex_);
  return {requests_.full_in(time), tokens_.full_in(time)};
}

void KeyLimiter::restore(State state) {
  const Gcra::Nanos time = now();
  const std::lock_guard lock(mutex_);
  requests_.restore(state.requests_full_in, time);
  tokens_.restore(state.tokens_full_in, time);
}

bool KeyLimiter::is_at_rest() const {
  const Gcra::Nanos time = now();
  const std::lock_guard lock(mutex_);
  return inside_count_ == 0 && requests_.full_in(time) == 0 && tokens_.full_in(time) == 0;
}

}  // namespace atelier::model

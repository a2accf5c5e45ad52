#include "model/route/breaker.hpp"

#include <algorithm>

namespace atelier::model {

std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "closed";
}

Health health_of(const Fault& fault) noexcept {
  if (fault.code == kAnswerDiffers || fault.code == kAnswerEmpty) return Health::no_sign;
  switch (fault.kind) {
    case Fault::Kind::authentication:
    case Fault::Kind::billing:
    case Fault::Kind::permission:
      return Health::account;
    case Fault::Kind::caller:
    case Fault::Kind::context_length:
    case Fault::Kind::content:
    case Fault::Kind::unsupported:
    case Fault::Kind::model_missing:
    case Fault::Kind::rate_limit:  // the limiter's business, not the breaker's: the provider is well
    case Fault::Kind::cancelled:
      return Health::no_sign;
    default:
      return Health::bad;
  }
}

Breaker::Permit Breaker::ask(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (state_ == BreakerState::closed) return Permit::allowed;
  if (state_ == BreakerState::open && now >= open_until_) {
    state_ = BreakerState::half_open;
    ++revision_;
  }
  if (state_ != BreakerState::half_open || is_probing_) return Permit::refused;
  is_probing_ = true;
  return Permit::probe;
}

Breaker::Permit Breaker::ask_out_of_turn(TimePoint now) {
  (void)now;
  const std::lock_guard lock(mutex_);
  if (state_ == BreakerState::closed) return Permit::allowed;
  if (is_account_ || is_probing_) return Permit::refused;
  is_probing_ = true;
  return Permit::probe;
}

void Breaker::tell(Permit permit, Health health, TimePoint now, std::optional<std::chrono::milliseconds> retry_after) {
  const std::lock_guard lock(mutex_);
  if (permit == Permit::probe) is_probing_ = false;
  if (health == Health::no_sign) return;
  count(health != Health::good, now);
  if (health == Health::good) {
    consecutive_ = 0;
    // Only a probe's success closes: an attempt that began before the trip says nothing of what came after.
    if (state_ == BreakerState::closed || permit != Permit::probe) return;
    state_ = BreakerState::closed;
    is_account_ = false;
    trips_ = 0;
    slots_.fill(Slot());
    ++revision_;
    return;
  }
  if (consecutive_ == 0 || now - first_failure_ > policy_.window) {
    consecutive_ = 0;
    first_failure_ = now;
  }
  ++consecutive_;
  const std::chrono::milliseconds floor = retry_after.value_or(std::chrono::milliseconds(0));
  if (health == Health::account) {
    is_account_ = true;
    open(now, std::max(policy_.account_open_for, floor));
    return;
  }
  if (state_ != BreakerState::closed && permit != Permit::probe) return;
  if (state_ == BreakerState::closed && !has_tripped(now)) return;
  const auto doubled = policy_.open_for * (std::int64_t{1} << std::min(trips_, 16U));
  open(now, std::max(std::min(doubled, policy_.open_max), floor));
}

void Breaker::open(TimePoint now, std::chrono::milliseconds length) {
  state_ = BreakerState::open;
  open_until_ = now + length;
  consecutive_ = 0;
  ++trips_;
  ++revision_;
}

bool Breaker::has_tripped(TimePoint now) const {
  if (consecutive_ >= policy_.consecutive_max) return true;
  const auto [attempts, failures] = counted(now);
  return attempts >= policy_.attempts_min && failures >= policy_.failure_rate_max * attempts;
}

Breaker::Slot& Breaker::slot_at(TimePoint now) {
  const auto number = now.time_since_epoch() / (std::chrono::nanoseconds(policy_.window) / std::int64_t{kSlots});
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = Slot{.number = number};
  return slot;
}

void Breaker::count(bool is_failure, TimePoint now) {
  Slot& slot = slot_at(now);
  ++slot.attempts;
  if (is_failure) ++slot.failures;
}

std::pair<std::uint32_t, std::uint32_t> Breaker::counted(TimePoint now) const {
  const auto newest = now.time_since_epoch() / (std::chrono::nanoseconds(policy_.window) / std::int64_t{kSlots});
  std::uint32_t attempts = 0, failures = 0;
  for (const Slot& slot : slots_) {
    if (slot.number <= newest - static_cast<std::int64_t>(kSlots)) continue;
    attempts += slot.attempts;
    failures += slot.failures;
  }
  return {attempts, failures};
}

Breaker::Snapshot Breaker::snapshot(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto [attempts, failures] = counted(now);
  Snapshot told{
      .state = state_, .trips = trips_, .is_account = is_account_, .attempts = attempts, .failures = failures};
  if (state_ == BreakerState::open)
    told.opens_in =
        std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(open_until_ - now));
  return told;
}

void Breaker::restore(std::uint32_t trips, bool is_account, std::chrono::milliseconds left, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (trips == 0) return;
  // A wall clock that stepped while the server was down must not lock a candidate out for longer than a trip could.
  const auto longest = is_account ? policy_.account_open_for : policy_.open_max;
  state_ = BreakerState::open;
  trips_ = trips;
  is_account_ = is_account;
  open_until_ = now + std::clamp(left, std::chrono::milliseconds(0), longest);
}

void Breaker::reset() {
  const std::lock_guard lock(mutex_);
  state_ = BreakerState::closed;
  trips_ = consecutive_ = 0;
  is_account_ = is_probing_ = false;
  slots_.fill(Slot());
  ++revision_;
}

std::uint64_t Breaker::revision() const noexcept {
  const std::lock_guard lock(mutex_);
  return revision_;
}

}  // namespace atelier::model

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace atelier::model {

// So much per minute, for one thing. A bucket of a whole minute's quota that fills evenly: the generic cell rate
// algorithm, whose only state is the time at which the bucket will be full again. Times are whole nanoseconds of a
// steady clock, so that nobody who sets the wall clock unlocks or freezes a key. Not thread-safe.
class Gcra {
 public:
  using Nanos = std::int64_t;
  static constexpr Nanos kPeriod = 60'000'000'000;
  // Over this a unit would take no time at all to come back.
  static constexpr std::int64_t kQuotaMax = 1'000'000'000;

  // 0: no limit.
  void set_quota(std::int64_t per_minute) noexcept { quota_ = std::clamp<std::int64_t>(per_minute, 0, kQuotaMax); }
  std::int64_t quota() const noexcept { return quota_; }
  bool is_limited() const noexcept { return quota_ > 0; }

  // Whether `count` could be taken from a full bucket.
  bool can_ever_take(std::int64_t count) const noexcept { return !is_limited() || count <= quota_; }
  // How long until `count` can be taken; 0: now. For counts that can ever be.
  Nanos wait_for(std::int64_t count, Nanos now) const noexcept {
    if (!is_limited()) return 0;
    return std::max<Nanos>(0, std::max(now, full_at_) + time_of(count) - now - time_of(quota_));
  }
  // Takes without asking: what was used is used. A debt over the quota waits that much longer. The debt is bounded by
  // an hour, so that no wrong figure locks a key for days.
  void take(std::int64_t count, Nanos now) noexcept {
    if (!is_limited()) return;
    full_at_ = std::min(std::max(now, full_at_) + time_of(count), now + kDebtMax);
  }

  // What was taken in the belief that it would be used. Settling gives back what was not, but no more than has not
  // filled up again by itself meanwhile: otherwise a long call that returns its reservation would give a minute's quota
  // twice.
  struct Reserved {
    std::int64_t count = 0;
    Nanos full_at = 0;   // the bucket's, right after
    Nanos returned = 0;  // by others, before
  };
  Reserved reserve(std::int64_t count, Nanos now) noexcept {
    take(count, now);
    return {count, full_at_, returned_};
  }
  void settle(const Reserved& reserved, std::int64_t used, Nanos now) noexcept {
    if (!is_limited()) return;
    if (used > reserved.count) return take(used - reserved.count, now);
    // What others gave back since moved this reservation forward by at most as much.
    const Nanos ends_at = reserved.full_at - (returned_ - reserved.returned);
    const Nanos left = std::clamp<Nanos>(ends_at - now, 0, time_of(reserved.count));
    const Nanos back = std::min(time_of(reserved.count - used), left);
    full_at_ -= back;
    returned_ += back;
  }

  std::int64_t remaining(Nanos now) const noexcept {
    if (!is_limited()) return 0;
    return std::clamp<std::int64_t>((time_of(quota_) - full_in(now)) / interval(), 0, quota_);
  }
  // Until one more than remaining() can be taken; 0 when the bucket is full.
  Nanos more_in(Nanos now) const noexcept {
    return full_in(now) == 0 ? 0 : full_in(now) - time_of(quota_ - remaining(now) - 1);
  }
  // Until the bucket is full.
  Nanos full_in(Nanos now) const noexcept { return std::max<Nanos>(0, full_at_ - now); }
  void restore(Nanos full_in, Nanos now) noexcept { full_at_ = now + std::clamp<Nanos>(full_in, 0, kPeriod); }

 private:
  static constexpr Nanos kDebtMax = 3'600'000'000'000;
  Nanos interval() const noexcept { return kPeriod / quota_; }
  Nanos time_of(std::int64_t count) const noexcept { return std::min(count, kDebtMax / interval() + 1) * interval(); }
  std::int64_t quota_ = 0;
  Nanos full_at_ = 0;
  Nanos returned_ = 0;
};

}  // namespace atelier::model

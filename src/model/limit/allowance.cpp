#include "model/limit/allowance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace atelier::model {
namespace {

constexpr std::uint32_t kSoonMs = 1'000;          // calls in progress give back what they do not use
constexpr std::int64_t kRetryMaxMs = 86'400'000;  // as long as anybody believes a Retry-After

}  // namespace

Picodollars block_of(Picodollars limit) noexcept { return std::min(limit, std::max(limit / 20, kCent)); }

Reservation::Reservation(Reservation&& other) noexcept
    : allowance_(std::exchange(other.allowance_, nullptr)),
      day_(std::move(other.day_)),
      month_(std::move(other.month_)),
      amount_(other.amount_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    settle(amount_);
    allowance_ = std::exchange(other.allowance_, nullptr);
    day_ = std::move(other.day_);
    month_ = std::move(other.month_);
    amount_ = other.amount_;
  }
  return *this;
}

void Reservation::settle(std::optional<Picodollars> cost) noexcept {
  const auto allowance = std::exchange(allowance_, nullptr);
  if (!allowance) return;
  const Picodollars spent = std::max<Picodollars>(cost.value_or(amount_), 0);
  allowance->settle(day_, amount_, spent);
  allowance->settle(month_, amount_, spent);
}

void Allowance::set_limits(UserId owner, AllowanceLimits limits) {
  const std::lock_guard lock(mutex_);
  owner_ = owner;
  limits_ = limits;
  is_limited_.store(limits.is_limited(), std::memory_order_release);
}

void Allowance::roll(UnixMs now_ms) {
  const auto put = [&](PeriodAccountPtr& account, bool is_wanted, Period (*period_of)(UnixMs)) {
    if (account && is_wanted && account->period.holds(now_ms)) return;
    if (account) past_.push_back(std::exchange(account, nullptr));
    if (is_wanted) account = std::make_shared<PeriodAccount>(PeriodAccount{.period = period_of(now_ms)});
  };
  put(day_, limits_.day.has_value(), day_of);
  put(month_, limits_.month.has_value(), month_of);
}

void Allowance::roll_if_used(UnixMs now_ms) {
  if ((day_ && !day_->period.holds(now_ms)) || (month_ && !month_->period.holds(now_ms))) roll(now_ms);
}

std::vector<PeriodAccountPtr> Allowance::accounts() const {
  std::vector<PeriodAccountPtr> all = past_;
  if (day_) all.push_back(day_);
  if (month_) all.push_back(month_);
  return all;
}

void Allowance::drop_finished() {
  std::erase_if(past_, [](const PeriodAccountPtr& account) {
    return account->reserved == 0 && account->spent == account->written && account->left_in_block() <= 0;
  });
}

bool Allowance::is_at_rest() const {
  const std::lock_guard lock(mutex_);
  const auto is_settled = [](const PeriodAccountPtr& account) {
    return !account || (account->reserved == 0 && account->spent == account->written && account->left_in_block() <= 0);
  };
  return past_.empty() && is_settled(day_) && is_settled(month_) && !is_being_leased_;
}

std::optional<Error> Allowance::refusal(const Bound& bound, Picodollars amount, UnixMs now_ms) const {
  const PeriodAccount& account = **bound.account;
  const Picodollars committed = account.committed();
  if (amount == 0 || plus(committed, amount) <= *bound.limit) return std::nullopt;
  const Picodollars left = std::max<Picodollars>(*bound.limit - committed, 0);
  auto refused =
      fail(ErrorCode::rate_limited,
           fmt::format("this key may spend {} dollars a {} (UTC), {} of them are left, and the call may cost {}",
                       format_dollars(*bound.limit), bound.word, format_dollars(left), format_dollars(amount)),
           {.reason = std::string(bound.reason), .where = {}});
  const bool is_spent = plus(committed - account.reserved, amount) > *bound.limit;
  refused.error().retry_after_ms =
      is_spent ? static_cast<std::uint32_t>(std::clamp<std::int64_t>(account.period.ends_ms - now_ms, 1, kRetryMaxMs))
               : kSoonMs;
  return std::move(refused.error());
}

Allowance::Tried Allowance::try_reserve(Picodollars amount) {
  Tried tried;
  if (!is_limited()) {
    tried.what = Tried::What::reserved;
    return tried;
  }
  const UnixMs now_ms = clock_.wall_ms();
  const std::lock_guard lock(mutex_);
  used_at_ = clock_.now();
  roll(now_ms);
  const std::array<Bound, 2> bounds = {
      {{&day_, limits_.day, "allowance_day", "day"}, {&month_, limits_.month, "allowance_month", "month"}}};
  for (const Bound& bound : bounds) {
    if (!bound.limit) continue;
    tried.error = refusal(bound, amount, now_ms);
    if (tried.error) {
      tried.what = Tried::What::refused;
      return tried;
    }
  }
  // A call that costs nothing needs no block; should it cost something after all, that is settled like any other.
  for (const Bound& bound : bounds)
    if (bound.limit && amount > 0 && (!(*bound.account)->is_open || (*bound.account)->left_in_block() < amount))
      return tried;
  for (const Bound& bound : bounds) {
    if (!bound.limit) continue;
    PeriodAccount& account = **bound.account;
    account.reserved += amount;
    tried.runs_low =
        tried.runs_low || (account.left_in_block() < block_of(*bound.limit) / 2 && account.leased < *bound.limit);
  }
  tried.what = Tried::What::reserved;
  tried.reservation.allowance_ = shared_from_this();
  tried.reservation.day_ = day_;
  tried.reservation.month_ = month_;
  tried.reservation.amount_ = amount;
  return tried;
}

void Allowance::settle(const PeriodAccountPtr& account, Picodollars reserved, Picodollars cost) noexcept {
  if (!account) return;
  const std::lock_guard lock(mutex_);
  account->reserved -= reserved;
  account->spent = plus(account->spent, cost);
}

Allowance::Status Allowance::status() const {
  const UnixMs now_ms = clock_.wall_ms();
  Status status;
  status.day.period = day_of(now_ms);
  status.month.period = month_of(now_ms);
  const std::lock_guard lock(mutex_);
  status.day.limit = limits_.day;
  status.month.limit = limits_.month;
  const auto tell = [&](const PeriodAccountPtr& account, Status::One& one) {
    if (!account || !account->is_open || !account->period.holds(now_ms)) return;
    one.spent = account->base + account->spent;
    one.reserved = account->reserved;
    status.is_known = true;
  };
  tell(day_, status.day);
  tell(month_, status.month);
  return status;
}

}  // namespace atelier::model

#include "model/limit/allowances.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/log.hpp"
#include "model/limit/allowance_desk.hpp"

namespace atelier::model {
namespace {

constexpr std::array<std::string_view, 1> kOutcome = {"outcome"};
constexpr Metric kLeases{"atelier_allowance_leases_total", MetricKind::counter,
                         "Blocks of money asked of the database, by outcome", kOutcome};
constexpr Metric kAllowanceCount{"atelier_allowance_keys", MetricKind::gauge, "Keys whose allowances are in memory"};

std::unexpected<Error> unavailable(const Error* why) {
  auto refused = fail(ErrorCode::unavailable,
                      fmt::format("this key's next block of its allowance cannot be had: {}",
                                  why ? why->message : "the database does not answer"),
                      {.reason = "allowance_unavailable", .where = {}});
  refused.error().retry_after_ms = 1'000;
  return refused;
}

std::unexpected<Error> price_unknown() {
  return fail(ErrorCode::forbidden,
              "this key has an allowance, and nobody knows what the call costs: give the model a price, or use another",
              {.reason = "price_unknown", .where = {}});
}

}  // namespace

Allowances::Allowances(store::Database& studio, const Clock& clock, Metrics& metrics, Options options)
    : database_(studio),
      clock_(clock),
      options_(options),
      allowances_(options.keys_max),
      leases_granted_(metrics.counter(kLeases, {"granted"})),
      leases_empty_(metrics.counter(kLeases, {"empty"})),
      leases_failed_(metrics.counter(kLeases, {"failed"})),
      gauge_(metrics.read_from(kAllowanceCount, [this] { return static_cast<double>(allowances_.size()); })),
      desk_(std::make_unique<Desk>()) {}

Allowances::~Allowances() = default;

AllowancePtr Allowances::allowance(KeyId key, UserId owner, AllowanceLimits limits) {
  auto allowance = allowances_.find_or_make(
      key, [&] { return std::make_shared<Allowance>(key, clock_); },
      [](const Allowance& idle) { return idle.is_at_rest(); });
  allowance->set_limits(owner, limits);
  return allowance;
}

std::optional<Result<Reservation>> Allowances::try_reserve(const AllowancePtr& allowance,
                                                           std::optional<Picodollars> estimate) {
  if (!allowance || !allowance->is_limited()) return Result<Reservation>(Reservation());
  if (!estimate) return Result<Reservation>(price_unknown());
  auto tried = allowance->try_reserve(std::max<Picodollars>(*estimate, 0));
  if (tried.runs_low) ask(allowance);
  switch (tried.what) {
    case Allowance::Tried::What::reserved:
      return Result<Reservation>(std::move(tried.reservation));
    case Allowance::Tried::What::refused:
      return Result<Reservation>(std::unexpected(std::move(*tried.error)));
    case Allowance::Tried::What::empty:
      break;
  }
  return std::nullopt;
}

Task<Result<Reservation>> Allowances::reserve(AllowancePtr allowance, std::optional<Picodollars> estimate) {
  const auto deadline = std::chrono::steady_clock::now() + options_.lease_wait;
  for (;;) {
    if (auto tried = try_reserve(allowance, estimate)) co_return std::move(*tried);
    if (std::chrono::steady_clock::now() >= deadline) co_return unavailable(nullptr);
    if (auto waited = co_await wait_for_desk(allowance, *estimate); !waited) co_return error_of(std::move(waited));
  }
}

Task<Result<>> Allowances::wait_for_desk(AllowancePtr allowance, Picodollars amount) {
  const Executor executor = co_await current_executor();
  const auto sleeper = std::make_shared<Allowance::Sleeper>(executor);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(allowance->mutex_);
    // The database has not answered another call's wish for as long as we would wait: nobody gains by waiting too.
    if (allowance->is_being_leased_ &&
        std::chrono::steady_clock::now() - allowance->lease_asked_at_ > options_.lease_wait)
      co_return unavailable(nullptr);
    number = allowance->lease_number_;
    allowance->waited_for_ = plus(allowance->waited_for_, amount);
    allowance->sleepers_.push_back(sleeper);
  }
  ask(allowance);
  const auto until = std::chrono::steady_clock::now() + options_.lease_wait;
  co_await sleeper->signal.wait_until(until);
  std::optional<Error> error;
  bool has_answer = false;
  {
    const std::lock_guard lock(allowance->mutex_);
    allowance->waited_for_ -= amount;
    std::erase(allowance->sleepers_, sleeper);
    has_answer = allowance->lease_number_ != number;
    if (has_answer) error = allowance->lease_error_;
  }
  const bool is_over = co_await is_cancelled();
  if (is_over) co_return fail(ErrorCode::cancelled, "cancelled while waiting for money");
  if (error) co_return unavailable(&*error);
  if (!has_answer) co_return unavailable(nullptr);
  co_return Result<>{};
}

void Allowances::ask(const AllowancePtr& allowance) {
  {
    const std::lock_guard lock(allowance->mutex_);
    if (std::exchange(allowance->is_being_leased_, true)) return;
    allowance->lease_asked_at_ = std::chrono::steady_clock::now();
  }
  desk_->push(allowance);
}

Task<Result<>> Allowances::run() {
  const Executor executor = co_await current_executor();
  const auto signal = desk_->open(executor);
  auto next_flush = std::chrono::steady_clock::now() + options_.flush_every;
  bool is_failing = false;
  for (;;) {
    const bool is_over = co_await is_cancelled();
    if (auto asked = desk_->take(kLeaseBatch); !asked.empty()) co_await lease(std::move(asked));
    if (is_over || std::chrono::steady_clock::now() >= next_flush) {
      const Ending ending = is_over ? Ending::yes : Ending::no;
      const auto settled = co_await settle_all(ending);
      // Once for each trouble, not every second of it.
      if (!settled && !is_failing) log::warn("what keys spent is not stored", {{"error", settled.error().describe()}});
      is_failing = !settled;
      next_flush = std::chrono::steady_clock::now() + options_.flush_every;
    }
    if (is_over) {
      desk_->close();
      co_return Result<>{};
    }
    if (desk_->is_empty()) co_await signal->wait_until(next_flush);
  }
}

Task<Result<>> Allowances::reset(KeyId key) {
  const AllowancePtr allowance = allowances_.find(key);
  if (!allowance) {
    // Nobody used it since the start.
    std::vector<store::Statement> batch;
    const UnixMs now_ms = clock_.wall_ms();
    batch.push_back(forget_spending(key, day_of(now_ms)));
    batch.push_back(forget_spending(key, month_of(now_ms)));
    auto done = co_await database_.write(std::move(batch));
    if (!done) co_return error_of(std::move(done));
    co_return Result<>{};
  }
  {
    const std::lock_guard lock(allowance->mutex_);
    allowance->is_reset_asked_ = true;
  }
  // One try may be under way already, and have been written before ours was asked for.
  for (int tries = 0; tries < 2; ++tries) {
    if (auto waited = co_await wait_for_desk(allowance, 0); !waited) co_return error_of(std::move(waited));
    const std::lock_guard lock(allowance->mutex_);
    if (!allowance->is_reset_asked_) co_return Result<>{};
  }
  co_return unavailable(nullptr);
}

}  // namespace atelier::model

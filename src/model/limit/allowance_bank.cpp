// run()'s dealings with the database: leasing blocks, settling what was spent, and the ledger's word after a crash.
#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "model/limit/allowance_desk.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kSettleBatch = 500;
// Rows of periods older than this are of no use to anybody: what was spent is in the usage by day.
constexpr std::int64_t kRowLifeMs = 400LL * 24 * 3600 * 1000;

}  // namespace

store::Statement forget_spending(KeyId key, const Period& period) {
  return {"UPDATE allowances SET leased = 0, settled = 0 WHERE key = $1 AND period = $2",
          {key.to_string(), period.name}};
}

// One account's part in a batch of leases.
struct Allowances::Lease {
  PeriodAccountPtr account;
  std::size_t before_at = 0, after_at = 0;  // the statements that tell `leased` before and after
};

namespace {

// Adds what leases `amount` of the account, as far as the limit goes; three statements, of which the second and third
// answer.
void add_lease(std::vector<store::Statement>& batch, const std::string& key, const std::string& owner,
               const Period& period, Picodollars amount, Picodollars limit) {
  batch.push_back(
      {"INSERT INTO allowances (key, period, owner, leased, settled) VALUES ($1, $2, $3, 0, 0) ON CONFLICT (key, "
       "period) DO NOTHING",
       {key, period.name, owner}});
  batch.push_back({"SELECT leased FROM allowances WHERE key = $1 AND period = $2", {key, period.name}});
  batch.push_back(
      {"UPDATE allowances SET leased = CASE WHEN leased >= $4 THEN leased WHEN leased + $3 > $4 THEN $4 ELSE leased + "
       "$3 END "
       "WHERE key = $1 AND period = $2 RETURNING leased",
       {key, period.name, amount, limit}});
}

}  // namespace

Task<> Allowances::lease(std::vector<AllowancePtr> asked) {
  std::vector<store::Statement> batch;
  std::vector<std::vector<Lease>> leases(asked.size());
  const UnixMs now_ms = clock_.wall_ms();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Allowance& one = *asked[i];
    const std::lock_guard lock(one.mutex_);
    if (std::exchange(one.is_reset_asked_, false)) {
      // Calls in progress still settle with these, and nobody looks at them any more.
      one.day_ = one.month_ = nullptr;
      one.past_.clear();
      batch.push_back(forget_spending(one.key_, day_of(now_ms)));
      batch.push_back(forget_spending(one.key_, month_of(now_ms)));
    }
    one.roll(now_ms);
    const std::string key = one.key_.to_string(), owner = one.owner_.to_string();
    const std::array<std::pair<PeriodAccountPtr, std::optional<Picodollars>>, 2> bounds = {
        {{one.day_, one.limits_.day}, {one.month_, one.limits_.month}}};
    for (const auto& [account, limit] : bounds) {
      if (!limit) continue;
      const Picodollars block = block_of(*limit), missing = plus(one.waited_for_, -account->left_in_block());
      if (account->is_open && missing + block / 2 <= 0) continue;
      add_lease(batch, key, owner, account->period, std::max(block, missing), *limit);
      leases[i].push_back({account, batch.size() - 2, batch.size() - 1});
    }
  }
  Result<std::vector<store::Rows>> rows;
  if (!batch.empty()) rows = co_await database_.write(std::move(batch));
  if (!rows) log::warn("no money could be leased", {{"error", rows.error().describe()}});
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Allowance& one = *asked[i];
    std::vector<std::shared_ptr<Allowance::Sleeper>> sleepers;
    {
      const std::lock_guard lock(one.mutex_);
      for (const Lease& lease : leases[i]) {
        if (!rows) {
          leases_failed_.add();
          continue;
        }
        PeriodAccount& account = *lease.account;
        const Picodollars before = (*rows)[lease.before_at].integer(0, 0),
                          after = (*rows)[lease.after_at].integer(0, 0);
        account.base += before - account.leased;
        account.leased = after;
        account.is_open = true;
        (after > before ? leases_granted_ : leases_empty_).add();
      }
      one.lease_error_ = rows ? std::nullopt : std::optional(rows.error());
      one.is_being_leased_ = false;
      ++one.lease_number_;
      sleepers.swap(one.sleepers_);
    }
    for (auto& sleeper : sleepers) asio::post(sleeper->executor, [sleeper] { sleeper->signal.notify_all(); });
  }
}

Task<Result<>> Allowances::settle_all(Ending ending) {
  const auto idle_before = clock_.now() - options_.idle_time;
  std::vector<Settlement> settlements;
  const auto all = allowances_.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const AllowancePtr& allowance = all[i].second;
    {
      const std::lock_guard lock(allowance->mutex_);
      allowance->roll_if_used(clock_.wall_ms());
      const bool is_idle = allowance->used_at_ < idle_before;
      for (const PeriodAccountPtr& account : allowance->accounts()) {
        const bool is_past = account != allowance->day_ && account != allowance->month_;
        const Picodollars left = account->left_in_block();
        // A call in progress keeps its block alive; at the end what it reserved counts as spent, and the rest goes
        // back.
        const bool gives_back = left < 0 || ending == Ending::yes || ((is_idle || is_past) && account->reserved == 0);
        Settlement settlement{.allowance = allowance,
                              .account = account,
                              .owner = allowance->owner_,
                              .spent = account->spent - account->written,
                              .leased = gives_back ? -left : 0};
        if (settlement.spent == 0 && settlement.leased == 0) continue;
        // Nobody may spend what is being given back. An overrun is added once it is written.
        if (settlement.leased < 0) account->leased += settlement.leased;
        settlements.push_back(std::move(settlement));
      }
    }
    if (settlements.empty() || (settlements.size() < kSettleBatch && i + 1 < all.size())) continue;
    auto written = co_await write(std::move(settlements));
    if (!written) co_return written;
    settlements.clear();
  }
  co_return Result<>{};
}

Task<Result<>> Allowances::write(std::vector<Settlement> settlements) {
  std::vector<store::Statement> batch;
  for (const Settlement& one : settlements)
    batch.push_back(
        {"INSERT INTO allowances (key, period, owner, leased, settled) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key, "
         "period) DO UPDATE "
         "SET leased = allowances.leased + excluded.leased, settled = allowances.settled + excluded.settled",
         {one.allowance->key_.to_string(), one.account->period.name, one.owner.to_string(), one.leased, one.spent}});
  auto written = co_await database_.write(std::move(batch));
  for (const Settlement& one : settlements) {
    const std::lock_guard lock(one.allowance->mutex_);
    if (written) {
      one.account->written += one.spent;
      if (one.leased > 0) one.account->leased += one.leased;
    } else if (one.leased < 0) {
      one.account->leased -= one.leased;
    }
    one.allowance->drop_finished();
  }
  if (!written) co_return error_of(std::move(written));
  co_return Result<>{};
}

Task<Result<std::int64_t>> Allowances::reconcile(Ledger ledger) {
  const UnixMs now_ms = clock_.wall_ms();
  const Period day = day_of(now_ms), month = month_of(now_ms);
  store::Statement query(
      "SELECT key, period, leased, settled FROM allowances WHERE period IN ($1, $2) AND leased > settled",
      {day.name, month.name});
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM allowances WHERE period < $1", {month_of(now_ms - kRowLifeMs).name}});
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto key = KeyId::parse(rows->text(row, 0));
    if (!key) continue;
    const Period& period = rows->text(row, 1) == day.name ? day : month;
    auto logged = co_await ledger(*key, period);
    if (!logged) co_return error_of(std::move(logged));
    const Picodollars spent = std::max(*logged, rows->integer(row, 3));
    if (spent >= rows->integer(row, 2)) continue;
    batch.push_back({"UPDATE allowances SET leased = $4, settled = $4 WHERE key = $1 AND period = $2 AND leased = $3",
                     {rows->text(row, 0), period.name, rows->integer(row, 2), spent}});
  }
  const auto count = static_cast<std::int64_t>(batch.size()) - 1;
  if (auto done = co_await database_.write(std::move(batch)); !done) co_return error_of(std::move(done));
  if (count > 0) log::info("gave back money that a killed process had not spent", {{"rows", count}});
  co_return count;
}

}  // namespace atelier::model

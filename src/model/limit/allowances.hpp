#pragma once

#include <functional>

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "model/limit/allowance.hpp"
#include "model/limit/key_map.hpp"
#include "store/database.hpp"

namespace atelier::model {

// All keys' allowances, and the way of money between them and studio.db. A block of each allowance is leased durably,
// spent in memory, and settled in the database in batches: a locked database delays nobody until a block is spent, and
// then calls are refused with the reason. What a killed process had leased and not settled counts as spent.
// Thread-safe.
class Allowances {
 public:
  struct Options {
    std::size_t keys_max = 100'000;
    std::chrono::milliseconds flush_every{1'000};
    std::chrono::milliseconds lease_wait{250};  // that a call waits for a block
    std::chrono::minutes idle_time{10};         // after which an unused block is given back
  };
  Allowances(store::Database& studio, const Clock& clock, Metrics& metrics)
      : Allowances(studio, clock, metrics, Options()) {}
  Allowances(store::Database& studio, const Clock& clock, Metrics& metrics, Options options);
  ~Allowances();

  // The key's one allowance, with these limits from now on.
  AllowancePtr allowance(KeyId key, UserId owner, AllowanceLimits limits);

  // Sets `estimate` aside, the most that the call may cost. Refusals: rate_limited ("allowance_day",
  // "allowance_month"); unavailable ("allowance_unavailable") when a block is needed and the database does not give one
  // in time; forbidden
  // ("price_unknown") for a key with an allowance when nobody knows what the call costs.
  Task<Result<Reservation>> reserve(AllowancePtr allowance, std::optional<Picodollars> estimate);
  // The same without waiting; nullopt: a block must be leased first.
  std::optional<Result<Reservation>> try_reserve(const AllowancePtr& allowance, std::optional<Picodollars> estimate);

  // Leases and settles until cancelled; then writes what is left and gives unspent blocks back. To be spawned once by
  // the owner of this, and ended before the database closes.
  Task<Result<>> run();

  // The key may spend its day's and month's allowance anew. Done by run().
  Task<Result<>> reset(KeyId key);

  // What the call log says a key spent in a period.
  using Ledger = std::function<Task<Result<Picodollars>>(KeyId key, Period period)>;
  // Gives back what a killed process had leased and, says the ledger, did not spend; forgets periods long over. At
  // start, before anything is reserved. Gives how many rows changed.
  Task<Result<std::int64_t>> reconcile(Ledger ledger);

 private:
  struct Desk;        // run()'s: who wants what
  struct Lease;       // of one account
  struct Settlement;  // of one account
  void ask(const AllowancePtr& allowance);
  Task<> lease(std::vector<AllowancePtr> asked);
  enum class Ending : std::uint8_t { no, yes };
  Task<Result<>> settle_all(Ending ending);
  Task<Result<>> write(std::vector<Settlement> settlements);
  Task<Result<>> wait_for_desk(AllowancePtr allowance, Picodollars amount);

  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  KeyMap<Allowance> allowances_;
  Counter& leases_granted_;
  Counter& leases_empty_;
  Counter& leases_failed_;
  std::shared_ptr<void> gauge_;  // reads allowances_
  std::unique_ptr<Desk> desk_;
};

}  // namespace atelier::model

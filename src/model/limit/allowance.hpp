#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "model/limit/period.hpp"
#include "model/price/money.hpp"

namespace atelier::model {

// What a key may spend; nullopt: as much as it likes, 0: nothing. Days and months are UTC's.
struct AllowanceLimits {
  std::optional<Picodollars> day = {}, month = {};
  bool is_limited() const noexcept { return day || month; }
  friend bool operator==(const AllowanceLimits&, const AllowanceLimits&) = default;
};

// What of a limit is handed out at a time: a 20th, but a cent at least and all of it at most. A crash may lose so much
// of the allowance until it is reconciled; a locked database stops a key when it has spent so much.
Picodollars block_of(Picodollars limit) noexcept;

// One key's spending in one period, as this process knows it. Its allowance's mutex guards it.
//   base     counted as spent before we came, or elsewhere
//   leased   what the database counts as handed out: base and our blocks
//   spent    settled by us; reserved: by calls that have not ended
struct PeriodAccount {
  Period period;
  Picodollars base = 0, leased = 0, spent = 0, reserved = 0;
  Picodollars written = 0;  // of `spent`, in the database
  bool is_open = false;     // its row was read
  Picodollars left_in_block() const noexcept { return leased - base - spent - reserved; }
  Picodollars committed() const noexcept { return base + spent + reserved; }
};
using PeriodAccountPtr = std::shared_ptr<PeriodAccount>;  // shared by its allowance and the calls that reserved from it

class Allowance;

// Money set aside for one call. Moves with it. Whoever has it settles it with what the call cost, once; 0 if it never
// reached a provider. Dying unsettled, the whole of it counts as spent: nobody knows better.
class Reservation {
 public:
  Reservation() = default;  // of a key that may spend what it likes
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { settle(amount_); }
  // What it cost may be more than what was set aside. A cost that nobody knows (no price, no usage) is what was set
  // aside.
  void settle(std::optional<Picodollars> cost) noexcept;
  Picodollars amount() const noexcept { return amount_; }

 private:
  friend class Allowance;
  std::shared_ptr<Allowance> allowance_;  // shared with its key's state: a call outlives a change of the key
  PeriodAccountPtr day_, month_;
  Picodollars amount_ = 0;
};

// What one key may spend. Reserving and settling are a few additions under its own mutex; blocks of money come from the
// database through Allowances. Thread-safe.
class Allowance : public std::enable_shared_from_this<Allowance> {
 public:
  Allowance(KeyId key, const Clock& clock) : key_(key), clock_(clock) {}

  void set_limits(UserId owner, AllowanceLimits limits);
  bool is_limited() const noexcept { return is_limited_.load(std::memory_order_acquire); }

  struct Tried {
    enum class What : std::uint8_t {
      reserved,
      refused,  // rate_limited: reason "allowance_day" or "allowance_month"
      empty,    // a block must be leased first
    };
    What what = What::empty;
    Reservation reservation = {};
    std::optional<Error> error = {};
    bool runs_low = false;  // the next block should be on its way
  };
  Tried try_reserve(Picodollars amount);

  struct Status {
    struct One {
      Period period;
      std::optional<Picodollars> limit;
      Picodollars spent = 0;     // and what counts as such
      Picodollars reserved = 0;  // by calls in progress
    };
    One day, month;
    bool is_known = false;  // false: nothing was asked of it since the start, the database knows
  };
  Status status() const;

  // Nothing set aside, nothing to be written, no block in hand: forgetting it loses nothing.
  bool is_at_rest() const;

 private:
  friend class Allowances;
  friend class Reservation;
  struct Bound {
    PeriodAccountPtr* account;
    std::optional<Picodollars> limit;
    std::string_view reason, word;
  };
  // Puts the accounts of today in place. Under the mutex.
  void roll(UnixMs now_ms);
  // As roll(), without making accounts that nobody asked for.
  void roll_if_used(UnixMs now_ms);
  std::vector<PeriodAccountPtr> accounts() const;
  void drop_finished();
  std::optional<Error> refusal(const Bound& bound, Picodollars amount, UnixMs now_ms) const;
  void settle(const PeriodAccountPtr& account, Picodollars reserved, Picodollars cost) noexcept;

  const KeyId key_;
  const Clock& clock_;
  std::atomic<bool> is_limited_ = false;
  mutable std::mutex mutex_;
  UserId owner_;
  AllowanceLimits limits_;
  PeriodAccountPtr day_, month_;
  std::vector<PeriodAccountPtr> past_;  // with something still to be written or settled
  // What calls that wait for a block want beside what is reserved, and what came of the last try to get one.
  Picodollars waited_for_ = 0;
  bool is_being_leased_ = false, is_reset_asked_ = false;
  std::chrono::steady_clock::time_point lease_asked_at_{};
  std::uint64_t lease_number_ = 0;  // of tries that ended
  std::optional<Error> lease_error_;
  std::chrono::steady_clock::time_point used_at_{};
  struct Sleeper;
  std::vector<std::shared_ptr<Sleeper>> sleepers_;
};
using AllowancePtr = std::shared_ptr<Allowance>;

}  // namespace atelier::model

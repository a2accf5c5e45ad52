#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {

enum class BreakerState : std::uint8_t { closed, open, half_open };
std::string_view to_string(BreakerState state) noexcept;

struct BreakerPolicy {
  std::uint32_t consecutive_max = 5;  // failures in a row, all within `window`
  std::chrono::milliseconds window{60'000};
  std::uint32_t attempts_min = 20;  // before the rate counts
  double failure_rate_max = 0.5;
  std::chrono::milliseconds open_for{30'000};  // doubling with each trip that no success came between
  std::chrono::milliseconds open_max{600'000};
  std::chrono::milliseconds account_open_for{1'800'000};  // after a fault of our credential or account
};

// What one attempt tells of its candidate's health.
enum class Health : std::uint8_t {
  good,
  bad,      // the provider's fault
  account,  // our key or our money: trips at once, and long
  no_sign,  // the caller's own fault, or they went away
};
Health health_of(const Fault& fault) noexcept;

// One candidate's circuit breaker. Thread-safe; each call holds its mutex for a few instructions.
class Breaker {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Permit : std::uint8_t {
    refused,
    allowed,
    probe,  // the one attempt that decides: its outcome must be told
  };
  explicit Breaker(BreakerPolicy policy) : policy_(policy) {}

  Permit ask(TimePoint now);
  // When every candidate is open, one that was tripped by ordinary failures may be tried out of turn, one attempt at a
  // time: a success closes it, so that a run of bad luck does not shut a working provider out.
  Permit ask_out_of_turn(TimePoint now);
  // Tells how a permitted attempt ended. `retry_after` is a floor for the time it stays open.
  void tell(Permit permit, Health health, TimePoint now, std::optional<std::chrono::milliseconds> retry_after = {});

  struct Snapshot {
    BreakerState state = BreakerState::closed;
    std::chrono::milliseconds opens_in{0};  // until a probe is let through
    std::uint32_t trips = 0;                // since the last success
    bool is_account = false;
    std::uint32_t attempts = 0, failures = 0;  // in the window
  };
  Snapshot snapshot(TimePoint now) const;
  // After a restart: open until `left` has passed, or closed.
  void restore(std::uint32_t trips, bool is_account, std::chrono::milliseconds left, TimePoint now);
  // By hand.
  void reset();
  // Rises whenever a state that is worth storing changed.
  std::uint64_t revision() const noexcept;

 private:
  static constexpr std::size_t kSlots = 12;
  struct Slot {
    std::int64_t number = -1;
    std::uint32_t attempts = 0, failures = 0;
  };
  Slot& slot_at(TimePoint now);
  void count(bool is_failure, TimePoint now);
  std::pair<std::uint32_t, std::uint32_t> counted(TimePoint now) const;
  bool has_tripped(TimePoint now) const;
  void open(TimePoint now, std::chrono::milliseconds length);

  const BreakerPolicy policy_;
  mutable std::mutex mutex_;
  BreakerState state_ = BreakerState::closed;
  TimePoint open_until_{};
  bool is_probing_ = false;
  bool is_account_ = false;
  std::uint32_t trips_ = 0;
  std::uint32_t consecutive_ = 0;
  TimePoint first_failure_{};  // of the row
  std::array<Slot, kSlots> slots_{};
  std::uint64_t revision_ = 0;
};

}  // namespace atelier::model

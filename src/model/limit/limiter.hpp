#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "model/limit/gcra.hpp"

namespace atelier::model {

// 0: no limit.
struct KeyLimits {
  std::int64_t requests_per_minute = 0;
  std::int64_t tokens_per_minute = 0;
  std::int64_t concurrent_max = 0;
  friend bool operator==(const KeyLimits&, const KeyLimits&) = default;
};

// How one key stands, for the headers of an answer.
struct LimitStatus {
  struct One {
    std::int64_t quota = 0;  // 0: no such limit
    std::int64_t remaining = 0;
    std::chrono::nanoseconds more_in{0};  // until there is more than `remaining`
    std::chrono::nanoseconds full_in{0};
  };
  One requests, tokens, concurrency;
};

class KeyLimiter;

// One admitted call: holds its place and its reservation of tokens. Moves with the call; dying gives the place back. If
// it was never settled the reservation counts as used.
class RatePass {
 public:
  RatePass() = default;  // of a key without limits
  RatePass(RatePass&& other) noexcept;
  RatePass& operator=(RatePass&& other) noexcept;
  ~RatePass() { release(); }
  // What the call used, once; nothing if it never reached a provider.
  void settle(std::int64_t tokens_used) noexcept;

 private:
  friend class KeyLimiter;
  RatePass(std::shared_ptr<KeyLimiter> limiter, Gcra::Reserved tokens) noexcept;
  void release() noexcept;
  std::shared_ptr<KeyLimiter> limiter_;  // shared with its key's state: a call outlives a change of the key
  Gcra::Reserved tokens_;
};

// One key's limits. Made once and kept while anybody uses the key. Thread-safe; its mutex is held for a few
// instructions.
class KeyLimiter : public std::enable_shared_from_this<KeyLimiter> {
 public:
  explicit KeyLimiter(const Clock& clock) : clock_(clock) {}

  // What was used counts against the new limits.
  void set_limits(KeyLimits limits) noexcept;

  // One request, a place, and `tokens` that it may use: all of them or none. rate_limited names the limit in its reason
  // ("requests_per_minute", "tokens_per_minute", "concurrency") and says when to come again; too_large
  // ("tokens_over_limit") when no waiting would help.
  Result<RatePass> admit(std::int64_t tokens);
  LimitStatus status() const;

  // Until the buckets are full again, for the store.
  struct State {
    std::int64_t requests_full_in = 0, tokens_full_in = 0;  // nanoseconds
    bool is_at_rest() const noexcept { return requests_full_in == 0 && tokens_full_in == 0; }
  };
  State state() const;
  void restore(State state);
  // No debt and nobody inside: forgetting it loses nothing.
  bool is_at_rest() const;
  // True once after each change.
  bool take_changed() noexcept { return has_changed_.exchange(false, std::memory_order_acq_rel); }
  void mark_changed() noexcept { has_changed_.store(true, std::memory_order_release); }

 private:
  friend class RatePass;
  Gcra::Nanos now() const noexcept { return clock_.now().time_since_epoch() / std::chrono::nanoseconds(1); }
  void leave() noexcept;
  void settle(const Gcra::Reserved& reserved, std::int64_t used) noexcept;

  const Clock& clock_;
  mutable std::mutex mutex_;
  Gcra requests_, tokens_;
  std::int64_t concurrent_max_ = 0, inside_count_ = 0;
  std::atomic<bool> is_limited_ = false, has_changed_ = false;
};

}  // namespace atelier::model

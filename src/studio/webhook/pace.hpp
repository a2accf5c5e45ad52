#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace atelier::studio {

// How often one address may send webhooks: bursts of so many, then so many a second; and far fewer that were refused,
// so that guessing is slow. One that has sent nothing amiss for a while is not remembered. Thread-safe.
class ArrivalPace {
 public:
  explicit ArrivalPace(const Clock& clock) : clock_(clock) {}

  // rate_limited (reason "too_many_webhooks", with retry_after) when it may not send now.
  Result<> begin(std::string_view address);
  // What it sent was refused.
  void refused(std::string_view address);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Known {
    Time full_at, forgiven_at;  // when all it may send, and all it may be refused, is back
  };
  Known* find(std::string_view address, Time now);

  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace atelier::studio

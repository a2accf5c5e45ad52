#include "graph/retry.hpp"

#include <algorithm>
#include <cmath>

namespace atelier::graph {

bool is_retryable(const Error& error) noexcept {
  switch (error.code) {
    case ErrorCode::unavailable:
    case ErrorCode::rate_limited:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::storage_full:
    case ErrorCode::cancelled:  // not by us: whatever it used went away
      return true;
    default:
      return is_kill(error);
  }
}

bool is_kill(const Error& error) noexcept {
  return error.reason == "worker_crashed" || error.reason == "worker_oom" || error.reason == "worker_timeout";
}

bool is_outcome_unknown(const Error& error) noexcept { return error.reason == "outcome_unknown"; }

std::chrono::milliseconds backoff(const RetryPolicy& policy, std::uint32_t attempt, const Error& error,
                                  double random) noexcept {
  const double doubled = static_cast<double>(policy.backoff_base.count()) * std::exp2(std::min(attempt, 32U) - 1.0);
  const double most = std::min(doubled, static_cast<double>(policy.backoff_max.count()));
  const std::chrono::milliseconds jittered(static_cast<std::int64_t>(most * std::clamp(random, 0.0, 1.0)));
  const std::chrono::milliseconds asked(error.retry_after_ms.value_or(0));
  return std::max(jittered, std::min(asked, kRetryAfterMax));
}

}  // namespace atelier::graph

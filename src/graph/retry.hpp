#pragma once

#include <chrono>

#include "base/error.hpp"
#include "graph/node.hpp"

namespace atelier::graph {

// Whether the same step may succeed when tried again.
bool is_retryable(const Error& error) noexcept;

// Whether the step took its worker with it: "worker_crashed", "worker_oom", "worker_timeout". Few such are enough.
bool is_kill(const Error& error) noexcept;

// Whether nobody knows if the work was done outside (a paid call cut off): the step stops and asks.
bool is_outcome_unknown(const Error& error) noexcept;

// Full jitter: anywhere from nothing to base * 2^(attempt - 1), capped; `random` is from 0 to 1. What the error asks
// for (retry_after_ms) is the least, up to kRetryAfterMax.
inline constexpr std::chrono::milliseconds kRetryAfterMax{300'000};
std::chrono::milliseconds backoff(const RetryPolicy& policy, std::uint32_t attempt, const Error& error,
                                  double random) noexcept;

}  // namespace atelier::graph

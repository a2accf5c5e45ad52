#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "model/limit/limiter.hpp"

namespace atelier::model {

// What an answer says of its key's limits, names in lower case: RateLimit-Policy and RateLimit as the IETF's draft
// (ratelimit-headers, September 2025) has them, x-ratelimit-* as OpenAI's clients read them, and Retry-After beside a
// refusal that says when to come again. Empty for a key without limits.
std::vector<std::pair<std::string, std::string>> limit_headers(const LimitStatus& status,
                                                               const Error* refusal = nullptr);

// Whole seconds, rounded up, so that nobody comes too early.
std::string retry_after_value(std::uint32_t retry_after_ms);

}  // namespace atelier::model

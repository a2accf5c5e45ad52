#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "model/limit/limiter.hpp"
#include "net/message.hpp"

namespace atelier::model {

// Sets what an answer says of its key's limits: RateLimit-Policy and RateLimit as the IETF's draft (ratelimit-headers,
// September 2025) has them, x-ratelimit-* as OpenAI's clients read them, and Retry-After beside a refusal that says
// when to come again. Nothing for a key without limits.
void set_limit_headers(net::Headers& headers, const LimitStatus& status, const Error* refusal = nullptr);

// Whole seconds, rounded up, so that nobody comes too early.
std::string retry_after_value(std::uint32_t retry_after_ms);

}  // namespace atelier::model

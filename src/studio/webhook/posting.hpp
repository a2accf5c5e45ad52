#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "studio/webhook/carrier.hpp"
#include "studio/webhook/endpoint.hpp"

namespace atelier::studio {

// One attempt to have a message taken: signed as Standard Webhooks has it, and posted.
struct Posted {
  WebhookAttempt attempt = {};                                // its number is the caller's to set
  std::optional<std::chrono::milliseconds> retry_after = {};  // as the answer asked for
  bool was_taken() const noexcept { return attempt.status >= 200 && attempt.status < 300; }
  bool is_gone() const noexcept { return attempt.status == 410; }
};
// `cancelled` is the only error: whatever becomes of it is an attempt.
Task<Result<Posted>> post_webhook(WebhookCarrier* carrier, const Clock* clock, std::string url, WebhookSecrets secrets,
                                  WebhookDelivery delivery, std::chrono::milliseconds timeout);

}  // namespace atelier::studio

#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "net/client/http_client.hpp"
#include "studio/webhook/endpoint.hpp"

namespace atelier::studio {

// One attempt to have a message taken: signs it as Standard Webhooks has it and posts it. Nothing but an address of the
// public internet (or what the operator let through) is reached, nobody is followed elsewhere, and of the answer no
// more than its beginning is read.
struct Posted {
  WebhookAttempt attempt = {};                                // its number is the caller's to set
  std::optional<std::chrono::milliseconds> retry_after = {};  // as the answer asked for
  bool was_taken() const noexcept { return attempt.status >= 200 && attempt.status < 300; }
  bool is_gone() const noexcept { return attempt.status == 410; }
};
// cancelled is the only error: whatever becomes of it is an attempt.
Task<Result<Posted>> post_webhook(net::HttpClient* client, const Clock* clock, std::string url, WebhookSecrets secrets,
                                  WebhookDelivery delivery, std::chrono::milliseconds timeout);

// Whether an endpoint may be there: an absolute https URL of the public internet, or http(s) to an address that the
// operator let through. The error names "/url".
Result<> check_webhook_url(const net::AddressGuard& guard, const std::string& url);

}  // namespace atelier::studio

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace atelier::studio {

// What others can be told of. The numbers are bits of `types` in the database (store/migration/webhooks.cpp, whose
// triggers write them), so that they never change.
enum class WebhookType : std::uint8_t {
  run_succeeded = 1,
  run_failed = 2,
  run_cancelled = 4,
  asset_created = 8,
  alert_fired = 16,  // administrators are told of alerts, and nobody else
  alert_resolved = 32,
};
inline constexpr WebhookType kWebhookTypes[] = {WebhookType::run_succeeded, WebhookType::run_failed,
                                                WebhookType::run_cancelled, WebhookType::asset_created,
                                                WebhookType::alert_fired,   WebhookType::alert_resolved};

std::string_view to_string(WebhookType type) noexcept;  // "run.succeeded"
std::optional<WebhookType> parse_webhook_type(std::string_view text) noexcept;

// Sent when an endpoint is tried out, to whatever types it is for.
inline constexpr std::string_view kWebhookTestType = "webhook.test";

}  // namespace atelier::studio

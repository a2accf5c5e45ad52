#include "studio/webhook/event_type.hpp"

namespace atelier::studio {

std::string_view to_string(WebhookType type) noexcept {
  switch (type) {
    case WebhookType::run_succeeded:
      return "run.succeeded";
    case WebhookType::run_failed:
      return "run.failed";
    case WebhookType::run_cancelled:
      return "run.cancelled";
    case WebhookType::asset_created:
      return "asset.created";
    case WebhookType::alert_fired:
      return "alert.fired";
    case WebhookType::alert_resolved:
      return "alert.resolved";
  }
  return {};
}

std::optional<WebhookType> parse_webhook_type(std::string_view text) noexcept {
  for (const WebhookType type : kWebhookTypes)
    if (to_string(type) == text) return type;
  return std::nullopt;
}

}  // namespace atelier::studio

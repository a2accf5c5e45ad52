#include <array>

#include "studio/webhook/endpoint.hpp"
#include "studio/webhook/event_type.hpp"

namespace atelier::studio {
namespace {

constexpr std::array<std::string_view, 3> kDeliveryStates = {"waiting", "delivered", "dead"};

json::Value time_or_null(UnixMs time_ms) {
  return time_ms == 0 ? json::Value(nullptr) : json::Value(format_rfc3339(time_ms));
}

}  // namespace

std::string_view to_string(DeliveryState state) noexcept { return kDeliveryStates[static_cast<std::size_t>(state)]; }

std::optional<DeliveryState> parse_delivery_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kDeliveryStates.size(); ++i)
    if (kDeliveryStates[i] == text) return static_cast<DeliveryState>(i);
  return std::nullopt;
}

std::string webhook_body(std::string_view type, UnixMs at_ms, json::Object facts) {
  return json::write(json::Object{{"type", type}, {"timestamp", format_rfc3339(at_ms)}, {"data", std::move(facts)}});
}

json::Value to_json(const WebhookEndpoint& endpoint) {
  json::Array types;
  for (const WebhookType type : kWebhookTypes)
    if ((endpoint.types & static_cast<std::int64_t>(type)) != 0) types.emplace_back(to_string(type));
  return json::Object{{"id", endpoint.id.to_string()},
                      {"url", endpoint.url},
                      {"types", std::move(types)},
                      {"note", endpoint.note},
                      {"is_enabled", endpoint.is_enabled},
                      {"trouble", endpoint.trouble},
                      {"failing_since", time_or_null(endpoint.failing_since_ms)},
                      {"revision", endpoint.revision},
                      {"created_at", format_rfc3339(endpoint.created_ms)},
                      {"changed_at", format_rfc3339(endpoint.changed_ms)}};
}

json::Object to_json(const WebhookDelivery& delivery) {
  const bool is_waiting = delivery.state == DeliveryState::waiting;
  return json::Object{{"id", delivery.id.to_string()},
                      {"message_id", delivery.message},
                      {"type", delivery.type},
                      {"state", to_string(delivery.state)},
                      {"attempts", delivery.attempts},
                      {"due_at", is_waiting ? json::Value(format_rfc3339(delivery.due_ms)) : json::Value(nullptr)},
                      {"created_at", format_rfc3339(delivery.created_ms)},
                      {"ended_at", time_or_null(delivery.ended_ms)}};
}

json::Value to_json(const WebhookAttempt& attempt) {
  return json::Object{{"number", attempt.number}, {"at", format_rfc3339(attempt.at_ms)}, {"took_ms", attempt.took_ms},
                      {"status", attempt.status}, {"problem", attempt.problem},          {"answer", attempt.answer}};
}

}  // namespace atelier::studio

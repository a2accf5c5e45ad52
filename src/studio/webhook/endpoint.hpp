#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/json.hpp"

// What is told to others, as rows and as JSON.
namespace atelier::studio {

using WebhookEndpointId = Id<struct WebhookEndpointTag>;
using WebhookDeliveryId = Id<struct WebhookDeliveryTag>;

// Where its owner wants to be told of what happens.
struct WebhookEndpoint {
  WebhookEndpointId id = {};
  UserId owner = {};
  std::string url = {};
  std::string note = {};   // the owner's own words
  std::int64_t types = 0;  // bits of WebhookType
  bool is_enabled = true;
  std::string trouble = {};     // why it was disabled by us: "gone", "failing"; empty: it was not
  Bytes sealed = {};            // WebhookSecrets as JSON
  UnixMs failing_since_ms = 0;  // nothing was taken since; 0: the last attempt was
  std::int64_t revision = 1;
  UnixMs created_ms = 0, changed_ms = 0;
};

// What its messages are signed with. After a change the one before signs too, until the receiver has the new one.
struct WebhookSecrets {
  std::string secret = {};
  std::string old = {};  // empty: none
  UnixMs old_until_ms = 0;
};

enum class DeliveryState : std::uint8_t { waiting, delivered, dead };
std::string_view to_string(DeliveryState state) noexcept;
std::optional<DeliveryState> parse_delivery_state(std::string_view text) noexcept;

// One message for one endpoint: the bytes that are sent, the same at every attempt.
struct WebhookDelivery {
  WebhookDeliveryId id = {};
  WebhookEndpointId endpoint = {};
  UserId owner = {};
  std::string message = {};  // webhook-id
  std::string type = {};
  std::string body = {};
  DeliveryState state = DeliveryState::waiting;
  std::int64_t attempts = 0;  // in all
  std::int64_t tries = 0;     // since it was last begun, which says when the next is due
  UnixMs due_ms = 0, created_ms = 0, ended_ms = 0;
};

struct WebhookAttempt {
  std::int64_t number = 0;
  UnixMs at_ms = 0;
  std::int64_t took_ms = 0;
  int status = 0;            // 0: there was no answer
  std::string problem = {};  // "unreachable", "tls_failed", "too_many_waiting"; empty where there was an answer
  std::string answer = {};   // its first bytes
};

// What is sent: what happened, when, and a few facts of it.
std::string webhook_body(std::string_view type, UnixMs at_ms, json::Object facts);

json::Value to_json(const WebhookEndpoint& endpoint);
// Without body and attempts.
json::Object to_json(const WebhookDelivery& delivery);
json::Value to_json(const WebhookAttempt& attempt);

}  // namespace atelier::studio

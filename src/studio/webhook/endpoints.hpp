#pragma once

#include <optional>
#include <string>
#include <vector>

#include "studio/webhook/sender.hpp"
#include "studio/webhook/vault.hpp"

namespace atelier::studio {

// Where people want to be told of what happens, and what became of that. Every call sees the principal's own alone.
// Thread-safe.
class WebhookEndpoints {
 public:
  struct Parts {
    store::Database& database;
    WebhookVault& vault;
    WebhookSender& sender;
    WebhookCarrier& carrier;
    const Clock& clock;
  };
  explicit WebhookEndpoints(Parts parts) : parts_(parts) {}

  struct Fields {
    std::string url = {};
    std::string note = {};
    std::int64_t types = 0;  // bits of WebhookType, one at least
    bool is_enabled = true;
  };
  struct Change {
    std::optional<std::string> url = {}, note = {};
    std::optional<std::int64_t> types = {};
    std::optional<bool> is_enabled = {};
  };
  // The secret is told here and never again.
  struct Created {
    WebhookEndpoint endpoint;
    std::string secret;
  };
  Task<Result<std::vector<WebhookEndpoint>>> list(Principal principal);
  Task<Result<WebhookEndpoint>> find(Principal principal, WebhookEndpointId id);
  // invalid_argument (url_not_allowed) names "/url"; too_large: there are too many.
  Task<Result<Created>> create(Principal principal, Fields fields);
  // conflict (revision_conflict): it was changed meanwhile.
  Task<Result<WebhookEndpoint>> change(Principal principal, WebhookEndpointId id, std::int64_t revision, Change change);
  Task<Result<>> remove(Principal principal, WebhookEndpointId id);
  // Gives it another secret; the one before signs too for so long.
  Task<Result<Created>> rotate(Principal principal, WebhookEndpointId id, std::chrono::hours old_kept);

  // A message of the type webhook.test, to be sent at once. conflict (webhook_disabled) where nothing is sent to it.
  Task<Result<WebhookDelivery>> try_out(Principal principal, WebhookEndpointId id);

  struct Page {
    std::vector<WebhookDelivery> items;
    std::string next;  // "": the last
  };
  // Newest first; only those that were given up, or all.
  enum class Which : std::uint8_t { all, dead };
  Task<Result<Page>> deliveries(Principal principal, WebhookEndpointId id, Which which, std::string after,
                                std::size_t count_max);
  struct Story {
    WebhookDelivery delivery;
    std::vector<WebhookAttempt> attempts;
  };
  Task<Result<Story>> delivery(Principal principal, WebhookEndpointId id, WebhookDeliveryId delivery);
  // Sends one that ended once more, from the beginning of the schedule. conflict (delivery_waiting): it is being sent.
  Task<Result<WebhookDelivery>> send_again(Principal principal, WebhookEndpointId id, WebhookDeliveryId delivery);
  // All that were given up; how many.
  Task<Result<std::int64_t>> send_dead_again(Principal principal, WebhookEndpointId id);

 private:
  Task<Result<>> write(store::Statement statement);
  Task<Result<>> write_change(WebhookEndpoint endpoint, std::int64_t revision);
  const Parts parts_;
};

}  // namespace atelier::studio

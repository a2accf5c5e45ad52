#pragma once

#include <vector>

#include "store/database.hpp"
#include "studio/webhook/endpoint.hpp"
#include "studio/webhook/event_type.hpp"

// The SQL of what is told to others, all of it.
namespace atelier::studio::webhook_rows {

using store::Rows;
using store::Statement;

// Endpoints. Those with an owner find nothing of anybody else's.
Statement insert(const WebhookEndpoint& endpoint);
Statement update(const WebhookEndpoint& endpoint, std::int64_t from_revision);  // conflict: it has another
Statement set_sealed(const WebhookEndpoint& endpoint, const Bytes& was);        // conflict: it is another by now
Statement remove(Principal principal, WebhookEndpointId id);
Statement find(Principal principal, WebhookEndpointId id);
Statement find(WebhookEndpointId id);
Statement of_owner(Principal principal, std::int64_t count_max);
Statement all(const std::string& after, std::int64_t count_max);     // by id
Statement owners_told(std::int64_t count_max);                       // of enabled ones
Statement told_of(const std::string& owner, std::int64_t type_bit);  // enabled ones: their ids
Statement note_taken(WebhookEndpointId id);
Statement note_failed(WebhookEndpointId id, UnixMs now_ms);
Statement disable(WebhookEndpointId id, const std::string& trouble, UnixMs now_ms);
Result<std::vector<WebhookEndpoint>> read_endpoints(const Rows& rows);

// What happened and is not yet deliveries.
struct Outgoing {
  std::int64_t position = 0;
  std::string owner = {}, type = {}, subject = {};
  UnixMs at_ms = 0;
};
// To be part of the batch that makes it happen; nothing where no endpoint of the owner wants to know. `subject` is what
// facts are found by, or of an alert the facts themselves (JSON).
Statement tell(UserId owner, WebhookType type, std::string subject, UnixMs at_ms);
Statement outbox(std::int64_t count_max);
Statement take_from_outbox(std::int64_t position);  // conflict: somebody else did
std::vector<Outgoing> read_outbox(const Rows& rows);

// Deliveries.
Statement insert(const WebhookDelivery& delivery);
Statement waiting_at_least(WebhookEndpointId endpoint, std::int64_t count);  // a row if there are more than so many
Statement next_due(std::int64_t count_max);  // of every endpoint that something waits for: its id and when
Statement due_first(WebhookEndpointId endpoint, std::int64_t count_max);
Statement page(WebhookEndpointId endpoint, const std::string& before, std::int64_t count_max);  // newest first
Statement dead_page(WebhookEndpointId endpoint, const std::string& before, std::int64_t count_max);
Statement find(WebhookEndpointId endpoint, WebhookDeliveryId id);
// Conflict in these three: it waits no longer, or is no more.
Statement deliver_again_at(const WebhookDelivery& delivery, UnixMs due_ms);
Statement end(const WebhookDelivery& delivery, DeliveryState state, UnixMs now_ms);
Statement begin_anew(WebhookEndpointId endpoint, WebhookDeliveryId id, UnixMs now_ms);
Statement begin_dead_anew(WebhookEndpointId endpoint, UnixMs now_ms, std::int64_t count_max);
Statement remove_of(WebhookEndpointId endpoint, std::int64_t count_max);
Statement remove_ended(UnixMs before_ms, std::int64_t count_max);
Result<std::vector<WebhookDelivery>> read_deliveries(const Rows& rows);

// Attempts.
Statement insert(WebhookDeliveryId delivery, const WebhookAttempt& attempt);
Statement remove_attempts(WebhookDeliveryId delivery, std::int64_t through_number);
Statement attempts_of(WebhookDeliveryId delivery, std::int64_t count_max);  // oldest first
std::vector<WebhookAttempt> read_attempts(const Rows& rows);

}  // namespace atelier::studio::webhook_rows

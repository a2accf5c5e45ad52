#include "studio/webhook/rows.hpp"

namespace atelier::studio::webhook_rows {

using store::Expect;

#define ATELIER_ENDPOINT_COLUMNS \
  "id, owner, url, note, types, is_enabled, trouble, sealed, failing_since_ms, revision, created_ms, changed_ms"
#define ATELIER_DELIVERY_COLUMNS \
  "id, endpoint, owner, message, type, body, state, attempts, tries, due_ms, created_ms, ended_ms"

Statement insert(const WebhookEndpoint& endpoint) {
  return {"INSERT INTO webhook_endpoints (" ATELIER_ENDPOINT_COLUMNS
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
          {endpoint.id.to_string(), endpoint.owner.to_string(), endpoint.url, endpoint.note, endpoint.types,
           std::int64_t{endpoint.is_enabled}, endpoint.trouble, store::Blob{endpoint.sealed}, endpoint.failing_since_ms,
           endpoint.revision, endpoint.created_ms, endpoint.changed_ms}};
}

Statement update(const WebhookEndpoint& endpoint, std::int64_t from_revision) {
  return {
      "UPDATE webhook_endpoints SET url = $4, note = $5, types = $6, is_enabled = $7, trouble = $8, sealed = $9, "
      "failing_since_ms = $10, changed_ms = $11, revision = revision + 1 "
      "WHERE id = $1 AND owner = $2 AND revision = $3",
      {endpoint.id.to_string(), endpoint.owner.to_string(), from_revision, endpoint.url, endpoint.note, endpoint.types,
       std::int64_t{endpoint.is_enabled}, endpoint.trouble, store::Blob{endpoint.sealed}, endpoint.failing_since_ms,
       endpoint.changed_ms},
      Expect::exactly_one};
}

Statement set_sealed(const WebhookEndpoint& endpoint, const Bytes& was) {
  return {"UPDATE webhook_endpoints SET sealed = $3 WHERE id = $1 AND sealed = $2",
          {endpoint.id.to_string(), store::Blob{was}, store::Blob{endpoint.sealed}},
          Expect::exactly_one};
}

Statement remove(Principal principal, WebhookEndpointId id) {
  return {"DELETE FROM webhook_endpoints WHERE id = $1 AND owner = $2",
          {id.to_string(), principal.owner.to_string()},
          Expect::exactly_one};
}

Statement find(Principal principal, WebhookEndpointId id) {
  return {"SELECT " ATELIER_ENDPOINT_COLUMNS " FROM webhook_endpoints WHERE id = $1 AND owner = $2",
          {id.to_string(), principal.owner.to_string()}};
}

Statement find(WebhookEndpointId id) {
  return {"SELECT " ATELIER_ENDPOINT_COLUMNS " FROM webhook_endpoints WHERE id = $1", {id.to_string()}};
}

Statement of_owner(Principal principal, std::int64_t count_max) {
  return {"SELECT " ATELIER_ENDPOINT_COLUMNS " FROM webhook_endpoints WHERE owner = $1 ORDER BY id LIMIT $2",
          {principal.owner.to_string(), count_max}};
}

Statement all(const std::string& after, std::int64_t count_max) {
  return {"SELECT " ATELIER_ENDPOINT_COLUMNS " FROM webhook_endpoints WHERE id > $1 ORDER BY id LIMIT $2",
          {after, count_max}};
}

Statement owners_told(std::int64_t count_max) {
  return {"SELECT DISTINCT owner FROM webhook_endpoints WHERE is_enabled = 1 ORDER BY owner LIMIT $1", {count_max}};
}

Statement told_of(const std::string& owner, std::int64_t type_bit) {
  return {"SELECT id FROM webhook_endpoints WHERE owner = $1 AND is_enabled = 1 AND (types & $2) <> 0",
          {owner, type_bit}};
}

Statement note_taken(WebhookEndpointId id) {
  return {"UPDATE webhook_endpoints SET failing_since_ms = 0 WHERE id = $1 AND failing_since_ms <> 0",
          {id.to_string()}};
}

Statement note_failed(WebhookEndpointId id, UnixMs now_ms) {
  return {"UPDATE webhook_endpoints SET failing_since_ms = $2 WHERE id = $1 AND failing_since_ms = 0",
          {id.to_string(), now_ms}};
}

Statement disable(WebhookEndpointId id, const std::string& trouble, UnixMs now_ms) {
  return {
      "UPDATE webhook_endpoints SET is_enabled = 0, trouble = $2, changed_ms = $3, revision = revision + 1 "
      "WHERE id = $1 AND is_enabled = 1",
      {id.to_string(), trouble, now_ms}};
}

Result<std::vector<WebhookEndpoint>> read_endpoints(const Rows& rows) {
  std::vector<WebhookEndpoint> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto id = WebhookEndpointId::parse(rows.text(row, 0));
    if (!id) return error_of(id);
    auto owner = UserId::parse(rows.text(row, 1));
    if (!owner) return error_of(owner);
    found.push_back({.id = *id,
                     .owner = *owner,
                     .url = rows.text(row, 2),
                     .note = rows.text(row, 3),
                     .types = rows.integer(row, 4),
                     .is_enabled = rows.integer(row, 5) != 0,
                     .trouble = rows.text(row, 6),
                     .sealed = rows.bytes(row, 7),
                     .failing_since_ms = rows.integer(row, 8),
                     .revision = rows.integer(row, 9),
                     .created_ms = rows.integer(row, 10),
                     .changed_ms = rows.integer(row, 11)});
  }
  return found;
}

Statement tell(UserId owner, WebhookType type, std::string subject, UnixMs at_ms) {
  return {
      "INSERT INTO webhook_outbox (owner, type, subject, at_ms) SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM "
      "webhook_endpoints WHERE owner = $1 AND is_enabled = 1 AND (types & $5) <> 0)",
      {owner.to_string(), std::string(to_string(type)), std::move(subject), at_ms, static_cast<std::int64_t>(type)}};
}

Statement outbox(std::int64_t count_max) {
  return {"SELECT position, owner, type, subject, at_ms FROM webhook_outbox ORDER BY position LIMIT $1", {count_max}};
}

Statement take_from_outbox(std::int64_t position) {
  return {"DELETE FROM webhook_outbox WHERE position = $1", {position}, Expect::exactly_one};
}

std::vector<Outgoing> read_outbox(const Rows& rows) {
  std::vector<Outgoing> found;
  for (std::size_t row = 0; row < rows.size(); ++row)
    found.push_back({.position = rows.integer(row, 0),
                     .owner = rows.text(row, 1),
                     .type = rows.text(row, 2),
                     .subject = rows.text(row, 3),
                     .at_ms = rows.integer(row, 4)});
  return found;
}

Statement insert(const WebhookDelivery& delivery) {
  return {"INSERT INTO webhook_deliveries (" ATELIER_DELIVERY_COLUMNS
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
          {delivery.id.to_string(), delivery.endpoint.to_string(), delivery.owner.to_string(), delivery.message,
           delivery.type, delivery.body, std::string(to_string(delivery.state)), delivery.attempts, delivery.tries,
           delivery.due_ms, delivery.created_ms, delivery.ended_ms}};
}

Statement waiting_at_least(WebhookEndpointId endpoint, std::int64_t count) {
  return {"SELECT 1 FROM webhook_deliveries WHERE endpoint = $1 AND state = 'waiting' LIMIT 1 OFFSET $2",
          {endpoint.to_string(), count}};
}

Statement next_due(std::int64_t count_max) {
  return {"SELECT endpoint, min(due_ms) FROM webhook_deliveries WHERE state = 'waiting' GROUP BY endpoint LIMIT $1",
          {count_max}};
}

Statement due_first(WebhookEndpointId endpoint, std::int64_t count_max) {
  return {"SELECT " ATELIER_DELIVERY_COLUMNS
          " FROM webhook_deliveries WHERE endpoint = $1 AND state = 'waiting' ORDER BY due_ms LIMIT $2",
          {endpoint.to_string(), count_max}};
}

Statement page(WebhookEndpointId endpoint, const std::string& before, std::int64_t count_max) {
  return {"SELECT " ATELIER_DELIVERY_COLUMNS
          " FROM webhook_deliveries WHERE endpoint = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
          {endpoint.to_string(), before, count_max}};
}

Statement dead_page(WebhookEndpointId endpoint, const std::string& before, std::int64_t count_max) {
  return {"SELECT " ATELIER_DELIVERY_COLUMNS
          " FROM webhook_deliveries WHERE endpoint = $1 AND state = 'dead' AND id < $2 ORDER BY id DESC LIMIT $3",
          {endpoint.to_string(), before, count_max}};
}

Statement find(WebhookEndpointId endpoint, WebhookDeliveryId id) {
  return {"SELECT " ATELIER_DELIVERY_COLUMNS " FROM webhook_deliveries WHERE id = $1 AND endpoint = $2",
          {id.to_string(), endpoint.to_string()}};
}

Statement deliver_again_at(const WebhookDelivery& delivery, UnixMs due_ms) {
  return {"UPDATE webhook_deliveries SET attempts = $2, tries = $3, due_ms = $4 WHERE id = $1 AND state = 'waiting'",
          {delivery.id.to_string(), delivery.attempts, delivery.tries, due_ms},
          Expect::exactly_one};
}

Statement end(const WebhookDelivery& delivery, DeliveryState state, UnixMs now_ms) {
  return {
      "UPDATE webhook_deliveries SET attempts = $2, tries = $3, state = $4, ended_ms = $5 "
      "WHERE id = $1 AND state = 'waiting'",
      {delivery.id.to_string(), delivery.attempts, delivery.tries, std::string(to_string(state)), now_ms},
      Expect::exactly_one};
}

Statement begin_anew(WebhookEndpointId endpoint, WebhookDeliveryId id, UnixMs now_ms) {
  return {
      "UPDATE webhook_deliveries SET state = 'waiting', tries = 0, due_ms = $3, ended_ms = 0 "
      "WHERE id = $1 AND endpoint = $2 AND state <> 'waiting'",
      {id.to_string(), endpoint.to_string(), now_ms},
      Expect::exactly_one};
}

Statement begin_dead_anew(WebhookEndpointId endpoint, UnixMs now_ms, std::int64_t count_max) {
  return {
      "UPDATE webhook_deliveries SET state = 'waiting', tries = 0, due_ms = $2, ended_ms = 0 WHERE id IN "
      "(SELECT id FROM webhook_deliveries WHERE endpoint = $1 AND state = 'dead' AND ended_ms <= $2 ORDER BY id "
      "LIMIT $3)",
      {endpoint.to_string(), now_ms, count_max}};
}

Statement remove_of(WebhookEndpointId endpoint, std::int64_t count_max) {
  return {
      "DELETE FROM webhook_deliveries WHERE id IN "
      "(SELECT id FROM webhook_deliveries WHERE endpoint = $1 ORDER BY id LIMIT $2)",
      {endpoint.to_string(), count_max}};
}

Statement remove_ended(UnixMs before_ms, std::int64_t count_max) {
  return {
      "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries "
      "WHERE state <> 'waiting' AND ended_ms < $1 ORDER BY ended_ms LIMIT $2)",
      {before_ms, count_max}};
}

Result<std::vector<WebhookDelivery>> read_deliveries(const Rows& rows) {
  std::vector<WebhookDelivery> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto id = WebhookDeliveryId::parse(rows.text(row, 0));
    if (!id) return error_of(id);
    auto endpoint = WebhookEndpointId::parse(rows.text(row, 1));
    if (!endpoint) return error_of(endpoint);
    auto owner = UserId::parse(rows.text(row, 2));
    if (!owner) return error_of(owner);
    found.push_back({.id = *id,
                     .endpoint = *endpoint,
                     .owner = *owner,
                     .message = rows.text(row, 3),
                     .type = rows.text(row, 4),
                     .body = rows.text(row, 5),
                     .state = parse_delivery_state(rows.text(row, 6)).value_or(DeliveryState::dead),
                     .attempts = rows.integer(row, 7),
                     .tries = rows.integer(row, 8),
                     .due_ms = rows.integer(row, 9),
                     .created_ms = rows.integer(row, 10),
                     .ended_ms = rows.integer(row, 11)});
  }
  return found;
}

Statement insert(WebhookDeliveryId delivery, const WebhookAttempt& attempt) {
  return {
      "INSERT INTO webhook_attempts (delivery, number, at_ms, took_ms, status, problem, answer) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {delivery.to_string(), attempt.number, attempt.at_ms, attempt.took_ms, std::int64_t{attempt.status},
       attempt.problem, attempt.answer}};
}

Statement remove_attempts(WebhookDeliveryId delivery, std::int64_t through_number) {
  return {"DELETE FROM webhook_attempts WHERE delivery = $1 AND number <= $2", {delivery.to_string(), through_number}};
}

Statement attempts_of(WebhookDeliveryId delivery, std::int64_t count_max) {
  return {
      "SELECT number, at_ms, took_ms, status, problem, answer FROM webhook_attempts WHERE delivery = $1 "
      "ORDER BY number LIMIT $2",
      {delivery.to_string(), count_max}};
}

std::vector<WebhookAttempt> read_attempts(const Rows& rows) {
  std::vector<WebhookAttempt> found;
  for (std::size_t row = 0; row < rows.size(); ++row)
    found.push_back({.number = rows.integer(row, 0),
                     .at_ms = rows.integer(row, 1),
                     .took_ms = rows.integer(row, 2),
                     .status = static_cast<int>(rows.integer(row, 3)),
                     .problem = rows.text(row, 4),
                     .answer = rows.text(row, 5)});
  return found;
}

}  // namespace atelier::studio::webhook_rows

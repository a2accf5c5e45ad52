#include "studio/webhook/endpoints.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "studio/gateway/gateway_setup_parts.hpp"
#include "studio/webhook/event_type.hpp"
#include "studio/webhook/rows.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kEndpointsMax = 20;  // of one owner
constexpr std::int64_t kSlice = 500;
constexpr std::int64_t kAttemptsMax = 100;
constexpr std::string_view kAfterAll = "~";  // no id is beyond it

std::unexpected<Error> no_endpoint() {
  return fail(ErrorCode::not_found, "there is no such webhook endpoint",
              {.reason = "webhook_endpoint_not_found", .where = {}});
}
std::unexpected<Error> no_delivery() {
  return fail(ErrorCode::not_found, "there is no such delivery", {.reason = "delivery_not_found", .where = {}});
}

}  // namespace

Task<Result<>> WebhookEndpoints::write(store::Statement statement) {
  std::vector<store::Statement> batch;
  batch.push_back(std::move(statement));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  co_return Result<>{};
}

Task<Result<>> WebhookEndpoints::write_change(WebhookEndpoint endpoint, std::int64_t revision) {
  auto written = co_await write(webhook_rows::update(endpoint, revision));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, "the webhook endpoint was changed meanwhile: read it again",
                   {.reason = "revision_conflict", .where = {}});
  if (!written) co_return error_of(std::move(written));
  parts_.sender.look_at_owners();
  parts_.sender.look(endpoint.id);
  co_return Result<>{};
}

Task<Result<std::vector<WebhookEndpoint>>> WebhookEndpoints::list(Principal principal) {
  auto rows = co_await parts_.database.read(webhook_rows::of_owner(principal, kEndpointsMax));
  if (!rows) co_return error_of(std::move(rows));
  co_return webhook_rows::read_endpoints(*rows);
}

Task<Result<WebhookEndpoint>> WebhookEndpoints::find(Principal principal, WebhookEndpointId id) {
  auto rows = co_await parts_.database.read(webhook_rows::find(principal, id));
  if (!rows) co_return error_of(std::move(rows));
  auto found = webhook_rows::read_endpoints(*rows);
  if (!found) co_return error_of(std::move(found));
  if (found->empty()) co_return no_endpoint();
  co_return std::move(found->front());
}

Task<Result<WebhookEndpoints::Created>> WebhookEndpoints::create(Principal principal, Fields fields) {
  if (auto fine = parts_.carrier.check(fields.url); !fine) co_return error_of(std::move(fine));
  auto there = co_await list(principal);
  if (!there) co_return error_of(std::move(there));
  if (there->size() >= static_cast<std::size_t>(kEndpointsMax))
    co_return fail(ErrorCode::too_large, fmt::format("there are {} webhook endpoints already", kEndpointsMax),
                   {.reason = "too_many_webhook_endpoints", .where = {}});
  auto under_way = parts_.vault.setup().begin_change();
  if (!under_way) co_return error_of(std::move(under_way));
  Created created;
  created.secret = WebhookVault::make_secret();
  WebhookEndpoint& endpoint = created.endpoint;
  endpoint.id = WebhookEndpointId::make();
  endpoint.owner = principal.owner;
  endpoint.url = std::move(fields.url);
  endpoint.note = std::move(fields.note);
  endpoint.types = fields.types;
  endpoint.is_enabled = fields.is_enabled;
  endpoint.created_ms = endpoint.changed_ms = parts_.clock.wall_ms();
  WebhookSecrets secrets;
  secrets.secret = created.secret;
  endpoint.sealed = parts_.vault.seal(endpoint.id, secrets);
  auto written = co_await write(webhook_rows::insert(endpoint));
  if (!written) co_return error_of(std::move(written));
  parts_.sender.look_at_owners();
  co_return created;
}

Task<Result<WebhookEndpoint>> WebhookEndpoints::change(Principal principal, WebhookEndpointId id, std::int64_t revision,
                                                       Change change) {
  auto endpoint = co_await find(principal, id);
  if (!endpoint) co_return error_of(std::move(endpoint));
  // What is sealed is written as it is: it must not be sealed anew in between.
  auto under_way = parts_.vault.setup().begin_change();
  if (!under_way) co_return error_of(std::move(under_way));
  if (change.url) {
    if (auto fine = parts_.carrier.check(*change.url); !fine) co_return error_of(std::move(fine));
    endpoint->url = std::move(*change.url);
  }
  if (change.note) endpoint->note = std::move(*change.note);
  if (change.types) endpoint->types = *change.types;
  if (change.is_enabled) {
    endpoint->is_enabled = *change.is_enabled;
    // Whoever enables it believes that it is well again.
    endpoint->trouble.clear();
    if (*change.is_enabled) endpoint->failing_since_ms = 0;
  }
  endpoint->changed_ms = parts_.clock.wall_ms();
  auto written = co_await write_change(*endpoint, revision);
  if (!written) co_return error_of(std::move(written));
  endpoint->revision = revision + 1;
  co_return std::move(*endpoint);
}

Task<Result<>> WebhookEndpoints::remove(Principal principal, WebhookEndpointId id) {
  auto written = co_await write(webhook_rows::remove(principal, id));
  if (!written && written.error().code == ErrorCode::conflict) co_return no_endpoint();
  if (!written) co_return error_of(std::move(written));
  parts_.sender.look_at_owners();
  parts_.sender.look(id);  // which finds that it is gone, and deletes what was for it
  co_return Result<>{};
}

Task<Result<WebhookEndpoints::Created>> WebhookEndpoints::rotate(Principal principal, WebhookEndpointId id,
                                                                 std::chrono::hours old_kept) {
  auto under_way = parts_.vault.setup().begin_change();
  if (!under_way) co_return error_of(std::move(under_way));
  auto endpoint = co_await find(principal, id);
  if (!endpoint) co_return error_of(std::move(endpoint));
  auto secrets = parts_.vault.open(*endpoint);
  Created created;
  created.secret = WebhookVault::make_secret();
  WebhookSecrets anew;
  anew.secret = created.secret;
  // One that cannot be opened any more is replaced all the same.
  if (secrets && old_kept.count() > 0) {
    anew.old = std::move(secrets->secret);
    anew.old_until_ms =
        parts_.clock.wall_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(old_kept).count();
  }
  endpoint->sealed = parts_.vault.seal(id, anew);
  endpoint->changed_ms = parts_.clock.wall_ms();
  const std::int64_t revision = endpoint->revision;
  auto written = co_await write_change(*endpoint, revision);
  if (!written) co_return error_of(std::move(written));
  endpoint->revision = revision + 1;
  created.endpoint = std::move(*endpoint);
  co_return created;
}

Task<Result<WebhookDelivery>> WebhookEndpoints::try_out(Principal principal, WebhookEndpointId id) {
  auto endpoint = co_await find(principal, id);
  if (!endpoint) co_return error_of(std::move(endpoint));
  if (!endpoint->is_enabled)
    co_return fail(ErrorCode::conflict, "nothing is sent to this webhook endpoint: enable it first",
                   {.reason = "webhook_disabled", .where = {}});
  const UnixMs now_ms = parts_.clock.wall_ms();
  WebhookDelivery delivery;
  delivery.id = WebhookDeliveryId::make();
  delivery.endpoint = id;
  delivery.owner = principal.owner;
  delivery.message = "msg_" + Ulid::make().to_string();
  delivery.type = kWebhookTestType;
  json::Object facts;
  facts["endpoint_id"] = id.to_string();
  delivery.body = webhook_body(kWebhookTestType, now_ms, std::move(facts));
  delivery.due_ms = delivery.created_ms = now_ms;
  auto written = co_await write(webhook_rows::insert(delivery));
  if (!written) co_return error_of(std::move(written));
  parts_.sender.look(id);
  co_return delivery;
}

Task<Result<WebhookEndpoints::Page>> WebhookEndpoints::deliveries(Principal principal, WebhookEndpointId id,
                                                                  Which which, std::string after,
                                                                  std::size_t count_max) {
  auto endpoint = co_await find(principal, id);
  if (!endpoint) co_return error_of(std::move(endpoint));
  if (after.empty()) after = kAfterAll;
  const auto limit = static_cast<std::int64_t>(count_max) + 1;
  store::Statement query =
      which == Which::dead ? webhook_rows::dead_page(id, after, limit) : webhook_rows::page(id, after, limit);
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  auto found = webhook_rows::read_deliveries(*rows);
  if (!found) co_return error_of(std::move(found));
  Page page{.items = std::move(*found), .next = {}};
  if (page.items.size() > count_max) {
    page.items.resize(count_max);
    page.next = page.items.back().id.to_string();
  }
  co_return page;
}

Task<Result<WebhookEndpoints::Story>> WebhookEndpoints::delivery(Principal principal, WebhookEndpointId id,
                                                                 WebhookDeliveryId delivery) {
  auto endpoint = co_await find(principal, id);
  if (!endpoint) co_return error_of(std::move(endpoint));
  std::vector<store::Statement> batch;
  batch.push_back(webhook_rows::find(id, delivery));
  batch.push_back(webhook_rows::attempts_of(delivery, kAttemptsMax));
  auto tables = co_await parts_.database.read_all(std::move(batch));
  if (!tables) co_return error_of(std::move(tables));
  auto found = webhook_rows::read_deliveries((*tables)[0]);
  if (!found) co_return error_of(std::move(found));
  if (found->empty()) co_return no_delivery();
  Story story{.delivery = std::move(found->front()), .attempts = webhook_rows::read_attempts((*tables)[1])};
  co_return story;
}

Task<Result<WebhookDelivery>> WebhookEndpoints::send_again(Principal principal, WebhookEndpointId id,
                                                           WebhookDeliveryId delivery) {
  auto story = co_await this->delivery(principal, id, delivery);
  if (!story) co_return error_of(std::move(story));
  auto written = co_await write(webhook_rows::begin_anew(id, delivery, parts_.clock.wall_ms()));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, "it is being sent already", {.reason = "delivery_waiting", .where = {}});
  if (!written) co_return error_of(std::move(written));
  parts_.sender.look(id);
  auto now = co_await this->delivery(principal, id, delivery);
  if (!now) co_return error_of(std::move(now));
  co_return std::move(now->delivery);
}

Task<Result<std::int64_t>> WebhookEndpoints::send_dead_again(Principal principal, WebhookEndpointId id) {
  auto endpoint = co_await find(principal, id);
  if (!endpoint) co_return error_of(std::move(endpoint));
  // What is given up meanwhile is not begun anew over and over.
  const UnixMs now_ms = parts_.clock.wall_ms();
  std::int64_t count = 0;
  for (;;) {
    std::vector<store::Statement> batch;
    batch.push_back(webhook_rows::begin_dead_anew(id, now_ms, kSlice));
    auto written = co_await parts_.database.write(std::move(batch));
    if (!written) co_return error_of(std::move(written));
    count += written->front().changed_count;
    parts_.sender.look(id);
    if (written->front().changed_count < kSlice) co_return count;
  }
}

}  // namespace atelier::studio

// Where people want to be told of what happens, and what became of that.
#include "studio/webhook/endpoints.hpp"

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "studio/webhook/event_type.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 16 << 10;
constexpr std::size_t kUrlBytesMax = 2'048, kNoteBytesMax = 500;
constexpr std::int64_t kOldSecretHours = 24, kOldSecretHoursMax = 168;

using Endpoints = studio::WebhookEndpoints;

std::optional<std::int64_t> read_types(json::ObjectReader& reader, const json::Array* list) {
  if (list == nullptr) return std::nullopt;
  std::int64_t types = 0;
  for (const json::Value& one : *list) {
    const auto type = one.is_string() ? studio::parse_webhook_type(one.get_string()) : std::nullopt;
    if (!type) {
      std::string known;
      for (const studio::WebhookType each : studio::kWebhookTypes)
        known.append(known.empty() ? "" : ", ").append(studio::to_string(each));
      reader.complain("types", "must be a list of some of these: " + known);
      return std::nullopt;
    }
    types |= static_cast<std::int64_t>(*type);
  }
  if (types == 0) reader.complain("types", "must name one at least");
  return types;
}

json::Value with_secret(const Endpoints::Created& created) {
  json::Value value = studio::to_json(created.endpoint);
  value.get_object()["secret"] = created.secret;
  return value;
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto endpoints = co_await services.webhook_endpoints.list(request.principal());
  if (!endpoints) co_return error_of(endpoints);
  json::Array items;
  for (const studio::WebhookEndpoint& endpoint : *endpoints) items.push_back(studio::to_json(endpoint));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  Endpoints::Fields fields;
  fields.url = reader.required_string("url", {.bytes_min = 1, .bytes_max = kUrlBytesMax});
  fields.note = reader.optional_string("note", {.bytes_max = kNoteBytesMax}).value_or("");
  fields.types = read_types(reader, reader.required_array("types", std::size(studio::kWebhookTypes))).value_or(0);
  fields.is_enabled = reader.optional_bool("is_enabled").value_or(true);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto created = co_await services.webhook_endpoints.create(request.principal(), std::move(fields));
  if (!created) co_return error_of(created);
  net::Response response = net::json_response(with_secret(*created), 201);
  response.headers.set("location", "/api/webhook-endpoints/" + created->endpoint.id.to_string());
  co_return response;
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto endpoint = co_await services.webhook_endpoints.find(request.principal(), *id);
  if (!endpoint) co_return error_of(endpoint);
  co_return net::json_response(studio::to_json(*endpoint));
}

Task<Result<net::Response>> change(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto revision = revision_of(request);
  if (!revision) co_return error_of(revision);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  Endpoints::Change wanted;
  wanted.url = reader.optional_string("url", {.bytes_min = 1, .bytes_max = kUrlBytesMax});
  wanted.note = reader.optional_string("note", {.bytes_max = kNoteBytesMax});
  wanted.types = read_types(reader, reader.optional_array("types", std::size(studio::kWebhookTypes)));
  wanted.is_enabled = reader.optional_bool("is_enabled");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto endpoint = co_await services.webhook_endpoints.change(request.principal(), *id, *revision, std::move(wanted));
  if (!endpoint) co_return error_of(endpoint);
  co_return net::json_response(studio::to_json(*endpoint));
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto removed = co_await services.webhook_endpoints.remove(request.principal(), *id);
  if (!removed) co_return error_of(removed);
  co_return net::empty_response();
}

Task<Result<net::Response>> rotate(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const std::int64_t hours = reader.optional_integer("old_kept_hours", 0, kOldSecretHoursMax).value_or(kOldSecretHours);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto rotated = co_await services.webhook_endpoints.rotate(request.principal(), *id, std::chrono::hours(hours));
  if (!rotated) co_return error_of(rotated);
  co_return net::json_response(with_secret(*rotated));
}

Task<Result<net::Response>> try_out(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto delivery = co_await services.webhook_endpoints.try_out(request.principal(), *id);
  if (!delivery) co_return error_of(delivery);
  co_return net::json_response(studio::to_json(*delivery), 202);
}

Task<Result<net::Response>> deliveries(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto page = page_of(request);
  if (!page) co_return error_of(page);
  const std::string state = request.query_parameter("state").value_or("");
  if (!state.empty() && state != "dead")
    co_return fail(ErrorCode::invalid_argument, "must be dead, or left out",
                   {.reason = "field_invalid", .where = "state"});
  const Endpoints::Which which = state.empty() ? Endpoints::Which::all : Endpoints::Which::dead;
  std::string after = page->after;
  auto found = co_await services.webhook_endpoints.deliveries(request.principal(), *id, which, std::move(after),
                                                              page->count_max);
  if (!found) co_return error_of(found);
  json::Array items;
  for (const studio::WebhookDelivery& delivery : found->items) items.push_back(studio::to_json(delivery));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", found->next}});
}

Task<Result<net::Response>> delivery(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto which = id_in<studio::WebhookDeliveryId>(request, "delivery");
  if (!which) co_return error_of(which);
  auto story = co_await services.webhook_endpoints.delivery(request.principal(), *id, *which);
  if (!story) co_return error_of(story);
  json::Object told = studio::to_json(story->delivery);
  told["body"] = story->delivery.body;
  json::Array attempts;
  for (const studio::WebhookAttempt& attempt : story->attempts) attempts.push_back(studio::to_json(attempt));
  told["log"] = std::move(attempts);
  co_return net::json_response(told);
}

Task<Result<net::Response>> send_again(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto which = id_in<studio::WebhookDeliveryId>(request, "delivery");
  if (!which) co_return error_of(which);
  auto delivery = co_await services.webhook_endpoints.send_again(request.principal(), *id, *which);
  if (!delivery) co_return error_of(delivery);
  co_return net::json_response(studio::to_json(*delivery), 202);
}

Task<Result<net::Response>> send_dead_again(Services services, net::Request request) {
  auto id = id_in<studio::WebhookEndpointId>(request, "id");
  if (!id) co_return error_of(id);
  auto count = co_await services.webhook_endpoints.send_dead_again(request.principal(), *id);
  if (!count) co_return error_of(count);
  co_return net::json_response(json::Object{{"count", *count}}, 202);
}

constexpr QueryParameter kPageQuery[] = {{"state", "dead: only those that were given up"},
                                         {"after", "The `next` of the page before"},
                                         {"limit", "1 to 200, 50 unless given"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/webhook-endpoints",
     .run = list,
     .summary = "Where the caller is told of what happens",
     .answer = "WebhookEndpointPage"},
    {.method = net::Method::post,
     .path = "/api/webhook-endpoints",
     .run = create,
     .summary = "Adds an address to be told at; its secret is told here alone",
     .request = "NewWebhookEndpoint",
     .answer = "WebhookEndpointWithSecret",
     .status = 201},
    {.method = net::Method::get,
     .path = "/api/webhook-endpoints/{id}",
     .run = get,
     .summary = "One of them",
     .answer = "WebhookEndpoint"},
    {.method = net::Method::patch,
     .path = "/api/webhook-endpoints/{id}",
     .run = change,
     .summary = "Changes it",
     .request = "WebhookEndpointChange",
     .answer = "WebhookEndpoint",
     .needs_revision = true},
    {.method = net::Method::del,
     .path = "/api/webhook-endpoints/{id}",
     .run = remove,
     .summary = "Deletes it, and what waits to be sent to it",
     .status = 204},
    {.method = net::Method::post,
     .path = "/api/webhook-endpoints/{id}/rotate",
     .run = rotate,
     .summary = "Gives it another secret; the one before signs too for a while",
     .request = "WebhookRotation",
     .answer = "WebhookEndpointWithSecret"},
    {.method = net::Method::post,
     .path = "/api/webhook-endpoints/{id}/test",
     .run = try_out,
     .summary = "Sends a message of the type webhook.test",
     .answer = "WebhookDelivery",
     .status = 202},
    {.method = net::Method::get,
     .path = "/api/webhook-endpoints/{id}/deliveries",
     .run = deliveries,
     .summary = "What was sent to it and is to be, newest first",
     .answer = "WebhookDeliveryPage",
     .query = kPageQuery},
    {.method = net::Method::get,
     .path = "/api/webhook-endpoints/{id}/deliveries/{delivery}",
     .run = delivery,
     .summary = "One of them, with its body and every attempt",
     .answer = "WebhookDeliveryStory"},
    {.method = net::Method::post,
     .path = "/api/webhook-endpoints/{id}/deliveries/{delivery}/redrive",
     .run = send_again,
     .summary = "Sends one that ended once more",
     .answer = "WebhookDelivery",
     .status = 202},
    {.method = net::Method::post,
     .path = "/api/webhook-endpoints/{id}/redrive",
     .run = send_dead_again,
     .summary = "Sends all that were given up once more",
     .answer = "WebhookRedriven",
     .status = 202},
};

}  // namespace

std::span<const Route> webhook_endpoint_routes() { return kRoutes; }

}  // namespace atelier::api

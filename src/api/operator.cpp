// What operators ask: health, metrics, the API's own description, keys.
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

Task<Result<net::Response>> healthz(Services, net::Request) { co_return net::text_response("ok\n"); }

// Ready when the database answers.
Task<Result<net::Response>> readyz(Services services, net::Request) {
  store::Statement rows_query("SELECT 1");
  auto rows = co_await services.database.read(std::move(rows_query));
  if (!rows) co_return error_of(rows);
  co_return net::text_response("ready\n");
}

Task<Result<net::Response>> metrics(Services services, net::Request) {
  co_return net::text_response(services.metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
}

Task<Result<net::Response>> get_openapi(Services, net::Request) {
  static const std::string* text = new std::string(json::write(openapi()));  // never freed: handlers run until the end
  net::Response response = net::text_response(*text, "application/json");
  response.headers.set("cache-control", "no-cache");
  co_return response;
}

json::Value key_to_json(const studio::AccessKey& key) {
  json::Object object{{"id", key.id.to_string()},
                      {"name", key.name},
                      {"role", studio::to_string(key.role)},
                      {"created_at", format_rfc3339(key.created_ms)},
                      {"is_revoked", key.is_revoked}};
  object["last_used_at"] = key.last_used_ms > 0 ? json::Value(format_rfc3339(key.last_used_ms)) : json::Value();
  return object;
}

Task<Result<net::Response>> list_keys(Services services, net::Request) {
  auto keys = co_await services.accounts.list_keys();
  if (!keys) co_return error_of(keys);
  json::Array items;
  for (const studio::AccessKey& key : *keys) items.push_back(key_to_json(key));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> create_key(Services services, net::Request request) {
  auto body = co_await request.read_json(4096);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string name = reader.required_string("name", {.bytes_min = 1, .bytes_max = 100});
  const std::string role = reader.optional_choice("role", {"admin", "member"}).value_or("member");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  const Role wanted = role == "admin" ? Role::admin : Role::member;
  auto created = co_await services.accounts.create_key(std::move(name), wanted);
  if (!created) co_return error_of(created);
  json::Value answer = key_to_json(created->key);
  answer.as_object()["secret"] = created->secret;
  net::Response response = net::json_response(answer, 201);
  response.headers.set("cache-control", "no-store");
  co_return response;
}

Task<Result<net::Response>> revoke_key(Services services, net::Request request) {
  auto id = KeyId::parse(request.path_parameter("id"));
  if (!id) co_return fail(ErrorCode::not_found, "there is no such key");
  if (auto done = co_await services.accounts.revoke_key(*id); !done) co_return error_of(done);
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/healthz", healthz, Access::open, "The process answers", "", "text/plain"},
    {net::Method::get, "/readyz", readyz, Access::open, "The store answers", "", "text/plain"},
    {net::Method::get, "/metrics", metrics, Access::admin, "Prometheus metrics", "", "text/plain"},
    {net::Method::get, "/api/openapi.json", get_openapi, Access::open, "This document", "", "application/json"},
    {net::Method::get, "/api/keys", list_keys, Access::admin, "Access keys", "", "KeyPage"},
    {net::Method::post, "/api/keys", create_key, Access::admin, "Makes an access key; its secret is shown once",
     "NewKey", "CreatedKey", 201},
    {net::Method::del, "/api/keys/{id}", revoke_key, Access::admin, "Revokes a key", "", "", 204},
};

}  // namespace

std::span<const Route> operator_routes() { return kRoutes; }

}  // namespace atelier::api

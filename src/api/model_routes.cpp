// Routes: names that stand for several candidates, tried by a strategy.
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 256 << 10;

json::Object to_json(const studio::StoredRoute& stored) {
  json::Object object = studio::to_json(stored.route);
  object["name"] = stored.route.name;
  object["revision"] = stored.revision;
  object["created_at"] = format_rfc3339(stored.created_ms);
  object["updated_at"] = format_rfc3339(stored.updated_ms);
  return object;
}

// A name's taking place is the path's or the body's business; what the rest means is studio's.
Result<model::Route> read_body(json::Value& body, std::optional<std::string> name) {
  if (!body.is_object())
    return fail(ErrorCode::invalid_argument, "the body must be an object", {.reason = {}, .where = ""});
  if (!name) {
    const json::Value* given = body.as_object().if_contains("name");
    if (!given || !given->is_string())
      return fail(ErrorCode::invalid_argument, "a route has a name", {.reason = {}, .where = "/name"});
    name = std::string(given->get_string());
    body.as_object().erase("name");
  }
  return studio::read_route(std::move(*name), body);
}

Task<Result<net::Response>> list_routes(Services services, net::Request) {
  auto routes = co_await services.gateway_setup.list_routes();
  if (!routes) co_return error_of(routes);
  json::Array items;
  for (const studio::StoredRoute& route : *routes) items.push_back(to_json(route));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> get_route(Services services, net::Request request) {
  auto route = co_await services.gateway_setup.get_route(std::string(request.path_parameter("name")));
  if (!route) co_return error_of(route);
  co_return net::json_response(to_json(*route));
}

Task<Result<net::Response>> create_route(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto route = read_body(*body, std::nullopt);
  if (!route) co_return error_of(route);
  auto stored = co_await services.gateway_setup.create_route(std::move(*route));
  if (!stored) co_return error_of(stored);
  co_return net::json_response(to_json(*stored), 201);
}

Task<Result<net::Response>> update_route(Services services, net::Request request) {
  auto revision = revision_of(request);
  if (!revision) co_return error_of(revision);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto route = read_body(*body, std::string(request.path_parameter("name")));
  if (!route) co_return error_of(route);
  auto stored = co_await services.gateway_setup.update_route(std::move(*route), *revision);
  if (!stored) co_return error_of(stored);
  co_return net::json_response(to_json(*stored));
}

Task<Result<net::Response>> remove_route(Services services, net::Request request) {
  auto removed = co_await services.gateway_setup.remove_route(std::string(request.path_parameter("name")));
  if (!removed) co_return error_of(removed);
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/routes", list_routes, Access::admin, "Routes over models", "", "RoutePage"},
    {net::Method::post, "/api/routes", create_route, Access::admin, "Adds a route", "NewRoute", "Route", 201},
    {net::Method::get, "/api/routes/{name}", get_route, Access::admin, "One of them", "", "Route"},
    {.method = net::Method::put,
     .path = "/api/routes/{name}",
     .run = update_route,
     .access = Access::admin,
     .summary = "Sets a route anew",
     .request = "RouteDefinition",
     .answer = "Route",
     .needs_revision = true},
    {net::Method::del, "/api/routes/{name}", remove_route, Access::admin, "Removes a route", "", "", 204},
};

}  // namespace

std::span<const Route> model_route_routes() { return kRoutes; }

}  // namespace atelier::api

// Routes: names that stand for several candidates, tried by a strategy.
#include "api/model_facts.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "model/record/route_attempts.hpp"
#include "model/route/standing.hpp"

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

json::Object to_json(const model::RouteShare::Window& window) {
  return {{"attempts", window.attempts}, {"answered", window.answered}};
}

void add(model::RouteShare::Window& sum, const model::RouteShare::Window& more) {
  sum.attempts += more.attempts;
  sum.answered += more.answered;
}

json::Object to_json(const model::Standing& standing, const model::RouteShare& share, const Services& services) {
  const model::RouteTarget& target = standing.target;
  json::Object object{{"name", target.provider + "/" + target.model},
                      {"provider", target.provider},
                      {"model", target.model},
                      {"weight", target.weight},
                      {"chance", standing.chance},
                      {"hour", to_json(share.hour)},
                      {"day", to_json(share.day)}};
  object["turn"] = standing.turn ? json::Value(*standing.turn) : json::Value();
  object["health"] = standing.candidate ? json::Value(health_of(*standing.candidate, services.clock)) : json::Value();
  object["rates"] = standing.candidate ? rates_of(*standing.candidate, services.prices) : json::Value();
  object["is_local"] = standing.candidate && standing.candidate->provider->is_local;
  return object;
}

// `shares`: of this route. The sums have those of candidates that were taken out of it since.
json::Object to_json(const model::Route& route, std::span<const model::RouteShare> shares, const Services& services) {
  model::RouteShare sum;
  for (const model::RouteShare& share : shares) {
    add(sum.hour, share.hour);
    add(sum.day, share.day);
  }
  json::Array candidates;
  for (const model::Standing& standing :
       model::standings(route, services.chat.models(), services.clock.now(), &services.prices)) {
    const std::string name = standing.target.provider + "/" + standing.target.model;
    const auto found = std::ranges::find(shares, name, &model::RouteShare::candidate);
    candidates.push_back(to_json(standing, found == shares.end() ? model::RouteShare() : *found, services));
  }
  return {{"name", route.name},
          {"strategy", to_string(route.strategy)},
          {"hour", to_json(sum.hour)},
          {"day", to_json(sum.day)},
          {"candidates", std::move(candidates)}};
}

// Pages by name: `after` is that of the last route before.
Task<Result<net::Response>> list_candidates(Services services, net::Request request) {
  auto limit = integer_query(request, "limit", 50, 1, 200);
  if (!limit) co_return error_of(limit);
  const std::string after = request.query_parameter("after").value_or("");
  const model::DirectoryPtr directory = services.chat.models().directory();
  std::vector<const model::Route*> routes;
  auto next = directory->routes().upper_bound(after);
  for (; next != directory->routes().end() && std::ssize(routes) < *limit; ++next) routes.push_back(&next->second);
  std::vector<model::RouteShare> shares;
  if (!routes.empty()) {
    auto read = co_await model::read_route_shares(&services.telemetry, routes.front()->name, routes.back()->name,
                                                  services.clock.wall_ms());
    if (!read) co_return error_of(read);
    shares = std::move(*read);
  }
  json::Array items;
  for (const model::Route* route : routes) {
    const auto own = std::ranges::equal_range(shares, route->name, {}, &model::RouteShare::route);
    items.push_back(to_json(*route, {own.begin(), own.end()}, services));
  }
  const bool has_more = next != directory->routes().end() && !routes.empty();
  co_return net::json_response(
      json::Object{{"items", std::move(items)}, {"next", has_more ? routes.back()->name : ""}});
}

constexpr QueryParameter kPage[] = {{"after", "The `next` of the page before"}, {"limit", "1 to 200, 50 unless given"}};

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/routes", list_routes, Access::admin, "Routes over models", "", "RoutePage"},
    {net::Method::get, "/api/route-candidates", list_candidates, Access::admin,
     "Who serves each route: whose turn it is, how they are, and what they served", "", "RouteStandingPage", 200,
     kPage},
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

#include "api/route.hpp"

#include <algorithm>

#include "api/authenticate.hpp"
#include "api/tables.hpp"
#include "api/v1/v1.hpp"
#include "base/async.hpp"
#include "net/handled.hpp"

namespace atelier::api {
namespace {

std::unexpected<Error> nobody() {
  return fail(ErrorCode::unauthenticated, "sign in with an access key (`atelier keys create` makes one)",
              {.reason = "unauthenticated", .where = {}});
}

Task<Result<net::Response>> call(Services services, const Route* route, net::Request request) {
  const auto began = std::chrono::steady_clock::now();
  auto caller = co_await authenticate(services, &request);
  request.add_timing({.name = "auth", .took = std::chrono::steady_clock::now() - began});
  if (!caller && !(route->access == Access::open && caller.error().code == ErrorCode::unauthenticated))
    co_return error_of(caller);
  if (caller) request.caller = *caller;
  request.enter_trace();
  if (route->access != Access::open && !request.caller) co_return nobody();
  if (route->access == Access::admin && request.caller->role != Role::admin)
    co_return fail(ErrorCode::forbidden, "this is for admins", {.reason = "forbidden", .where = {}});
  co_return co_await route->run(services, std::move(request));
}

// Programs with official clients get errors in the shape these read.
Task<Result<net::Response>> call_face(Services services, const Route* route, net::Request request) {
  const std::string request_id = request.request_id;
  // Models are listed to programs of both protocols under one path; Anthropic's say their version.
  const Face face = request.headers.find("anthropic-version") ? Face::anthropic : route->face;
  Result<net::Response> response = nobody();
  const auto began = std::chrono::steady_clock::now();
  auto key = co_await authenticate_face(services, &request);
  request.add_timing({.name = "auth", .took = std::chrono::steady_clock::now() - began});
  if (!key)
    response = error_of(key);
  else if (*key) {
    request.caller = (*key)->principal;
    request.enter_trace();
    response = co_await route->serve(services, std::move(request), std::move(*key));
  }
  if (!response && response.error().code == ErrorCode::cancelled) co_return response;
  if (!response) {
    net::log_failure(response.error(), request_id);
    response = face_error(face, response.error(), request_id);
  }
  // Anthropic's name of what every answer has as x-request-id.
  if (face == Face::anthropic) response->headers.set("request-id", request_id);
  co_return response;
}

// Handlers refer to the rows for ever.
const std::vector<Route>& mounted_routes() {
  static const std::vector<Route>* routes = new std::vector<Route>(all_routes());
  return *routes;
}

}  // namespace

std::vector<Route> all_routes() {
  std::vector<Route> all;
  for (const std::span<const Route> table : {session_routes(),
                                             own_account_routes(),
                                             people_routes(),
                                             invitation_routes(),
                                             batch_routes(),
                                             thread_routes(),
                                             message_routes(),
                                             tool_routes(),
                                             prompt_routes(),
                                             thread_exchange_routes(),
                                             thread_search_routes(),
                                             ai_sdk_routes(),
                                             production_routes(),
                                             run_routes(),
                                             generation_routes(),
                                             voice_routes(),
                                             asset_routes(),
                                             asset_shelf_routes(),
                                             asset_archive_routes(),
                                             upload_routes(),
                                             event_routes(),
                                             operator_routes(),
                                             key_routes(),
                                             model_routes(),
                                             provider_routes(),
                                             model_route_routes(),
                                             call_routes(),
                                             performance_routes(),
                                             objective_routes(),
                                             error_routes(),
                                             alert_routes(),
                                             trace_routes(),
                                             performance_now_routes(),
                                             v1_chat_routes(),
                                             v1_response_routes(),
                                             v1_endpoint_routes(),
                                             v1_media_routes(),
                                             v1_model_routes(),
                                             manual_routes(),
                                             webhook_endpoint_routes(),
                                             webhook_routes()})
    all.insert(all.end(), table.begin(), table.end());
  return all;
}

const Route* route_of(net::Method method, std::string_view path) {
  const std::vector<Route>& all = mounted_routes();
  const auto found =
      std::ranges::find_if(all, [&](const Route& one) { return one.method == method && one.path == path; });
  return found == all.end() ? nullptr : &*found;
}

void mount(net::Router& router, Services services) {
  services.router = &router;
  for (const Route& route : mounted_routes())
    router.add(route.method, std::string(route.path), [services, &route](net::Request request) {
      return route.face == Face::studio ? call(services, &route, std::move(request))
                                        : call_face(services, &route, std::move(request));
    });
}

}  // namespace atelier::api

// What operators ask: health, metrics, the API's own description.
#include "api/accept.hpp"
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

Task<Result<net::Response>> metrics(Services services, net::Request request) {
  constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
  if (names_type(request.headers.find("accept").value_or(""), kOpenMetrics))
    co_return net::text_response(services.metrics.render_open(),
                                 std::string(kOpenMetrics) + "; version=1.0.0; charset=utf-8");
  co_return net::text_response(services.metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
}

Task<Result<net::Response>> get_openapi(Services, net::Request) {
  static const std::string* text = new std::string(json::write(openapi()));  // never freed: handlers run until the end
  net::Response response = net::text_response(*text, "application/json");
  response.headers.set("cache-control", "no-cache");
  co_return response;
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/healthz", healthz, Access::open, "The process answers", "", "text/plain"},
    {net::Method::get, "/readyz", readyz, Access::open, "The store answers", "", "text/plain"},
    {net::Method::get, "/metrics", metrics, Access::admin, "Prometheus metrics", "", "text/plain"},
    {net::Method::get, "/api/openapi.json", get_openapi, Access::open, "This document", "", "application/json"},
};

}  // namespace

std::span<const Route> operator_routes() { return kRoutes; }

}  // namespace atelier::api

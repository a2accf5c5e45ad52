#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "graph/view_json.hpp"

namespace atelier::api {
namespace {

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto page = page_of(request);
  if (!page) co_return error_of(page);
  auto runs =
      co_await services.engine.list(request.principal(), request.query_parameter("kind").value_or(""),
                                    request.query_parameter("subject").value_or(""), page->after, page->count_max);
  if (!runs) co_return error_of(runs);
  json::Array items;
  for (const graph::RunView& run : runs->runs) items.push_back(graph::to_json(run, false));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", runs->next}});
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  auto run = co_await services.engine.find(request.principal(), *id);
  if (!run) co_return error_of(run);
  co_return net::json_response(graph::to_json(*run, true));
}

Task<Result<net::Response>> cancel(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.engine.cancel(request.principal(), *id); !done) co_return error_of(done);
  auto run = co_await services.engine.find_summary(request.principal(), *id);
  if (!run) co_return error_of(run);
  co_return net::json_response(graph::to_json(*run, false), 202);
}

Task<Result<net::Response>> retry(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  std::string from_step;
  if (request.body) {
    auto body = co_await request.read_json(16 << 10);
    if (!body) co_return error_of(body);
    json::ObjectReader reader(*body);
    from_step = reader.optional_string("from_step", {.bytes_max = 200}).value_or("");
    if (auto done = reader.finish(); !done) co_return error_of(done);
  }
  auto started = co_await services.productions.render_again(request.principal(), *id, std::move(from_step));
  if (!started) co_return error_of(started);
  auto run = co_await services.engine.find_summary(request.principal(), *started);
  if (!run) co_return error_of(run);
  net::Response response = net::json_response(graph::to_json(*run, false), 202);
  response.headers.set("location", "/api/runs/" + started->to_string());
  co_return response;
}

constexpr QueryParameter kList[] = {{"kind", "Such as production.render"},
                                    {"subject", "The id of what asked for the run"},
                                    {"after", "The `next` of the page before"},
                                    {"limit", "1 to 200, 50 unless given"}};

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/runs", list, Access::user, "Runs, newest first", "", "RunPage", 200, kList},
    {net::Method::get, "/api/runs/{id}", get, Access::user, "A run with its steps", "", "Run"},
    {net::Method::post, "/api/runs/{id}/cancel", cancel, Access::user, "Stops a run", "", "Run", 202},
    {net::Method::post, "/api/runs/{id}/retry", retry, Access::user, "Runs it again, from a step on or where it failed",
     "Retry", "Run", 202},
};

}  // namespace

std::span<const Route> run_routes() { return kRoutes; }

}  // namespace atelier::api

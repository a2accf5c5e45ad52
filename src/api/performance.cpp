// How the studio does: its figures over time.
#include "api/figure_lines.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/time_text.hpp"
#include "watch/history/history.hpp"
#include "watch/services.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 64 << 10;
constexpr std::int64_t kPointsUnlessAsked = 500;

Result<UnixMs> time_at(json::ObjectReader& reader, std::string_view name) {
  const std::string text = reader.required_string(name, {.bytes_max = 64});
  const auto time = parse_rfc3339(text);
  if (!time) {
    reader.complain(name, "is no time such as 2027-01-31T08:00:00Z");
    return UnixMs{0};
  }
  return *time;
}

Result<watch::History::Query> read_query(const json::Value& body) {
  json::ObjectReader reader(body);
  watch::History::Query query;
  if (const json::Array* figures = reader.required_array("figures", watch::History::kFiguresMax)) {
    for (const json::Value& one : *figures) {
      auto figure = one.is_string() ? read_figure(std::string_view(one.get_string())) : std::nullopt;
      if (figure)
        query.figures.push_back(std::move(*figure));
      else
        reader.complain("figures", "holds what is no figure, such as \"atelier_http_connections:value\"");
    }
  }
  auto from = time_at(reader, "from");
  auto to = time_at(reader, "to");
  query.points_max = static_cast<std::size_t>(
      reader.optional_integer("points", 1, static_cast<std::int64_t>(watch::History::kPointsMax))
          .value_or(kPointsUnlessAsked));
  if (auto done = reader.finish(); !done) return error_of(done);
  query.from_ms = *from;
  query.to_ms = *to;
  return query;
}

Task<Result<net::Response>> read_history(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto query = read_query(*body);
  if (!query) co_return error_of(query);
  auto answer = co_await services.watch.history.read(std::move(*query));
  if (!answer) co_return error_of(answer);
  co_return net::json_response(figure_lines(*answer));
}

Task<Result<net::Response>> list_figures(Services services, net::Request) {
  auto figures = co_await services.watch.history.figures();
  if (!figures) co_return error_of(figures);
  json::Array items;
  for (const watch::FigureName& figure : *figures) items.push_back(json::Value(figure.to_string()));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/performance/figures", list_figures, Access::admin, "Figures that are kept over time", "",
     "FigurePage"},
    {net::Method::post, "/api/performance/history", read_history, Access::admin, "Figures over time", "FigureQuery",
     "FigureLines"},
};

}  // namespace

std::span<const Route> performance_routes() { return kRoutes; }

}  // namespace atelier::api

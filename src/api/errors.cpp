// What went wrong here and in people's pages, and what their pages measured.
#include <algorithm>

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/run_elsewhere.hpp"
#include "base/text.hpp"
#include "watch/error/inbox.hpp"
#include "watch/error/stack.hpp"
#include "watch/page/page_error.hpp"
#include "watch/page/page_figures.hpp"
#include "watch/page/report_gate.hpp"
#include "watch/services.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kReportBytesMax = 32 << 10;
constexpr std::size_t kErrorsMax = 10, kFiguresMax = 64;
constexpr std::size_t kTextBytesMax = 128;
constexpr std::string_view kStates[] = {"open", "resolved"};

json::Object to_json(const watch::ErrorGroup& group) {
  json::Object object{{"id", group.id},
                      {"severity", group.severity},
                      {"origin", group.origin},
                      {"message", group.message},
                      {"code", group.code},
                      {"place", group.place},
                      {"route", group.route},
                      {"first_seen", format_rfc3339(group.first_ms)},
                      {"last_seen", format_rfc3339(group.last_ms)},
                      {"count", group.count},
                      {"returned", group.returned_count},
                      {"first_version", group.first_version},
                      {"last_version", group.last_version}};
  object["resolved_at"] = group.resolved_ms ? json::Value(format_rfc3339(*group.resolved_ms)) : json::Value();
  return object;
}

json::Array breadcrumbs_of(const json::Object& detail) {
  json::Array lines;
  for (const json::Value& one : detail.at("breadcrumbs").as_array()) {
    json::Object line = one.as_object();
    line["at"] = format_rfc3339(line.at("time_ms").to_number<std::int64_t>());
    line.erase("time_ms");
    lines.push_back(std::move(line));
  }
  return lines;
}

// The functions' names, where it was this build that wrote the addresses down.
json::Array frames_of(const watch::KeptOccurrence& occurrence) {
  const json::Object& detail = occurrence.detail.as_object();
  json::Array frames = detail.at("frames").as_array();
  std::vector<std::uint64_t> stack;
  for (const json::Value& address : detail.at("stack").as_array()) stack.push_back(address.to_number<std::uint64_t>());
  if (stack.empty()) return frames;
  const bool is_ours = occurrence.build_id == watch::executable().build_id;
  std::vector<std::string> names = is_ours ? watch::name_frames(stack) : std::vector<std::string>(stack.size());
  // Those of the log, which an error goes through before it is seen, say nothing.
  std::size_t first = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
    if (names[i].starts_with("atelier::log::") || names[i].starts_with("atelier::watch::ErrorWitness")) first = i + 1;
  for (std::size_t i = first; i < stack.size(); ++i)
    frames.push_back(json::Value(names[i] + watch::offset_text(stack[i])));
  return frames;
}

json::Object to_json(const watch::KeptOccurrence& occurrence, bool has_frames) {
  const json::Object& detail = occurrence.detail.as_object();
  return {{"id", occurrence.id},
          {"at", format_rfc3339(occurrence.time_ms)},
          {"method", occurrence.method},
          {"request_id", occurrence.request_id},
          {"trace", occurrence.trace},
          {"version", occurrence.version},
          {"build_id", occurrence.build_id},
          {"fields", detail.at("fields").as_object()},
          {"stack", has_frames ? frames_of(occurrence) : json::Array()},
          {"breadcrumbs", breadcrumbs_of(detail)}};
}

Task<Result<net::Response>> list_errors(Services services, net::Request request) {
  watch::ErrorInbox::Query query;
  auto limit = integer_query(request, "limit", 50, 1, 200);
  if (!limit) co_return error_of(limit);
  query.count_max = static_cast<std::size_t>(*limit);
  query.after = request.query_parameter("after").value_or("");
  query.text = request.query_parameter("query").value_or("");
  query.state = request.query_parameter("state").value_or("");
  if (query.text.size() > kTextBytesMax || !is_valid_utf8(query.text))
    co_return fail(ErrorCode::invalid_argument, "query is at most 128 bytes of text", {.reason = {}, .where = "query"});
  if (!query.state.empty() && query.state != kStates[0] && query.state != kStates[1])
    co_return fail(ErrorCode::invalid_argument, "state is open or resolved", {.reason = {}, .where = "state"});
  auto page = co_await services.watch.errors.list(std::move(query));
  if (!page) co_return error_of(page);
  json::Array items;
  for (const watch::ErrorGroup& group : page->groups) items.push_back(to_json(group));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", page->next}});
}

Task<Result<net::Response>> get_error(Services services, net::Request request) {
  auto found = co_await services.watch.errors.find(std::string(request.path_parameter("id")));
  if (!found) co_return error_of(found);
  json::Object answer = to_json(found->group);
  json::Array occurrences;
  // Names cost milliseconds each: the newest alone has them, and the others of one error are mostly the same.
  for (const watch::KeptOccurrence& one : found->occurrences) occurrences.push_back(to_json(one, occurrences.empty()));
  answer["occurrences"] = std::move(occurrences);
  co_return net::json_response(answer);
}

Task<Result<net::Response>> resolve_error(Services services, net::Request request) {
  auto done = co_await services.watch.errors.resolve(std::string(request.path_parameter("id")));
  if (!done) co_return error_of(done);
  co_return net::empty_response();
}

std::unexpected<Error> too_often() {
  auto refused = fail(ErrorCode::rate_limited, "pages report too often", {.reason = "rate_limited", .where = {}});
  refused.error().retry_after_ms = 3'000;
  return refused;
}

Result<watch::PageError> read_error(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  watch::PageError error;
  error.name = reader.optional_string("name", {.bytes_max = 128}).value_or("");
  error.message = reader.optional_string("message", {.bytes_max = 2'048}).value_or("");
  error.stack = reader.optional_string("stack", {.bytes_max = 8'192}).value_or("");
  error.path = reader.required_string("page", {.bytes_max = 512});
  error.request_id = reader.optional_string("request_id", {.bytes_max = 128}).value_or("");
  error.count = reader.optional_integer("count", 1, 10'000).value_or(1);
  if (auto done = reader.finish(); !done) return error_of(done);
  return error;
}

Task<Result<net::Response>> report_errors(Services services, net::Request request) {
  if (!services.watch.report_gate.admits(request.principal().owner)) co_return too_often();
  auto body = co_await request.read_json(kReportBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const json::Array* list = reader.required_array("errors", kErrorsMax);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  std::vector<watch::Occurrence> occurrences;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto error = read_error((*list)[i], "/errors/" + std::to_string(i));
    if (!error) co_return error_of(error);
    occurrences.push_back(watch::occurrence_of(*error, services.clock.wall_ms()));
  }
  for (watch::Occurrence& occurrence : occurrences) services.watch.witness.add(std::move(occurrence));
  co_return net::empty_response();
}

Result<watch::PageFigures::Figure> read_figure(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  watch::PageFigures::Figure figure;
  figure.name = reader.required_string("name", {.bytes_max = 32});
  figure.value = reader.required_number("value", 0, 1e12);
  figure.path = reader.required_string("page", {.bytes_max = 512});
  figure.device = reader.required_string("device", {.bytes_max = 16});
  figure.element = reader.optional_string("element", {.bytes_max = 256}).value_or("");
  if (auto done = reader.finish(); !done) return error_of(done);
  return figure;
}

Task<Result<net::Response>> report_figures(Services services, net::Request request) {
  if (!services.watch.report_gate.admits(request.principal().owner)) co_return too_often();
  auto body = co_await request.read_json(kReportBytesMax);
  if (!body) co_return error_of(body);
  if (!body->is_array() || body->as_array().size() > kFiguresMax)
    co_return fail(ErrorCode::invalid_argument, "the body is a list of at most 64 figures");
  const json::Array& list = body->as_array();
  std::vector<watch::PageFigures::Figure> figures;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = "/" + std::to_string(i);
    auto figure = read_figure(list[i], where);
    if (!figure) co_return error_of(figure);
    auto checked = watch::PageFigures::check(*figure);
    if (!checked) {
      checked.error().where = where;
      co_return error_of(checked);
    }
    figures.push_back(std::move(*figure));
  }
  // All or none: a page that mends its report and sends it again has none of it counted twice.
  for (const watch::PageFigures::Figure& figure : figures) (void)services.watch.page_figures.add(figure);
  co_return net::empty_response();
}

Task<Result<net::Response>> list_pages(Services services, net::Request request) {
  const std::string text = request.query_parameter("window").value_or("28d");
  const auto window = watch::PageWindows::parse(text);
  if (!window)
    co_return fail(ErrorCode::invalid_argument, "window is 24h, 7d or 28d", {.reason = {}, .where = "window"});
  auto summaries = co_await services.watch.page_figures.summaries(*window);
  if (!summaries) co_return error_of(summaries);
  json::Array items;
  for (const watch::PageFigures::Summary& one : *summaries)
    items.push_back(json::Object{{"metric", one.metric},
                                 {"page", one.page},
                                 {"device", one.device},
                                 {"count", one.count},
                                 {"p75", one.p75},
                                 {"good", one.good},
                                 {"poor", one.poor},
                                 {"element", one.element}});
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

constexpr QueryParameter kListQuery[] = {
    {"after", "Where the page before ended"},
    {"limit", "How many, 1 to 200"},
    {"query", "An id of an occurrence, request, trace or run; or a part of what is told of an error"},
    {"state", "open or resolved"},
};

constexpr QueryParameter kPagesQuery[] = {{"window", "24h, 7d or 28d, which is meant unless told"}};

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/performance/errors", list_errors, Access::admin, "Errors, last seen first", "",
     "ErrorPage", 200, kListQuery},
    {net::Method::get, "/api/performance/errors/{id}", get_error, Access::admin, "An error and its last occurrences",
     "", "ErrorDetail"},
    {net::Method::post, "/api/performance/errors/{id}/resolve", resolve_error, Access::admin,
     "An error is done with, until it is seen again", "", "", 204},
    {net::Method::get, "/api/performance/pages", list_pages, Access::admin, "What browsers measured of the pages", "",
     "PageFigurePage", 200, kPagesQuery},
    {net::Method::post, "/api/page-errors", report_errors, Access::user, "Errors in the caller's page", "PageErrors",
     "", 204},
    {net::Method::post, "/api/page-figures", report_figures, Access::user, "What the caller's browser measured",
     "PageFigures", "", 204},
};

}  // namespace

std::span<const Route> error_routes() { return kRoutes; }

}  // namespace atelier::api

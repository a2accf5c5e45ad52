// What happened in which trace.
#include "watch/trace/traces.hpp"

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/time_text.hpp"
#include "watch/services.hpp"

namespace atelier::api {
namespace {

constexpr std::int64_t kEntriesUnlessAsked = 50;
constexpr UnixMs kSpanUnlessAsked = 3'600'000;
constexpr std::size_t kNameFilterBytesMax = 200;

json::Object facts_of(const watch::StoredSpan& span) {
  json::Object facts;
  for (const auto& [name, value] : span.facts) facts[name] = value;
  return facts;
}

json::Object entry_of(const watch::StoredSpan& span) {
  return {{"trace", span.trace},
          {"span", span.span},
          {"name", span.name},
          {"began_at", format_rfc3339(span.began_us / 1'000)},
          {"took_us", span.took_us},
          {"fault", span.fault},
          {"facts", facts_of(span)}};
}

std::string_view kind_of(const watch::StoredSpan& span) {
  constexpr std::string_view kKinds[] = {"internal", "internal", "server", "client"};
  return kKinds[span.kind >= 0 && span.kind < 4 ? span.kind : 0];
}

Result<UnixMs> time_query(const net::Request& request, std::string_view name, UnixMs fallback) {
  const auto given = request.query_parameter(name);
  if (!given) return fallback;
  const auto time = parse_rfc3339(*given);
  if (!time)
    return fail(ErrorCode::invalid_argument, std::string(name) + " is no time such as 2027-01-31T08:00:00Z",
                {.reason = {}, .where = std::string(name)});
  return *time;
}

Result<watch::Traces::Query> entries_query(const net::Request& request, UnixMs now_ms) {
  watch::Traces::Query query;
  auto to = time_query(request, "to", now_ms + 1);
  if (!to) return error_of(to);
  auto from = time_query(request, "from", *to - kSpanUnlessAsked);
  if (!from) return error_of(from);
  query.from_ms = *from;
  query.to_ms = *to;
  query.name = request.query_parameter("name").value_or("");
  if (query.name.size() > kNameFilterBytesMax)
    return fail(ErrorCode::invalid_argument, "name is longer than any", {.reason = {}, .where = "name"});
  const std::string outcome = request.query_parameter("outcome").value_or("any");
  if (outcome != "any" && outcome != "failed")
    return fail(ErrorCode::invalid_argument, "outcome is any or failed", {.reason = {}, .where = "outcome"});
  query.has_failed = outcome == "failed";
  const std::string order = request.query_parameter("order").value_or("newest");
  if (order != "newest" && order != "slowest")
    return fail(ErrorCode::invalid_argument, "order is newest or slowest", {.reason = {}, .where = "order"});
  query.order = order == "slowest" ? watch::Traces::Order::slowest : watch::Traces::Order::newest;
  auto limit = integer_query(request, "limit", kEntriesUnlessAsked, 1, watch::Traces::kCountMax);
  if (!limit) return error_of(limit);
  query.count_max = static_cast<std::size_t>(*limit);
  return query;
}

Task<Result<net::Response>> list_traces(Services services, net::Request request) {
  auto query = entries_query(request, services.clock.wall_ms());
  if (!query) co_return error_of(query);
  auto entries = co_await services.watch.traces.entries(std::move(*query));
  if (!entries) co_return error_of(entries);
  json::Array items;
  for (const watch::StoredSpan& span : *entries) items.push_back(entry_of(span));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> get_trace(Services services, net::Request request) {
  std::string id(request.path_parameter("trace"));
  const bool is_one = parse_trace_id(id).has_value();
  std::vector<watch::StoredSpan> spans;
  if (is_one) {
    auto found = co_await services.watch.traces.find(id);
    if (!found) co_return error_of(found);
    spans = std::move(*found);
  }
  if (spans.empty())
    co_return fail(ErrorCode::not_found, "nothing is recorded of such a trace: it may be too old, or was not kept",
                   {.reason = "trace_not_found", .where = {}});
  const std::int64_t began_us = spans.front().began_us;
  json::Array items;
  for (const watch::StoredSpan& span : spans) {
    json::Object item{{"span", span.span},
                      {"parent", span.parent},
                      {"name", span.name},
                      {"kind", kind_of(span)},
                      {"began_us", span.began_us - began_us},
                      {"took_us", span.took_us},
                      {"fault", span.fault},
                      {"facts", facts_of(span)}};
    items.push_back(std::move(item));
  }
  co_return net::json_response(
      json::Object{{"trace", id}, {"began_at", format_rfc3339(began_us / 1'000)}, {"spans", std::move(items)}});
}

constexpr QueryParameter kListQuery[] = {{"from", "Entries that began then or later; an hour ago unless told"},
                                         {"to", "Entries that began before; now unless told"},
                                         {"name", "Of the entry, such as \"POST /v1/chat/completions\""},
                                         {"outcome", "any or failed"},
                                         {"order", "newest or slowest"},
                                         {"limit", "At most 500"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/performance/traces",
     .run = list_traces,
     .access = Access::admin,
     .summary = "Requests and runs whose traces are recorded",
     .answer = "TraceEntryPage",
     .query = kListQuery},
    {.method = net::Method::get,
     .path = "/api/performance/traces/{trace}",
     .run = get_trace,
     .access = Access::admin,
     .summary = "All that is recorded of a trace",
     .answer = "Trace"},
};

}  // namespace

std::span<const Route> trace_routes() { return kRoutes; }

}  // namespace atelier::api

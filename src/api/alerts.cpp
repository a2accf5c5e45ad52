// What is wrong and was, and what administrators do about it.
#include "watch/alert/alerts.hpp"

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "watch/services.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 8 << 10;
constexpr std::int64_t kSilenceMinutesMax = 60 * 24 * 30;
constexpr std::size_t kWhyBytesMax = 500;

// By whom it was done, in words: a person's name where they have one.
Task<std::string> name_of(Services services, Principal principal) {
  auto person = co_await services.people.find(principal.owner);
  co_return person ? person->name : std::string("an administrator");
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto page = page_of(request);
  if (!page) co_return error_of(page);
  std::optional<watch::AlertState> state;
  if (const std::string wanted = request.query_parameter("state").value_or(""); !wanted.empty()) {
    state = watch::parse_alert_state(wanted);
    if (!state)
      co_return fail(ErrorCode::invalid_argument, "must be pending, firing or resolved, or left out",
                     {.reason = "field_invalid", .where = "state"});
  }
  std::string after = page->after;
  auto found = co_await services.watch.alerts.list(state, std::move(after), page->count_max);
  if (!found) co_return error_of(found);
  json::Array items;
  for (json::Value& alert : found->items) items.push_back(std::move(alert));
  co_return net::json_response(json::Object{{"items", std::move(items)},
                                            {"next", found->next},
                                            {"firing", services.watch.alerts.firing_count()},
                                            {"urgent", services.watch.alerts.urgent_count()}});
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<watch::AlertId>(request, "id");
  if (!id) co_return error_of(id);
  auto alert = co_await services.watch.alerts.find(*id);
  if (!alert) co_return error_of(alert);
  co_return net::json_response(*alert);
}

Task<Result<net::Response>> resolve(Services services, net::Request request) {
  auto id = id_in<watch::AlertId>(request, "id");
  if (!id) co_return error_of(id);
  std::string who = co_await name_of(services, request.principal());
  auto alert = co_await services.watch.alerts.resolve(*id, std::move(who));
  if (!alert) co_return error_of(alert);
  co_return net::json_response(*alert);
}

Task<Result<net::Response>> silence(Services services, net::Request request) {
  auto id = id_in<watch::AlertId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const std::int64_t minutes = reader.required_integer("minutes", 1, kSilenceMinutesMax);
  const auto scope = reader.optional_choice("scope", {"same", "kind"});
  std::string why = reader.optional_string("why", {.bytes_max = kWhyBytesMax}).value_or("");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  const auto which = scope == "kind" ? watch::Alerts::Scope::kind : watch::Alerts::Scope::same;
  const UnixMs until_ms = services.clock.wall_ms() + minutes * 60'000;
  std::string who = co_await name_of(services, request.principal());
  auto alert = co_await services.watch.alerts.silence(*id, which, until_ms, std::move(who), std::move(why));
  if (!alert) co_return error_of(alert);
  co_return net::json_response(*alert);
}

Task<Result<net::Response>> unsilence(Services services, net::Request request) {
  auto id = id_in<watch::AlertId>(request, "id");
  if (!id) co_return error_of(id);
  auto done = co_await services.watch.alerts.unsilence(*id);
  if (!done) co_return error_of(done);
  net::Response response;
  response.status = 204;
  co_return response;
}

Task<Result<net::Response>> list_silences(Services services, net::Request) {
  json::Array items;
  for (const watch::Silence& silence : services.watch.alerts.silences()) items.push_back(watch::to_json(silence));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

constexpr QueryParameter kListQuery[] = {{"state", "pending, firing or resolved; all that ever fired unless given"},
                                         {"after", "The `next` of the page before"},
                                         {"limit", "1 to 200, 50 unless given"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/performance/alerts",
     .run = list,
     .access = Access::admin,
     .summary = "What is wrong, and was: the newest first",
     .answer = "AlertPage",
     .query = kListQuery},
    {.method = net::Method::get,
     .path = "/api/performance/alerts/{id}",
     .run = get,
     .access = Access::admin,
     .summary = "One alert, with what was measured and logged around it",
     .answer = "AlertWithEvidence"},
    {.method = net::Method::post,
     .path = "/api/performance/alerts/{id}/resolve",
     .run = resolve,
     .access = Access::admin,
     .summary = "Says that it is over; it comes back once it was gone and is found again",
     .answer = "AlertWithEvidence"},
    {.method = net::Method::post,
     .path = "/api/performance/alerts/{id}/silence",
     .run = silence,
     .access = Access::admin,
     .summary = "Tells nobody of it, or of its kind, for so long",
     .request = "NewSilence",
     .answer = "AlertWithEvidence"},
    {.method = net::Method::del,
     .path = "/api/performance/alerts/{id}/silence",
     .run = unsilence,
     .access = Access::admin,
     .summary = "Ends what keeps it silent",
     .status = 204},
    {.method = net::Method::get,
     .path = "/api/performance/silences",
     .run = list_silences,
     .access = Access::admin,
     .summary = "What nobody is told of for now, and who wanted that",
     .answer = "SilencePage"},
};

constexpr std::string_view kSchemas = R"json({
"Alert": {"type": "object", "required": ["id", "kind", "subject", "severity", "state", "cause", "figures", "runbook", "first_seen", "last_seen", "resolved_at", "count", "story", "silence"], "properties": {
  "id": {"type": "string"}, "kind": {"type": "string", "enum": ["burn_rate", "memory_growth", "memory_level", "loop_stall", "queue_depth", "queue_age", "pool_exhausted", "descriptors", "limiter_overflow", "disk_full", "quota_full", "breaker_open", "provider_key", "webhook_failing", "slow_queries", "clock_jump", "worker_kills", "log_dropped", "history_dropped"]},
  "subject": {"type": "string", "description": "Which one of its kind, such as a provider; empty: there is one"},
  "severity": {"type": "string", "enum": ["page", "ticket", "info"]}, "state": {"type": "string", "enum": ["pending", "firing", "resolved"]},
  "cause": {"type": "string", "description": "In words, with the figures"}, "figures": {"type": "object", "additionalProperties": {"type": "number"}},
  "runbook": {"type": "string", "description": "Where the manual says what to do"},
  "first_seen": {"type": "string", "format": "date-time"}, "last_seen": {"type": "string", "format": "date-time"}, "resolved_at": {"type": "string", "description": "Empty: it is not"},
  "count": {"type": "integer", "description": "How often it began"},
  "story": {"type": "array", "items": {"type": "object", "required": ["at", "what", "who"], "properties": {"at": {"type": "string", "format": "date-time"}, "what": {"type": "string", "enum": ["firing", "resolved"]}, "who": {"type": "string", "description": "Empty: nobody"}}}},
  "silence": {"anyOf": [{"$ref": "#/components/schemas/Silence"}, {"type": "null"}]}}},
"AlertPage": {"type": "object", "required": ["items", "next", "firing", "urgent"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Alert"}}, "next": {"type": "string"},
  "urgent": {"type": "integer", "description": "Of those that fire, how many somebody should look at now and has not silenced"}, "firing": {"type": "integer"}}},
"AlertWithEvidence": {"allOf": [{"$ref": "#/components/schemas/Alert"}, {"type": "object", "required": ["evidence"], "properties": {
  "evidence": {"type": ["object", "null"], "description": "Of the time before it fired", "properties": {
    "log": {"type": "array", "items": {"type": "object", "required": ["at", "level", "text"], "properties": {"at": {"type": "string"}, "level": {"type": "string", "enum": ["warn", "error"]}, "text": {"type": "string"}}}},
    "traces": {"type": "array", "description": "Those that failed, the newest first", "items": {"type": "string"}},
    "slow_traces": {"type": "array", "description": "The slowest, of one name at most three, at most ten; streams of events left out", "items": {"type": "object", "required": ["trace", "name", "took_us"], "properties": {"trace": {"type": "string"}, "name": {"type": "string"}, "took_us": {"type": "integer"}}}},
    "figure": {"type": "string"}, "from": {"type": "string", "format": "date-time"}, "step_ms": {"type": "integer"}, "points": {"type": "array", "items": {"type": ["number", "null"]}}}}}}]},
"NewSilence": {"type": "object", "required": ["minutes"], "additionalProperties": false, "properties": {"minutes": {"type": "integer", "minimum": 1, "maximum": 43200},
  "scope": {"type": "string", "enum": ["same", "kind"], "description": "kind: whatever it is about; same unless given"}, "why": {"type": "string", "maxLength": 500}}},
"Silence": {"type": "object", "required": ["kind", "subject", "until", "who", "why", "made_at"], "properties": {"kind": {"type": "string"}, "subject": {"type": "string", "description": "Empty: all of the kind"},
  "until": {"type": "string", "format": "date-time"}, "who": {"type": "string"}, "why": {"type": "string"}, "made_at": {"type": "string", "format": "date-time"}}},
"SilencePage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Silence"}}, "next": {"type": "string"}}}
})json";

}  // namespace

std::span<const Route> alert_routes() { return kRoutes; }

json::Value alert_schemas() {
  auto parsed = json::parse(kSchemas);
  ensure(parsed.has_value(), "the schemas are JSON");
  return std::move(*parsed);
}

}  // namespace atelier::api

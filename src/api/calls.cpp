// The call log, and what was used and paid.

#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "model/price/money.hpp"
#include "model/record/call_query.hpp"

namespace atelier::api {
namespace {

constexpr std::int64_t kDaysByDefault = 30;

json::Value dollars(const std::optional<model::Picodollars>& amount) {
  return amount ? json::Value(model::format_dollars(*amount)) : json::Value();
}

json::Value id_text(const KeyId& key) { return key.is_nil() ? json::Value() : json::Value(key.to_string()); }

json::Object usage_of(const model::Usage& usage) {
  return {{"input", usage.input},
          {"cached_read", usage.cached_read},
          {"cached_write", usage.cached_write + usage.cached_write_hour},
          {"output", usage.output},
          {"reasoning", usage.reasoning},
          {"other_media", usage.input_audio + usage.output_audio + usage.input_image + usage.output_image},
          {"is_estimated", usage.is_estimated}};
}

json::Object to_json(const model::AttemptRecord& attempt) {
  json::Object object{{"candidate", attempt.candidate},
                      {"fault", attempt.fault},
                      {"status", attempt.status},
                      {"began_ms", attempt.began_ms},
                      {"total_ms", attempt.total_ms}};
  object["first_token_ms"] = attempt.first_token_ms ? json::Value(*attempt.first_token_ms) : json::Value();
  return object;
}

json::Object to_json(const model::CallRecord& call) {
  json::Array attempts;
  for (const model::AttemptRecord& attempt : call.attempts) attempts.push_back(to_json(attempt));
  json::Object object{{"number", call.number},
                      {"at", format_rfc3339(call.time_ms)},
                      {"key", id_text(call.key)},
                      {"face", call.face},
                      {"asked", call.asked},
                      {"route", call.route},
                      {"provider", call.provider},
                      {"model", call.model},
                      {"attempts", std::move(attempts)},
                      {"status", call.status},
                      {"fault", call.fault},
                      {"is_aborted", call.is_aborted},
                      {"is_streamed", call.is_streamed},
                      {"is_cached", call.is_cached},
                      {"total_ms", call.total_ms},
                      {"usage", usage_of(call.usage)},
                      {"cost", dollars(call.cost)},
                      {"request_id", call.request_id},
                      {"trace", call.trace},
                      {"has_texts", call.has_texts}};
  object["first_token_ms"] = call.first_token_ms ? json::Value(*call.first_token_ms) : json::Value();
  return object;
}

Result<std::optional<KeyId>> key_filter(const net::Request& request) {
  const auto given = request.query_parameter("key");
  if (!given || given->empty()) return std::optional<KeyId>();
  auto key = KeyId::parse(*given);
  if (!key) return fail(ErrorCode::invalid_argument, "key must be a key's id", {.reason = {}, .where = "key"});
  return std::optional(*key);
}

Result<model::CallOutcome> outcome_filter(const net::Request& request) {
  const std::string outcome(request.query_parameter("outcome").value_or("any"));
  if (outcome == "any") return model::CallOutcome::any;
  if (outcome == "good") return model::CallOutcome::good;
  if (outcome == "failed") return model::CallOutcome::failed;
  if (outcome == "aborted") return model::CallOutcome::aborted;
  return fail(ErrorCode::invalid_argument, "outcome is any, good, failed or aborted",
              {.reason = {}, .where = "outcome"});
}

Task<Result<net::Response>> list_calls(Services services, net::Request request) {
  model::CallFilter filter;
  auto key = key_filter(request);
  if (!key) co_return error_of(key);
  filter.key = *key;
  auto outcome = outcome_filter(request);
  if (!outcome) co_return error_of(outcome);
  filter.outcome = *outcome;
  filter.model = request.query_parameter("model").value_or("");
  auto status = integer_query(request, "status", 0, 0, 599);
  if (!status) co_return error_of(status);
  filter.status = static_cast<int>(*status);
  auto before = integer_query(request, "before", 0, 0, std::numeric_limits<std::int64_t>::max());
  if (!before) co_return error_of(before);
  auto limit = integer_query(request, "limit", 50, 1, 200);
  if (!limit) co_return error_of(limit);
  auto page = co_await model::list_calls(&services.telemetry, *request.caller, std::move(filter), *before,
                                         static_cast<std::size_t>(*limit));
  if (!page) co_return error_of(page);
  json::Array items;
  for (const model::CallRecord& call : page->calls) items.push_back(to_json(call));
  json::Object answer{{"items", std::move(items)}};
  answer["next"] = page->next > 0 ? std::to_string(page->next) : std::string();
  co_return net::json_response(answer);
}

Result<std::int64_t> number_of(const net::Request& request) {
  const auto number = parse_integer(request.path_parameter("number"));
  if (number && *number > 0) return *number;
  return fail(ErrorCode::not_found, "there is no such call", {.reason = "not_found", .where = {}});
}

Task<Result<net::Response>> get_call(Services services, net::Request request) {
  auto number = number_of(request);
  if (!number) co_return error_of(number);
  auto call = co_await model::get_call(&services.telemetry, *request.caller, *number);
  if (!call) co_return error_of(call);
  json::Object answer = to_json(*call);
  if (call->has_texts) {
    auto texts = co_await model::get_call_texts(&services.telemetry, *request.caller, *number);
    if (texts) {
      answer["request_text"] = texts->request;
      answer["answer_text"] = texts->answer;
    }
  }
  co_return net::json_response(answer);
}

json::Object to_json(const model::UsageRow& row) {
  json::Object object{{"key", id_text(row.key)},
                      {"provider", row.provider},
                      {"model", row.model},
                      {"calls", row.calls},
                      {"failed", row.failed},
                      {"aborted", row.aborted},
                      {"cached", row.cached},
                      {"unpriced", row.unpriced},
                      {"input", row.input},
                      {"cached_read", row.cached_read},
                      {"cached_write", row.cached_write},
                      {"output", row.output},
                      {"reasoning", row.reasoning},
                      {"other_media", row.other_media},
                      {"cost", model::format_dollars(row.cost)}};
  object["day"] = row.day > 0 ? json::Value(model::day_name(row.day)) : json::Value();
  return object;
}

Result<std::int64_t> day_of(const net::Request& request, std::string_view name, std::int64_t fallback) {
  const auto given = request.query_parameter(name);
  if (!given) return fallback;
  if (const auto day = parse_day(*given)) return *day;
  return fail(ErrorCode::invalid_argument, std::string(name) + " is a day such as 2027-01-31",
              {.reason = {}, .where = std::string(name)});
}

Result<model::UsageBy> grouping_of(const net::Request& request) {
  const std::string by(request.query_parameter("by").value_or("day"));
  if (by == "day") return model::UsageBy::day;
  if (by == "model") return model::UsageBy::model;
  if (by == "key") return model::UsageBy::key;
  if (by == "day_and_model") return model::UsageBy::day_and_model;
  if (by == "day_and_key") return model::UsageBy::day_and_key;
  return fail(ErrorCode::invalid_argument, "by is day, model, key, day_and_model or day_and_key",
              {.reason = {}, .where = "by"});
}

Task<Result<net::Response>> get_usage(Services services, net::Request request) {
  const std::int64_t today = model::day_number(services.clock.wall_ms());
  auto to = day_of(request, "to", today);
  if (!to) co_return error_of(to);
  auto from = day_of(request, "from", *to - kDaysByDefault + 1);
  if (!from) co_return error_of(from);
  auto by = grouping_of(request);
  if (!by) co_return error_of(by);
  auto key = key_filter(request);
  if (!key) co_return error_of(key);
  model::UsageFilter filter;
  filter.from_day = *from;
  filter.to_day = *to;
  filter.key = *key;
  filter.by = *by;
  auto rows = co_await model::sum_usage(&services.telemetry, *request.caller, filter);
  if (!rows) co_return error_of(rows);
  json::Array items;
  for (const model::UsageRow& row : *rows) items.push_back(to_json(row));
  co_return net::json_response(json::Object{
      {"items", std::move(items)}, {"next", ""}, {"from", model::day_name(*from)}, {"to", model::day_name(*to)}});
}

constexpr QueryParameter kCallQuery[] = {{"before", "The `next` of the page before"},
                                         {"limit", "1 to 200, 50 unless given"},
                                         {"key", "A key's id"},
                                         {"model", "A model, provider/model or route"},
                                         {"status", "Of our answer"},
                                         {"outcome", "any, good, failed or aborted"}};
constexpr QueryParameter kUsageQuery[] = {{"from", "The first day, such as 2027-01-31; 30 days unless given"},
                                          {"to", "The last day; today unless given"},
                                          {"by", "day, model, key, day_and_model or day_and_key"},
                                          {"key", "A key's id"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/calls",
     .run = list_calls,
     .access = Access::user,
     .summary = "Calls to models, newest first",
     .answer = "CallPage",
     .query = kCallQuery},
    {.method = net::Method::get,
     .path = "/api/calls/{number}",
     .run = get_call,
     .access = Access::user,
     .summary = "One of them, with what was said where that is kept",
     .answer = "Call"},
    {.method = net::Method::get,
     .path = "/api/usage",
     .run = get_usage,
     .access = Access::user,
     .summary = "What was used and paid",
     .answer = "UsagePage",
     .query = kUsageQuery},
};

}  // namespace

std::span<const Route> call_routes() { return kRoutes; }

}  // namespace atelier::api

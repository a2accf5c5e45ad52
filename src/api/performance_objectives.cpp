// How far objectives are kept, and how budgeted figures stand.
#include <cmath>

#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/time_text.hpp"
#include "watch/objective/objectives.hpp"
#include "watch/services.hpp"

namespace atelier::api {
namespace {

json::Value number_or_null(const std::optional<double>& number) {
  return number ? json::Value(*number) : json::Value(nullptr);
}

// Why somebody should look: the gravest of the pairs of windows that burn.
json::Value burning(const watch::ObjectiveState& state) {
  for (const watch::BurnPair& pair : watch::kBurnPairs)
    if (state.burns_over(pair)) return pair.severity == watch::BurnSeverity::page ? "page" : "ticket";
  return nullptr;
}

json::Object json_of(const watch::ObjectiveState& state) {
  json::Array burns;
  for (const watch::Burn& burn : state.burns)
    burns.push_back(json::Object{{"window_seconds", burn.window.count()},
                                 {"event_count", burn.event_count},
                                 {"bad_count", burn.bad_count},
                                 {"rate", number_or_null(burn.rate)}});
  return {{"name", state.name},
          {"title", state.title},
          {"target", state.target},
          {"required", state.required},
          {"window_seconds", state.window.count()},
          {"event_count", state.event_count},
          {"bad_count", state.bad_count},
          {"share", number_or_null(state.share)},
          {"share_hour", number_or_null(state.share_hour)},
          {"budget_left", state.budget_left},
          {"required_budget_left", state.required_budget_left},
          {"burns", std::move(burns)},
          {"burning", burning(state)},
          {"spent_in_seconds", state.spent_in ? json::Value(state.spent_in->count()) : json::Value(nullptr)}};
}

json::Value json_of(const std::optional<watch::Change>& change) {
  if (!change) return nullptr;
  return json::Object{{"now", change->now}, {"before", change->before}};
}

json::Object json_of(const watch::BudgetState& state) {
  json::Array points;
  for (const float point : state.points)
    points.push_back(std::isnan(point) ? json::Value(nullptr) : json::Value(static_cast<double>(point)));
  return {{"name", state.name},
          {"title", state.title},
          {"unit", state.unit},
          {"limit", state.limit},
          {"required", state.required},
          {"value", number_or_null(state.value)},
          {"verdict", to_string(state.verdict)},
          {"required_verdict", to_string(state.required_verdict)},
          {"points", std::move(points)},
          {"trend", json_of(state.trend)},
          {"since_version", json_of(state.since_version)},
          {"is_regressed", state.is_regressed}};
}

Task<Result<net::Response>> list_objectives(Services services, net::Request) {
  const watch::Objectives& watched = services.watch.objectives;
  json::Array objectives, budgets, marks;
  for (const watch::ObjectiveState& state : watched.states()) objectives.push_back(json_of(state));
  for (const watch::BudgetState& state : watched.budgets()) budgets.push_back(json_of(state));
  for (const watch::DeployMark& mark : watched.marks())
    marks.push_back(json::Object{{"at", format_rfc3339(mark.time_ms)},
                                 {"version", mark.version},
                                 {"build", mark.build},
                                 {"is_new", mark.is_new}});
  co_return net::json_response(json::Object{
      {"objectives", std::move(objectives)}, {"budgets", std::move(budgets)}, {"marks", std::move(marks)}});
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/performance/objectives", list_objectives, Access::admin,
     "How far objectives are kept, how budgeted figures stand, and when which version was started", "",
     "ObjectiveReport"},
};

}  // namespace

std::span<const Route> objective_routes() { return kRoutes; }

}  // namespace atelier::api

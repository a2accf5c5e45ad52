// The shapes of /api/performance/objectives: a part of the OpenAPI document's components.
#include "api/tables.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kObjectiveSchemas = R"json({
"ObjectiveReport": {"type": "object", "required": ["objectives", "budgets", "marks"], "additionalProperties": false, "properties": {
  "objectives": {"type": "array", "items": {"$ref": "#/components/schemas/Objective"}},
  "budgets": {"type": "array", "items": {"$ref": "#/components/schemas/FigureBudget"}},
  "marks": {"type": "array", "description": "When the studio was started, the newest first, at most 100", "items": {"$ref": "#/components/schemas/DeployMark"}}}},
"Objective": {"type": "object", "required": ["name", "title", "target", "required", "window_seconds", "event_count", "bad_count", "share", "share_hour", "budget_left", "required_budget_left", "burns", "burning", "spent_in_seconds"], "additionalProperties": false, "properties": {
  "name": {"type": "string"}, "title": {"type": "string"},
  "target": {"type": "number", "description": "The share of events that has to be good, 0 to 1"}, "required": {"type": "number", "description": "The looser one that an audit would ask for"},
  "window_seconds": {"type": "integer"}, "event_count": {"type": "number", "description": "In the window"}, "bad_count": {"type": "number"},
  "share": {"type": ["number", "null"], "description": "Good in the window; null: nothing came"}, "share_hour": {"type": ["number", "null"], "description": "Good in the last hour"},
  "budget_left": {"type": "number", "description": "Of the error budget: 1 untouched, 0 spent, below overspent"}, "required_budget_left": {"type": "number"},
  "burns": {"type": "array", "description": "The shortest span first", "items": {"$ref": "#/components/schemas/ObjectiveBurn"}},
  "burning": {"type": ["string", "null"], "enum": ["page", "ticket", null], "description": "A long and a short span burn too quickly"},
  "spent_in_seconds": {"type": ["integer", "null"], "description": "Until the budget is spent, as the last 6 hours were; null: nothing is being spent"}}},
"ObjectiveBurn": {"type": "object", "required": ["window_seconds", "event_count", "bad_count", "rate"], "additionalProperties": false, "properties": {
  "window_seconds": {"type": "integer"}, "event_count": {"type": "number"}, "bad_count": {"type": "number"},
  "rate": {"type": ["number", "null"], "description": "1: the budget is spent when its window is over; null: nothing came"}}},
"FigureBudget": {"type": "object", "required": ["name", "title", "unit", "limit", "required", "value", "verdict", "required_verdict", "points", "trend", "since_version", "is_regressed"], "additionalProperties": false, "properties": {
  "name": {"type": "string"}, "title": {"type": "string"}, "unit": {"type": "string", "enum": ["seconds", "bytes", "number", "share"]},
  "limit": {"type": "number"}, "required": {"type": "number", "description": "The looser limit that an audit would ask for"},
  "value": {"type": ["number", "null"], "description": "Of the last hour; null: nothing came"}, "verdict": {"$ref": "#/components/schemas/BudgetVerdict"}, "required_verdict": {"$ref": "#/components/schemas/BudgetVerdict"},
  "points": {"type": "array", "description": "Of the last 24 hours, half an hour each", "items": {"type": ["number", "null"]}},
  "trend": {"description": "Means of the last 24 hours and of those before", "anyOf": [{"$ref": "#/components/schemas/FigureChange"}, {"type": "null"}]},
  "since_version": {"description": "Means since this version was started and of as long before it", "anyOf": [{"$ref": "#/components/schemas/FigureChange"}, {"type": "null"}]},
  "is_regressed": {"type": "boolean"}}},
"BudgetVerdict": {"type": "string", "enum": ["no_data", "pass", "fail"]},
"FigureChange": {"type": "object", "required": ["now", "before"], "additionalProperties": false, "properties": {"now": {"type": "number"}, "before": {"type": "number"}}},
"DeployMark": {"type": "object", "required": ["at", "version", "build", "is_new"], "additionalProperties": false, "properties": {
  "at": {"type": "string", "format": "date-time"}, "version": {"type": "string"}, "build": {"type": "string"}, "is_new": {"type": "boolean", "description": "Another build than was started before"}}}
})json";

}  // namespace

json::Value objective_schemas() {
  auto parsed = json::parse(kObjectiveSchemas);
  ensure(parsed.has_value(), "the schemas are JSON");
  return std::move(*parsed);
}

}  // namespace atelier::api

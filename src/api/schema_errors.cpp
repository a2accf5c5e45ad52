// The shapes of errors and of what pages report: a part of the OpenAPI document's components.
#include "api/tables.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kSchemas = R"json({
"ErrorGroup": {"type": "object", "required": ["id", "severity", "origin", "message", "code", "place", "route", "first_seen", "last_seen", "count", "resolved_at", "returned", "first_version", "last_version"], "properties": {
  "id": {"type": "string"}, "severity": {"enum": ["warning", "error", "fatal"]}, "origin": {"enum": ["server", "page", "crash"]},
  "message": {"type": "string"}, "code": {"type": "string"}, "place": {"type": "string", "description": "File and line"}, "route": {"type": "string", "description": "Of the server's: of the request; of a page's: the page"},
  "first_seen": {"type": "string", "format": "date-time"}, "last_seen": {"type": "string", "format": "date-time"}, "count": {"type": "integer"},
  "resolved_at": {"type": ["string", "null"], "format": "date-time"}, "returned": {"type": "integer", "description": "How often it was seen again after it had been resolved"},
  "first_version": {"type": "string"}, "last_version": {"type": "string"}}},
"ErrorPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorGroup"}}, "next": {"type": "string"}}},
"ErrorDetail": {"allOf": [{"$ref": "#/components/schemas/ErrorGroup"}, {"type": "object", "required": ["occurrences"], "properties": {
  "occurrences": {"type": "array", "description": "The newest first, at most 20", "items": {"$ref": "#/components/schemas/ErrorOccurrence"}}}}]},
"ErrorOccurrence": {"type": "object", "required": ["id", "at", "method", "request_id", "trace", "version", "build_id", "fields", "stack", "breadcrumbs"], "properties": {
  "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}, "method": {"type": "string"}, "request_id": {"type": "string"}, "trace": {"type": "string"},
  "version": {"type": "string"}, "build_id": {"type": "string"}, "fields": {"type": "object", "additionalProperties": {"type": "string"}},
  "stack": {"type": "array", "description": "Innermost first, of the newest occurrence", "items": {"type": "string"}},
  "breadcrumbs": {"type": "array", "description": "What the log said before", "items": {"type": "object", "required": ["at", "level", "message", "fields"], "properties": {
    "at": {"type": "string", "format": "date-time"}, "level": {"type": "string"}, "message": {"type": "string"}, "fields": {"type": "object", "additionalProperties": {"type": "string"}}}}}}},
"PageErrors": {"type": "object", "required": ["errors"], "additionalProperties": false, "properties": {"errors": {"type": "array", "maxItems": 10, "items": {
  "type": "object", "required": ["page"], "additionalProperties": false, "properties": {
    "name": {"type": "string", "maxLength": 128}, "message": {"type": "string", "maxLength": 2048}, "stack": {"type": "string", "maxLength": 8192},
    "page": {"type": "string", "maxLength": 512, "description": "The address's path"}, "request_id": {"type": "string", "maxLength": 128}, "count": {"type": "integer", "minimum": 1, "maximum": 10000}}}}}},
"PageFigures": {"type": "array", "maxItems": 64, "items": {"type": "object", "required": ["name", "value", "page", "device"], "additionalProperties": false, "properties": {
  "name": {"enum": ["LCP", "INP", "CLS", "FCP", "TTFB", "long_task", "route_change", "api_call", "heap"]}, "value": {"type": "number", "minimum": 0, "description": "Milliseconds; of CLS its score, of heap bytes"},
  "page": {"type": "string", "maxLength": 512}, "device": {"enum": ["phone", "tablet", "desktop"]}, "element": {"type": "string", "maxLength": 256}}}},
"PageFigurePage": {"type": "object", "required": ["items", "next"], "properties": {"next": {"type": "string"}, "items": {"type": "array", "items": {
  "type": "object", "required": ["metric", "page", "device", "count", "p75", "good", "poor", "element"], "properties": {
    "metric": {"enum": ["LCP", "INP", "CLS", "FCP", "TTFB"]}, "page": {"type": "string"}, "device": {"type": "string"}, "count": {"type": "integer"},
    "p75": {"type": "number", "description": "Seconds; of CLS its score"}, "good": {"type": "number"}, "poor": {"type": "number"}, "element": {"type": "string", "description": "That of the worst since the studio started; empty: none yet"}}}}}}
})json";

}  // namespace

json::Value error_schemas() {
  auto parsed = json::parse(kSchemas);
  ensure(parsed.has_value(), "the schemas of errors are JSON");
  return std::move(*parsed);
}

}  // namespace atelier::api

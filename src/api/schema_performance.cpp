// The shapes of /api/performance/metrics and what is done about it: a part of the OpenAPI document's components.
#include "api/tables.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kSchemas = R"json({
"PerformanceMetrics": {"type": "object", "required": ["at", "usage_days", "process", "loops", "requests", "caches", "queues", "pools", "providers"],
  "additionalProperties": false, "description": "Counts are since the start of the process, costs and prompt tokens of the last usage_days days", "properties": {
  "at": {"type": "string", "format": "date-time"}, "usage_days": {"type": "integer"},
  "process": {"$ref": "#/components/schemas/PerformanceProcess"},
  "loops": {"type": "array", "items": {"$ref": "#/components/schemas/PerformanceLoop"}},
  "requests": {"type": "array", "description": "The busiest routes first, at most 500", "items": {"$ref": "#/components/schemas/PerformanceRoute"}},
  "caches": {"$ref": "#/components/schemas/PerformanceCaches"},
  "queues": {"type": "array", "items": {"$ref": "#/components/schemas/PerformanceQueue"}},
  "pools": {"$ref": "#/components/schemas/PerformancePools"},
  "providers": {"type": "array", "description": "The most asked first, at most 200", "items": {"$ref": "#/components/schemas/PerformanceProvider"}}}},
"PerformanceProcess": {"type": "object", "required": ["version", "uptime_ms", "resident_bytes", "resident_bytes_max", "cpu_seconds", "descriptors", "descriptors_max", "threads", "connections", "streams"], "additionalProperties": false, "properties": {
  "version": {"type": "string"}, "uptime_ms": {"type": "integer"}, "resident_bytes": {"type": "number"}, "resident_bytes_max": {"type": "number", "description": "The most there ever were"},
  "cpu_seconds": {"type": "number"}, "descriptors": {"type": "number", "description": "Counted every ten seconds"}, "descriptors_max": {"type": "number"}, "threads": {"type": "integer"},
  "connections": {"type": "number"}, "streams": {"type": "number"}}},
"PerformanceLoop": {"type": "object", "required": ["loop", "lag_p50_ms", "lag_p95_ms", "lag_p99_ms", "stalls"], "additionalProperties": false, "properties": {
  "loop": {"type": "string"}, "lag_p50_ms": {"type": "number"}, "lag_p95_ms": {"type": "number"}, "lag_p99_ms": {"type": "number"}, "stalls": {"type": "number", "description": "Times it was held for over 50 ms"}}},
"PerformanceRoute": {"type": "object", "required": ["route", "count", "errors", "p50_ms", "p95_ms", "p99_ms"], "additionalProperties": false, "properties": {
  "route": {"type": "string"}, "count": {"type": "number"}, "errors": {"type": "number", "description": "Answers of 500 and over"}, "p50_ms": {"type": "number"}, "p95_ms": {"type": "number"}, "p99_ms": {"type": "number"}}},
"PerformanceCaches": {"type": "object", "required": ["answers", "prompts", "results", "derived", "previews"], "additionalProperties": false, "properties": {
  "answers": {"type": "object", "description": "Of models, kept for equal requests", "required": ["hits", "misses", "hit_rate", "joined", "entries", "evicted", "size_bytes", "saved"], "additionalProperties": false, "properties": {
    "hits": {"type": "number"}, "misses": {"type": "number"}, "hit_rate": {"type": ["number", "null"]}, "joined": {"type": "number", "description": "Calls that took the answer of an equal one in flight"},
    "entries": {"type": "integer"}, "evicted": {"type": "integer"}, "size_bytes": {"type": "integer"}, "saved": {"type": "string", "description": "Dollars that the answers found had cost"}}},
  "prompts": {"type": ["object", "null"], "description": "Prompts that providers had in their caches; null: the call log cannot be read", "required": ["cached_tokens", "fresh_tokens", "hit_rate", "saved", "is_saved_known"], "additionalProperties": false, "properties": {
    "cached_tokens": {"type": "integer"}, "fresh_tokens": {"type": "integer"}, "hit_rate": {"type": ["number", "null"]}, "saved": {"type": "string", "description": "Dollars less than at the price of fresh tokens"},
    "is_saved_known": {"type": "boolean", "description": "false: of some models nobody knows the price, and saved lacks them"}}},
  "results": {"type": "object", "description": "Of steps", "required": ["hits", "misses", "hit_rate", "shared", "size_bytes"], "additionalProperties": false, "properties": {
    "hits": {"type": "number"}, "misses": {"type": "number"}, "hit_rate": {"type": ["number", "null"]}, "shared": {"type": "number"}, "size_bytes": {"type": "number", "description": "In memory"}}},
  "derived": {"type": "object", "description": "Blobs that can be made again: previews and results of steps", "required": ["size_bytes"], "additionalProperties": false, "properties": {"size_bytes": {"type": "integer"}}},
  "previews": {"type": "object", "required": ["made", "refused", "busy"], "additionalProperties": false, "properties": {"made": {"type": "number"}, "refused": {"type": "number"}, "busy": {"type": "number"}}}}},
"PerformanceQueue": {"type": "object", "required": ["name", "depth", "oldest_seconds", "bound", "dropped"], "additionalProperties": false, "properties": {
  "name": {"type": "string"}, "depth": {"type": "number"},
  "oldest_seconds": {"type": ["number", "null"], "description": "For how long the one that waits longest does; 0: nothing waits, null: nobody knows"},
  "bound": {"type": ["integer", "null"], "description": "null: what waits is in the database"},
  "dropped": {"type": ["number", "null"], "description": "null: nothing ever is"}}},
"PerformancePools": {"type": "object", "required": ["database", "work", "media_workers", "upstream"], "additionalProperties": false, "properties": {
  "database": {"type": "object", "required": ["writes", "transactions", "wal_bytes"], "additionalProperties": false, "properties": {"writes": {"type": "number"}, "transactions": {"type": "number"}, "wal_bytes": {"type": "number"}}},
  "work": {"type": "array", "description": "Threads for what blocks", "items": {"type": "object", "required": ["name", "size", "busy"], "additionalProperties": false, "properties": {
    "name": {"type": "string"}, "size": {"type": "integer"}, "busy": {"type": "integer"}}}},
  "media_workers": {"type": "object", "required": ["size", "alive", "busy", "started", "crashed", "killed"], "additionalProperties": false, "properties": {
    "size": {"type": "integer"}, "alive": {"type": "integer"}, "busy": {"type": "integer"}, "started": {"type": "integer"}, "crashed": {"type": "integer"}, "killed": {"type": "integer"}}},
  "upstream": {"type": "object", "description": "Connections to providers", "required": ["open", "idle", "made", "failed"], "additionalProperties": false, "properties": {
    "open": {"type": "number"}, "idle": {"type": "number"}, "made": {"type": "number"}, "failed": {"type": "number"}}}}},
"PerformanceProvider": {"type": "object", "required": ["provider", "model", "is_local", "attempts", "failures", "success_rate", "first_token_p50_ms", "first_token_p95_ms", "whole_p50_ms", "whole_p95_ms", "in_flight", "breaker", "usage"], "additionalProperties": false, "properties": {
  "provider": {"type": "string"}, "model": {"type": "string"}, "is_local": {"type": "boolean"}, "attempts": {"type": "integer"}, "failures": {"type": "integer"},
  "success_rate": {"type": "number", "description": "Of the last hundred or so"}, "first_token_p50_ms": {"type": "number", "description": "Of the last 64 streams; 0: none"}, "first_token_p95_ms": {"type": "number"},
  "whole_p50_ms": {"type": "number", "description": "Of the last 64 answers that came whole; 0: none"}, "whole_p95_ms": {"type": "number"}, "in_flight": {"type": "integer"},
  "breaker": {"type": "string", "enum": ["closed", "open", "half_open"]},
  "usage": {"type": ["object", "null"], "description": "null: nothing in the log", "required": ["calls", "failed", "aborted", "cached", "unpriced", "cost", "cost_per_answer"], "additionalProperties": false, "properties": {
    "calls": {"type": "integer"}, "failed": {"type": "integer"}, "aborted": {"type": "integer"}, "cached": {"type": "integer"}, "unpriced": {"type": "integer"}, "cost": {"type": "string", "description": "Dollars"},
    "cost_per_answer": {"type": ["string", "null"], "description": "Dollars; null: none whose cost is known"}}}}},
"CachesToDrop": {"type": "object", "additionalProperties": false, "properties": {"classes": {"type": "array", "description": "All unless given", "items": {"type": "string", "enum": ["answers", "previews", "results"]}}}},
"CachesDropped": {"type": "object", "required": ["freed", "allocator", "resident_before_bytes", "resident_after_bytes"], "additionalProperties": false, "properties": {
  "freed": {"type": "array", "items": {"type": "object", "required": ["class", "entries", "size_bytes"], "additionalProperties": false, "properties": {"class": {"type": "string"}, "entries": {"type": "integer"}, "size_bytes": {"type": "integer"}}}},
  "allocator": {"type": "string", "enum": ["mimalloc", "glibc", "none"]}, "resident_before_bytes": {"type": "integer"}, "resident_after_bytes": {"type": "integer"}}}
})json";

}  // namespace

json::Value performance_schemas() {
  auto parsed = json::parse(kSchemas);
  ensure(parsed.has_value(), "the schemas are JSON");
  return std::move(*parsed);
}

}  // namespace atelier::api

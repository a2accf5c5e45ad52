// The shapes of generations, as schema.cpp has the others.
#include "api/tables.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kSchemas = R"json({
"MediaKind": {"type": "string", "enum": ["image", "upscale", "speech", "sound", "music", "transcription", "video"]},
"GenerationInput": {"type": "object", "required": ["role", "asset"], "additionalProperties": false, "properties": {
  "role": {"type": "string", "enum": ["reference", "mask", "first_frame", "last_frame", "recording"]}, "asset": {"type": "string"}}},
"NewGeneration": {"type": "object", "required": ["kind", "model"], "additionalProperties": false, "properties": {
  "kind": {"$ref": "#/components/schemas/MediaKind"},
  "model": {"type": "string", "description": "provider/model, a model's id, or a route"},
  "prompt": {"type": "string", "description": "What is to be seen or heard; of speech the text itself"},
  "negative": {"type": "string"}, "width": {"type": "integer"}, "height": {"type": "integer"},
  "ratio": {"type": "string", "description": "\"16:9\", instead of a size"},
  "count": {"type": "integer", "minimum": 1, "maximum": 10}, "seed": {"type": "integer"},
  "inputs": {"type": "array", "maxItems": 16, "items": {"$ref": "#/components/schemas/GenerationInput"}},
  "strength": {"type": "number", "minimum": 0, "maximum": 1}, "duration": {"type": "number", "description": "Seconds"},
  "voice": {"type": "string"}, "speed": {"type": "number"}, "format": {"type": "string"}, "quality": {"type": "string"},
  "language": {"type": "string"},
  "partials": {"type": "integer", "minimum": 0, "maximum": 10, "description": "How often a picture is shown before it is done; as often as the model can, where it is one alone, unless given"},
  "options": {"type": "object", "description": "The provider's own fields"}}},
"GenerationResult": {"type": "object", "required": ["digest", "media_type", "size_bytes"], "properties": {
  "asset": {"type": "string", "description": "The asset it became"}, "digest": {"type": "string"}, "media_type": {"type": "string"},
  "kind": {"type": "string"}, "size_bytes": {"type": "integer"}, "width": {"type": "integer"}, "height": {"type": "integer"},
  "duration_ms": {"type": "integer"}}},
"GenerationJob": {"type": "object", "required": ["provider", "candidate", "state"], "properties": {
  "provider": {"type": "string"}, "candidate": {"type": "string"}, "id": {"type": "string"},
  "state": {"type": "string", "enum": ["intended", "submitted", "done", "failed", "unknown", "cancelled"]},
  "words": {"type": "string", "description": "Why it failed; what a cancelled one may still cost"}}},
"Generation": {"type": "object", "required": ["id", "kind", "model", "state", "title", "request", "inputs", "results", "created_at", "ended_at", "error", "estimate_picodollars"], "properties": {
  "id": {"type": "string", "description": "Of its run"}, "kind": {"$ref": "#/components/schemas/MediaKind"}, "model": {"type": "string"},
  "state": {"type": "string", "enum": ["running", "succeeded", "failed", "cancelled", "unknown"]},
  "title": {"type": "string"}, "request": {"type": "object"}, "inputs": {"type": "array", "items": {"type": "string"}},
  "progress": {"type": "object", "required": ["done", "total"], "properties": {"done": {"type": "integer"}, "total": {"type": "integer"}}},
  "partial": {"type": "integer", "description": "The number of the newest picture to be seen before it is done; not there: none"},
  "results": {"type": "array", "items": {"$ref": "#/components/schemas/GenerationResult"}},
  "text": {"type": "object", "description": "What was heard: text, language, words and segments with their times in seconds. In a list its beginning alone, with is_excerpt"},
  "candidate": {"type": "string", "description": "Who made it"}, "seed": {"type": "integer"}, "revised_prompt": {"type": "string"},
  "estimate_picodollars": {"type": ["integer", "null"], "description": "At most; null where no price is known"},
  "cost_picodollars": {"type": "integer"}, "job": {"$ref": "#/components/schemas/GenerationJob"},
  "choices": {"type": "array", "description": "Of state unknown: what may be done", "items": {"type": "string", "enum": ["retry", "give_up"]}},
  "error": {"anyOf": [{"$ref": "#/components/schemas/StepError"}, {"type": "null"}]},
  "trace": {"type": "string", "description": "Of its run, for /api/performance/traces; not there: none"},
  "created_at": {"type": "string"}, "ended_at": {"type": ["string", "null"]}}},
"GenerationPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Generation"}}, "next": {"type": "string"}}},
"GenerationRetry": {"type": "object", "additionalProperties": false, "properties": {
  "may_pay_twice": {"type": "boolean", "description": "Needed where nobody knows whether the provider took it"}}},
"GenerationEstimate": {"type": "object", "required": ["candidates"], "properties": {
  "candidates": {"type": "array", "description": "Who could do it, in the order they are asked", "items": {"type": "object",
    "required": ["candidate", "cost_picodollars"], "properties": {"candidate": {"type": "string"},
      "cost_picodollars": {"type": ["integer", "null"], "description": "At most; null where no price is known"}}}}}},
"MediaModel": {"type": "object", "required": ["id", "kind", "provider", "title", "is_local", "is_here", "ability", "health", "rates"], "properties": {
  "id": {"type": "string", "description": "To be given as model"},
  "kind": {"type": "string", "enum": ["model", "route"], "description": "A route is told by its first candidate that can"}, "rates": {"$ref": "#/components/schemas/ModelRates"}, "provider": {"type": "string"}, "title": {"type": "string"},
  "is_local": {"type": "boolean", "description": "It costs nothing"}, "is_here": {"type": "boolean", "description": "On this machine, by itself"},
  "ability": {"type": "object", "description": "What it can be asked for: docs/generate.md"},
  "health": {"type": "string", "enum": ["closed", "open", "half_open"]},
  "seconds": {"type": "number", "description": "It took lately; 0: not known"}}},
"Voice": {"type": "object", "required": ["id", "name", "language", "gender", "style", "sample"], "properties": {
  "id": {"type": "string", "description": "To be given as voice"}, "name": {"type": "string"}, "language": {"type": "string"}, "gender": {"type": "string"}, "style": {"type": "string"},
  "sample": {"type": "string", "enum": ["kept", "provided", "makeable"], "description": "How it can be heard: it is here, the provider has one, or the model would have to be asked for one"}}},
"VoiceList": {"type": "object", "required": ["items", "next", "model", "sample_cost_picodollars", "problem"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Voice"}}, "next": {"type": "string"}, "model": {"type": "string", "description": "Whose they are"},
  "sample_cost_picodollars": {"type": ["integer", "null"], "description": "Of making one, at most; null where no price is known"},
  "problem": {"type": "string", "description": "Why the provider told none; these are those that are known of it then"}}},
"NewVoiceSample": {"type": "object", "additionalProperties": false, "required": ["model", "voice"], "properties": {"model": {"type": "string"}, "voice": {"type": "string"}}},
"MediaModelList": {"type": "object", "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/MediaModel"}}}}
})json";

}  // namespace

json::Value generation_schemas() {
  auto parsed = json::parse(kSchemas);
  ensure(parsed.has_value(), "the schemas are JSON");
  return std::move(*parsed);
}

}  // namespace atelier::api

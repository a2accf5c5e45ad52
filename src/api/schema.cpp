// The shapes of api/README.md as JSON Schema: components of the OpenAPI document.
#include "api/tables.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kSchemas = R"json({
"Problem": {"type": "object", "required": ["type", "title", "status", "code"], "properties": {
  "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
  "code": {"type": "string"}, "where": {"type": "string"}, "request_id": {"type": "string"}, "retry_after": {"type": "number"}}},
"Session": {"type": "object", "required": ["authenticated", "needs_key", "role", "csrf", "user"], "properties": {
  "authenticated": {"type": "boolean"}, "needs_key": {"type": "boolean"},
  "user": {"anyOf": [{"$ref": "#/components/schemas/SessionUser"}, {"type": "null"}], "description": "null where the caller is no person"},
  "role": {"type": ["string", "null"], "enum": ["admin", "member", null]}, "csrf": {"type": ["string", "null"]}}},
"SessionUser": {"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
"SignIn": {"type": "object", "additionalProperties": false, "description": "A key, or a name and a password", "properties": {
  "key": {"type": "string"}, "name": {"type": "string"}, "password": {"type": "string"}}},
"OwnSession": {"type": "object", "required": ["id", "created_at", "used_at", "expires_at", "address", "agent", "is_by_password", "is_current"], "properties": {
  "id": {"type": "string"}, "created_at": {"type": "string"}, "used_at": {"type": "string"}, "expires_at": {"type": "string"},
  "address": {"type": "string"}, "agent": {"type": "string"}, "is_by_password": {"type": "boolean"}, "is_current": {"type": "boolean"}}},
"SessionPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/OwnSession"}}, "next": {"type": "string"}}},
"PasswordChange": {"type": "object", "required": ["current", "password"], "additionalProperties": false, "properties": {
  "current": {"type": "string"}, "password": {"type": "string", "description": "10 to 256 bytes"}}},
"User": {"type": "object", "required": ["id", "name", "role", "created_at", "seen_at", "is_disabled"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "role": {"type": "string", "enum": ["admin", "member"]}, "created_at": {"type": "string"},
  "seen_at": {"type": ["string", "null"]}, "is_disabled": {"type": "boolean"}}},
"UserPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}, "next": {"type": "string"}}},
"NewUser": {"type": "object", "required": ["name", "password"], "additionalProperties": false, "properties": {
  "name": {"type": "string", "description": "1 to 64 bytes"}, "password": {"type": "string", "description": "10 to 256 bytes"},
  "role": {"type": "string", "enum": ["admin", "member"]}}},
"UserChange": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"type": "string"}, "password": {"type": "string"}, "role": {"type": "string", "enum": ["admin", "member"]}, "is_disabled": {"type": "boolean"}}},
"Invitation": {"type": "object", "required": ["id", "role", "note", "created_at", "expires_at", "uses", "uses_max", "state"], "properties": {
  "id": {"type": "string"}, "role": {"type": "string", "enum": ["admin", "member"]}, "note": {"type": "string"}, "created_at": {"type": "string"}, "expires_at": {"type": "string"},
  "uses": {"type": "integer"}, "uses_max": {"type": "integer"}, "state": {"type": "string", "enum": ["open", "used", "expired", "revoked"]}}},
"CreatedInvitation": {"allOf": [{"$ref": "#/components/schemas/Invitation"}, {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}]},
"InvitationPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Invitation"}}, "next": {"type": "string"}}},
"NewInvitation": {"type": "object", "additionalProperties": false, "properties": {
  "role": {"type": "string", "enum": ["admin", "member"]}, "note": {"type": "string"},
  "hours": {"type": "integer", "minimum": 1, "maximum": 2160, "description": "How long it can be accepted; 168 unless given"},
  "uses_max": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "By how many; 1 unless given"}}},
"InvitationSecret": {"type": "object", "required": ["secret"], "additionalProperties": false, "properties": {"secret": {"type": "string"}}},
"InvitationFacts": {"type": "object", "required": ["role", "expires_at"], "properties": {
  "role": {"type": "string", "enum": ["admin", "member"]}, "expires_at": {"type": "string"}}},
"Acceptance": {"type": "object", "required": ["secret", "name", "password"], "additionalProperties": false, "properties": {
  "secret": {"type": "string"}, "name": {"type": "string"}, "password": {"type": "string"}}},
"Batch": {"type": "object", "required": ["calls"], "additionalProperties": false, "properties": {
  "calls": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"$ref": "#/components/schemas/BatchCall"}},
  "stop_on_error": {"type": "boolean", "description": "Calls after one that failed are not made and answer 424"}}},
"BatchCall": {"type": "object", "required": ["method", "path"], "additionalProperties": false, "properties": {
  "method": {"type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]}, "path": {"type": "string", "description": "With its query; one that takes JSON and answers JSON"},
  "headers": {"type": "object", "additionalProperties": false, "properties": {
    "idempotency-key": {"type": "string"}, "if-match": {"type": "string"}, "if-none-match": {"type": "string"}}},
  "body": {}}},
"BatchAnswers": {"type": "object", "required": ["answers"], "properties": {
  "answers": {"type": "array", "description": "One for each call, in their order", "items": {"$ref": "#/components/schemas/BatchAnswer"}}}},
"BatchAnswer": {"type": "object", "required": ["status", "headers", "body"], "properties": {
  "status": {"type": "integer"}, "body": {"description": "null where there is none"},
  "headers": {"type": "object", "properties": {"allow": {"type": "string"}, "etag": {"type": "string"}, "location": {"type": "string"}, "retry-after": {"type": "string"}}},
  "is_cut": {"type": "boolean", "description": "The call was made, but its answer had no room: make a call of its own to read it"}}},
"Voice": {"type": "object", "required": ["id", "name", "language", "engine"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "language": {"type": "string"}, "engine": {"type": "string"}}},
"CaptionStyle": {"type": "object", "required": ["id", "name", "help", "highlights_words"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "help": {"type": "string"}, "highlights_words": {"type": "boolean"}}},
"BackgroundKind": {"type": "object", "required": ["id", "name", "help"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "help": {"type": "string"}}},
"FrameSize": {"type": "object", "required": ["id", "name", "width", "height"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "width": {"type": "integer"}, "height": {"type": "integer"}}},
"Options": {"type": "object", "required": ["voices", "caption_styles", "backgrounds", "sizes", "frame_rates", "languages", "defaults", "limits"], "properties": {
  "voices": {"type": "array", "items": {"$ref": "#/components/schemas/Voice"}},
  "caption_styles": {"type": "array", "items": {"$ref": "#/components/schemas/CaptionStyle"}},
  "backgrounds": {"type": "array", "items": {"$ref": "#/components/schemas/BackgroundKind"}},
  "sizes": {"type": "array", "items": {"$ref": "#/components/schemas/FrameSize"}},
  "frame_rates": {"type": "array", "items": {"type": "integer"}},
  "languages": {"type": "array", "items": {"type": "string"}},
  "defaults": {"$ref": "#/components/schemas/ProductionSettings"},
  "limits": {"type": "object", "required": ["story_bytes_max", "scene_bytes_max", "scenes_max", "upload_bytes_max"], "properties": {
    "story_bytes_max": {"type": "integer"}, "scene_bytes_max": {"type": "integer"}, "scenes_max": {"type": "integer"}, "upload_bytes_max": {"type": "integer"}}}}},
"Status": {"type": "object", "required": ["version", "uptime_ms", "media"], "properties": {
  "version": {"type": "string"}, "uptime_ms": {"type": "integer"},
  "media": {"type": "object", "required": ["missing"], "properties": {"missing": {"type": "array", "items": {"type": "string"}}}}}},
"Background": {"type": "object", "required": ["kind"], "additionalProperties": false, "properties": {
  "kind": {"type": "string", "description": "auto, asset, or a kind of the options"}, "asset_id": {"type": "string"}}},
"Music": {"type": "object", "required": ["asset_id", "gain_db"], "properties": {
  "asset_id": {"type": "string"}, "gain_db": {"type": "number"}}},
"MusicChange": {"type": "object", "required": ["asset_id"], "additionalProperties": false, "properties": {
  "asset_id": {"type": "string"}, "gain_db": {"type": "number"}}},
"ProductionSettings": {"type": "object", "required": ["size", "fps", "language", "voice", "speed", "caption_style", "background", "music"], "properties": {
  "size": {"type": "string"}, "fps": {"type": "integer"}, "language": {"type": "string"}, "voice": {"type": "string"},
  "speed": {"type": "number"}, "caption_style": {"type": "string"}, "background": {"$ref": "#/components/schemas/Background"},
  "music": {"anyOf": [{"$ref": "#/components/schemas/Music"}, {"type": "null"}]}}},
"ProductionSettingsChange": {"type": "object", "additionalProperties": false, "properties": {
  "size": {"type": "string"}, "fps": {"type": "integer"}, "language": {"type": "string"}, "voice": {"type": "string"},
  "speed": {"type": "number"}, "caption_style": {"type": "string"}, "background": {"$ref": "#/components/schemas/Background"},
  "music": {"anyOf": [{"$ref": "#/components/schemas/MusicChange"}, {"type": "null"}]}}},
"NewProduction": {"type": "object", "required": ["story"], "additionalProperties": false, "properties": {
  "story": {"type": "string"}, "title": {"type": "string"}, "settings": {"$ref": "#/components/schemas/ProductionSettingsChange"}}},
"ProductionChange": {"type": "object", "additionalProperties": false, "properties": {
  "title": {"type": "string"}, "settings": {"$ref": "#/components/schemas/ProductionSettingsChange"}}},
"StoryChange": {"type": "object", "required": ["story"], "additionalProperties": false, "properties": {"story": {"type": "string"}}},
"SceneChange": {"type": "object", "additionalProperties": false, "properties": {
  "text": {"type": "string"}, "background": {"anyOf": [{"$ref": "#/components/schemas/Background"}, {"type": "null"}]},
  "voice": {"type": ["string", "null"]}}},
"Scene": {"type": "object", "required": ["id", "index", "heading", "text", "background", "voice", "seed", "is_rendered", "duration_ms"], "properties": {
  "id": {"type": "string"}, "index": {"type": "integer"}, "heading": {"type": "string"}, "text": {"type": "string"},
  "background": {"anyOf": [{"$ref": "#/components/schemas/Background"}, {"type": "null"}]}, "voice": {"type": ["string", "null"]},
  "seed": {"type": "integer"}, "is_rendered": {"type": "boolean"}, "duration_ms": {"type": ["integer", "null"]}}},
"RenderedFile": {"type": "object", "required": ["name", "url", "size_bytes"], "properties": {
  "name": {"type": "string"}, "url": {"type": "string"}, "size_bytes": {"type": "integer"}}},
"Video": {"type": "object", "required": ["duration_ms", "width", "height", "size_bytes", "loudness_lufs", "true_peak_dbtp", "url", "poster_url", "captions_url", "files"], "properties": {
  "duration_ms": {"type": "integer"}, "width": {"type": "integer"}, "height": {"type": "integer"}, "size_bytes": {"type": "integer"},
  "loudness_lufs": {"type": ["number", "null"]}, "true_peak_dbtp": {"type": ["number", "null"]}, "url": {"type": "string"},
  "poster_url": {"type": "string"}, "captions_url": {"type": "string"},
  "files": {"type": "array", "items": {"$ref": "#/components/schemas/RenderedFile"}}}},
"ProductionState": {"type": "string", "enum": ["draft", "rendering", "ready", "stale", "failed"]},
"ProductionSummary": {"type": "object", "required": ["id", "title", "revision", "state", "created_at", "updated_at", "run", "video", "scene_count"], "properties": {
  "id": {"type": "string"}, "title": {"type": "string"}, "revision": {"type": "integer"}, "state": {"$ref": "#/components/schemas/ProductionState"},
  "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
  "run": {"anyOf": [{"$ref": "#/components/schemas/Run"}, {"type": "null"}]}, "video": {"anyOf": [{"$ref": "#/components/schemas/Video"}, {"type": "null"}]},
  "scene_count": {"type": "integer"}}},
"Production": {"type": "object", "required": ["id", "title", "revision", "state", "created_at", "updated_at", "run", "video", "story", "settings", "scenes"], "properties": {
  "id": {"type": "string"}, "title": {"type": "string"}, "revision": {"type": "integer"}, "state": {"$ref": "#/components/schemas/ProductionState"},
  "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
  "run": {"anyOf": [{"$ref": "#/components/schemas/Run"}, {"type": "null"}]}, "video": {"anyOf": [{"$ref": "#/components/schemas/Video"}, {"type": "null"}]},
  "story": {"type": "string"}, "settings": {"$ref": "#/components/schemas/ProductionSettings"},
  "scenes": {"type": "array", "items": {"$ref": "#/components/schemas/Scene"}}}},
"ProductionPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/ProductionSummary"}}, "next": {"type": "string"}}},
"StepError": {"type": "object", "required": ["code", "message"], "properties": {
  "code": {"type": "string"}, "message": {"type": "string"}, "where": {"type": "string"}}},
"Step": {"type": "object", "required": ["node", "type", "label", "state", "attempts", "is_cached", "progress", "started_at", "ended_at", "error"], "properties": {
  "node": {"type": "string"}, "type": {"type": "string"}, "label": {"type": "string"},
  "state": {"type": "string", "enum": ["waiting", "ready", "running", "succeeded", "failed", "cancelled", "unknown"]},
  "attempts": {"type": "integer"}, "is_cached": {"type": "boolean"},
  "progress": {"type": "object", "required": ["done", "total"], "properties": {"done": {"type": "integer"}, "total": {"type": "integer"}}},
  "started_at": {"type": ["string", "null"]}, "ended_at": {"type": ["string", "null"]},
  "error": {"anyOf": [{"$ref": "#/components/schemas/StepError"}, {"type": "null"}]}}},
"Run": {"type": "object", "required": ["id", "kind", "subject", "title", "state", "priority", "created_at", "ended_at", "step_count", "done_count", "cached_count", "error"], "properties": {
  "id": {"type": "string"}, "kind": {"type": "string"}, "subject": {"type": "string"}, "title": {"type": "string"},
  "state": {"type": "string", "enum": ["running", "succeeded", "failed", "cancelled"]}, "priority": {"type": "integer"},
  "created_at": {"type": "string", "format": "date-time"}, "ended_at": {"type": ["string", "null"]},
  "step_count": {"type": "integer"}, "done_count": {"type": "integer"}, "cached_count": {"type": "integer"},
  "error": {"anyOf": [{"$ref": "#/components/schemas/StepError"}, {"type": "null"}]}, "stalled": {"$ref": "#/components/schemas/StepError"},
  "trace": {"type": "string", "description": "Of what it did, for /api/performance/traces; empty: none"},
  "steps": {"type": "array", "items": {"$ref": "#/components/schemas/Step"}}}},
"RunPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Run"}}, "next": {"type": "string"}}},
"Retry": {"type": "object", "additionalProperties": false, "properties": {"from_step": {"type": "string"}}},
"Asset": {"type": "object", "required": ["id", "name", "kind", "media_type", "size_bytes", "width", "height", "duration_ms", "fps", "codec", "has_audio", "channels", "sample_rate", "created_at", "content_url", "poster_url", "preview_url", "cover_url", "loop_url", "peaks_url", "previews", "prepared", "origin", "origin_id", "folder", "trashed_at"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "kind": {"type": "string", "enum": ["image", "video", "audio", "document"]},
  "media_type": {"type": "string"}, "size_bytes": {"type": "integer"}, "width": {"type": ["integer", "null"]}, "height": {"type": ["integer", "null"]},
  "duration_ms": {"type": ["integer", "null"]}, "created_at": {"type": "string", "format": "date-time"}, "content_url": {"type": "string"},
  "fps": {"type": ["number", "null"]}, "codec": {"type": ["string", "null"]}, "has_audio": {"type": ["boolean", "null"]},
  "channels": {"type": ["integer", "null"]}, "sample_rate": {"type": ["integer", "null"]},
  "poster_url": {"type": ["string", "null"]}, "preview_url": {"type": ["string", "null"]}, "cover_url": {"type": ["string", "null"]},
  "loop_url": {"type": ["string", "null"]}, "peaks_url": {"type": ["string", "null"]},
  "previews": {"anyOf": [{"$ref": "#/components/schemas/AssetPreviews"}, {"type": "null"}]}, "prepared": {"anyOf": [{"$ref": "#/components/schemas/PreparedAsset"}, {"type": "null"}]},
  "origin": {"type": "string", "enum": ["upload", "run", "thread"]}, "origin_id": {"type": ["string", "null"], "description": "Of the run or thread it was made in"},
  "folder": {"type": ["string", "null"]}, "trashed_at": {"type": ["string", "null"], "description": "null: it is not in the trash"}}},
"AssetPreviews": {"type": "object", "description": "Whether what is shown of it is there", "required": ["state"], "properties": {
  "state": {"type": "string", "enum": ["pending", "ready", "refused"]}, "problem": {"type": "string"}}},
"PreparedAsset": {"type": "object", "description": "What a model is sent of it", "required": ["media_type", "size_bytes", "tokens"], "properties": {
  "media_type": {"type": "string"}, "size_bytes": {"type": "integer"}, "tokens": {"type": "integer"}, "width": {"type": "integer"},
  "height": {"type": "integer"}, "page_count": {"type": "integer"}}},
"AssetPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Asset"}}, "next": {"type": "string"}, "total": {"type": "integer"}}},
"AssetRow": {"type": "object", "required": ["id", "name", "kind", "width", "height", "duration_ms", "size_bytes", "created_at", "preview_url", "preview_state"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "kind": {"type": "string", "enum": ["image", "video", "audio", "document"]},
  "width": {"type": ["integer", "null"]}, "height": {"type": ["integer", "null"]}, "duration_ms": {"type": ["integer", "null"]}, "size_bytes": {"type": "integer"},
  "created_at": {"type": "string"}, "preview_url": {"type": ["string", "null"]}, "preview_state": {"type": "string", "enum": ["none", "pending", "ready", "refused"]}}},
"AssetRowPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/AssetRow"}}, "next": {"type": "string"}, "total": {"type": "integer"}}},
"AssetDetails": {"allOf": [{"$ref": "#/components/schemas/Asset"}, {"type": "object", "required": ["tags", "lineage", "made", "uses"], "properties": {
  "tags": {"type": "array", "items": {"type": "string"}}, "lineage": {"anyOf": [{"$ref": "#/components/schemas/AssetLineage"}, {"type": "null"}]},
  "made": {"type": "array", "items": {"$ref": "#/components/schemas/AssetRow"}, "description": "From it, newest first, up to 50"},
  "uses": {"type": "object", "required": ["threads", "productions"], "description": "In how many it is shown or used", "properties": {
    "threads": {"type": "integer"}, "productions": {"type": "integer"}}}}}]},
"AssetLineage": {"type": "object", "description": "What it was made from, and with what", "required": ["provider", "model", "prompt", "parameters", "seed", "cost", "run", "step", "created_at", "sources"], "properties": {
  "provider": {"type": "string"}, "model": {"type": "string"}, "prompt": {"type": "string"}, "parameters": {"type": "object"},
  "seed": {"type": ["integer", "null"]}, "cost": {"type": ["number", "null"], "description": "Dollars; null: not known"},
  "run": {"type": ["string", "null"]}, "step": {"type": ["string", "null"]}, "created_at": {"type": "string"},
  "sources": {"type": "array", "items": {"type": "object", "required": ["asset_id", "role", "is_there"], "properties": {
    "asset_id": {"type": "string"}, "role": {"type": "string"}, "is_there": {"type": "boolean"}}}}}},
"AssetChange": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 50}, "folder": {"type": ["string", "null"]}, "is_trashed": {"type": "boolean"}}},
"BulkAssetChange": {"type": "object", "required": ["verb", "ids"], "additionalProperties": false, "properties": {
  "verb": {"type": "string", "enum": ["tag", "untag", "move", "trash", "restore", "delete"]},
  "ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 500},
  "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 50, "description": "Of tag and untag"}, "folder": {"type": ["string", "null"], "description": "Of move"}}},
"AssetArchiveWish": {"type": "object", "required": ["ids"], "additionalProperties": false, "properties": {
  "ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10000}}},
"Upload": {"type": "object", "required": ["id", "name", "size_bytes", "offset_bytes", "expires_at", "asset_id"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "size_bytes": {"type": "integer"}, "offset_bytes": {"type": "integer", "description": "So much of it is there"},
  "expires_at": {"type": "string"}, "asset_id": {"type": ["string", "null"], "description": "What it became, once all of it is there"}}},
"BulkAssetAnswer": {"type": "object", "required": ["done", "missing"], "properties": {
  "done": {"type": "array", "items": {"type": "string"}}, "missing": {"type": "array", "items": {"type": "string"}}}},
"AssetTagPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"type": "object", "required": ["tag", "count"], "properties": {"tag": {"type": "string"}, "count": {"type": "integer"}}}}, "next": {"type": "string"}}},
"ChatParameters": {"type": "object", "additionalProperties": false, "properties": {"temperature": {"type": "number"}, "top_p": {"type": "number"},
  "max_tokens": {"type": "integer"}, "reasoning_effort": {"type": "string", "enum": ["none", "minimal", "low", "medium", "high", "xhigh", "max"]},
  "tools": {"type": "array", "items": {"type": "string"}, "description": "Names of tools that its model may call"},
  "summarise_with": {"type": "string", "description": "Model or route for what does not fit; empty: none; left out: the studio's"}}},
"Thread": {"type": "object", "required": ["id", "title", "has_own_title", "model", "system", "parameters", "folder", "tags", "is_pinned", "is_archived", "is_temporary", "expires_at", "head", "message_count", "state", "revision", "created_at", "used_at"], "properties": {
  "id": {"type": "string"}, "title": {"type": "string"}, "has_own_title": {"type": "boolean"}, "model": {"type": "string"}, "system": {"type": "string"},
  "parameters": {"$ref": "#/components/schemas/ChatParameters"}, "folder": {"type": ["string", "null"]}, "tags": {"type": "array", "items": {"type": "string"}},
  "is_pinned": {"type": "boolean"}, "is_archived": {"type": "boolean"}, "is_temporary": {"type": "boolean"}, "expires_at": {"type": ["string", "null"]},
  "head": {"type": "integer", "description": "Number of the leaf that is shown; 0: it is empty"}, "message_count": {"type": "integer"},
  "state": {"type": "string", "enum": ["idle", "answering"]}, "revision": {"type": "integer"}, "created_at": {"type": "string", "format": "date-time"}, "used_at": {"type": "string", "format": "date-time"}}},
"ThreadPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Thread"}}, "next": {"type": "string"}}},
"NewThread": {"type": "object", "additionalProperties": false, "properties": {"title": {"type": "string"}, "model": {"type": "string"}, "system": {"type": "string"},
  "parameters": {"$ref": "#/components/schemas/ChatParameters"}, "folder": {"type": ["string", "null"]}, "tags": {"type": "array", "items": {"type": "string"}}, "is_temporary": {"type": "boolean"}}},
"ThreadChange": {"type": "object", "additionalProperties": false, "properties": {"title": {"type": "string"}, "model": {"type": "string"}, "system": {"type": "string"},
  "parameters": {"$ref": "#/components/schemas/ChatParameters"}, "folder": {"type": ["string", "null"]}, "tags": {"type": "array", "items": {"type": "string"}},
  "is_pinned": {"type": "boolean"}, "is_archived": {"type": "boolean"}, "head": {"type": "integer"}}},
"ThreadShape": {"type": "object", "required": ["parents", "roles"], "properties": {
  "parents": {"type": "array", "items": {"type": "integer"}, "description": "Of message 1, 2, 3...; 0: none"}, "roles": {"type": "string", "description": "u, a or s for each"}}},
"ThreadView": {"type": "object", "required": ["thread", "messages", "shape"], "properties": {"thread": {"$ref": "#/components/schemas/Thread"},
  "messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}, "shape": {"$ref": "#/components/schemas/ThreadShape"}}},
"Fork": {"type": "object", "required": ["message"], "additionalProperties": false, "properties": {"message": {"type": "integer"}, "scope": {"type": "string", "enum": ["branch", "all"]}}},
"Folder": {"type": "object", "required": ["id", "name", "place"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "place": {"type": "integer"}}},
"FolderPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Folder"}}, "next": {"type": "string"}}},
"Summary": {"type": "object", "required": ["upto", "text", "model", "created_at"], "properties": {
  "upto": {"type": "integer", "description": "Number of the message up to and with which it tells of the branch"}, "text": {"type": "string"}, "model": {"type": "string"},
  "created_at": {"type": "string", "format": "date-time"}}},
"SummaryList": {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Summary"}}}},
"Suggestions": {"type": "object", "required": ["suggestions"], "properties": {
  "suggestions": {"type": "array", "maxItems": 3, "description": "None where no model is to be asked for them", "items": {"type": "string"}}}},
"Tool": {"type": "object", "required": ["name", "title", "description", "only_reads", "grant"], "properties": {
  "name": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string", "description": "As the model is told"},
  "only_reads": {"type": "boolean", "description": "Called once more, it does no more"}, "grant": {"type": "string", "enum": ["ask", "thread", "always"]}}},
"ToolList": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Tool"}}, "next": {"type": "string"}}},
"ToolGrant": {"type": "object", "required": ["scope"], "additionalProperties": false, "properties": {"scope": {"type": "string", "enum": ["always"]}}},
"ToolDecision": {"type": "object", "required": ["decision"], "additionalProperties": false, "properties": {"decision": {"type": "string", "enum": ["allow", "deny"]},
  "remember": {"type": "string", "enum": ["thread", "always"], "description": "With allow: the tool is not asked for again, in the thread or anywhere"}}},
"Prompt": {"type": "object", "required": ["id", "name", "text", "folder", "tags", "revision", "created_at", "changed_at"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "text": {"type": "string"}, "folder": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}},
  "revision": {"type": "integer"}, "created_at": {"type": "string", "format": "date-time"}, "changed_at": {"type": "string", "format": "date-time"}}},
"PromptPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Prompt"}}, "next": {"type": "string"}}},
"NewPrompt": {"type": "object", "required": ["name", "text"], "additionalProperties": false, "properties": {"name": {"type": "string"}, "text": {"type": "string"},
  "folder": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}}},
"PromptChange": {"type": "object", "additionalProperties": false, "properties": {"name": {"type": "string"}, "text": {"type": "string"},
  "folder": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}}},
"PromptFile": {"type": "object", "required": ["prompts"], "additionalProperties": false, "properties": {"prompts": {"type": "array", "items": {"$ref": "#/components/schemas/NewPrompt"}}}},
"PromptsImported": {"type": "object", "required": ["added", "replaced"], "properties": {"added": {"type": "integer"}, "replaced": {"type": "integer"}}},
"NewFolder": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {"name": {"type": "string"}}},
"FolderChange": {"type": "object", "additionalProperties": false, "properties": {"name": {"type": "string"}, "place": {"type": "integer"}}},
"MessagePart": {"type": "object", "required": ["type"], "properties": {
  "type": {"type": "string", "enum": ["text", "reasoning", "image", "file", "tool_call", "tool_result", "error", "citation"]}, "text": {"type": "string"}, "asset_id": {"type": "string"}, "tokens": {"type": "integer"},
  "name": {"type": "string"}, "media_type": {"type": "string"}, "id": {"type": "string"}, "arguments": {"type": "string"}, "effect": {"type": "string", "description": "What a tool call will do, in words"}, "approval": {"type": "string", "enum": ["waiting", "allowed", "denied"]}, "is_error": {"type": "boolean"},
  "code": {"type": "string"}, "message": {"type": "string"}, "title": {"type": "string"}, "url": {"type": "string"}}},
"MessageUsage": {"type": "object", "required": ["input", "cached_read", "cached_write", "output", "reasoning"], "properties": {
  "input": {"type": "integer"}, "cached_read": {"type": "integer"}, "cached_write": {"type": "integer"}, "output": {"type": "integer"}, "reasoning": {"type": "integer"}}},
"ServedBy": {"type": "object", "required": ["candidate", "provider", "model"], "properties": {"candidate": {"type": "string"}, "provider": {"type": "string"}, "model": {"type": "string"}}},
"Message": {"type": "object", "required": ["number", "parent", "role", "state", "parts", "seq", "model", "served", "usage", "cost", "first_token_ms", "total_ms", "finish", "created_at"], "properties": {
  "number": {"type": "integer"}, "parent": {"type": "integer"}, "role": {"type": "string", "enum": ["user", "assistant", "system"]},
  "state": {"type": "string", "enum": ["complete", "queued", "answering", "waiting", "stopped", "interrupted", "failed"]},
  "parts": {"type": "array", "items": {"$ref": "#/components/schemas/MessagePart"}}, "seq": {"type": "integer", "description": "Of the last delta in the parts"}, "model": {"type": "string"},
  "served": {"anyOf": [{"$ref": "#/components/schemas/ServedBy"}, {"type": "null"}]}, "usage": {"anyOf": [{"$ref": "#/components/schemas/MessageUsage"}, {"type": "null"}]},
  "cost": {"type": ["string", "null"], "description": "Dollars"}, "first_token_ms": {"type": ["integer", "null"]}, "total_ms": {"type": ["integer", "null"]}, "finish": {"type": ["string", "null"]},
  "context": {"type": "object", "required": ["from", "summarised_upto"], "description": "Left out where the model was sent all of the branch", "properties": {
    "from": {"type": "integer", "description": "The first message it was sent as it is"}, "summarised_upto": {"type": ["integer", "null"], "description": "Up to which a summary stood before that"}}},
  "suggestions": {"type": "array", "items": {"type": "string"}, "description": "What might be said next; left out where nobody asked for any"}, "created_at": {"type": "string", "format": "date-time"}}},
"MessageList": {"type": "object", "required": ["messages"], "properties": {"messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}}},
"NewMessage": {"type": "object", "required": ["parts"], "additionalProperties": false, "properties": {"parent": {"type": "integer", "description": "The head where it is left out; 0: none"},
  "parts": {"type": "array", "items": {"$ref": "#/components/schemas/MessagePart"}}, "model": {"type": "string"}, "models": {"type": "array", "minItems": 2, "maxItems": 4, "items": {"type": "string"}, "description": "Instead of one: each answers, side by side"},
  "answers": {"type": "boolean"}, "when_busy": {"type": "string", "enum": ["refuse", "queue"]}}},
"Said": {"type": "object", "required": ["messages", "thread"], "properties": {"messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}, "thread": {"$ref": "#/components/schemas/Thread"}}},
"UiMessage": {"type": "object", "required": ["id", "role"], "description": "A UIMessage of the AI SDK; what else is in it is passed over", "properties": {
  "id": {"type": "string"}, "role": {"type": "string", "enum": ["system", "user", "assistant"]},
  "parts": {"type": "array", "items": {"type": "object"}, "description": "Of the last message: texts"}}},
"UiTurn": {"type": "object", "required": ["id"], "additionalProperties": false, "properties": {"id": {"type": "string", "description": "The client's name for the chat, or a thread's id"},
  "messages": {"type": "array", "items": {"$ref": "#/components/schemas/UiMessage"}}, "message": {"$ref": "#/components/schemas/UiMessage"},
  "trigger": {"type": "string", "enum": ["submit-message", "regenerate-message"]}, "messageId": {"type": "string"}, "model": {"type": "string"}}},
"SearchHit": {"type": "object", "required": ["thread", "title", "number", "role", "created_at", "snippet", "hits"], "properties": {"thread": {"type": "string"}, "title": {"type": "string"},
  "number": {"type": "integer"}, "role": {"type": "string", "enum": ["user", "assistant", "system"]}, "created_at": {"type": "string", "format": "date-time"}, "snippet": {"type": "string"},
  "hits": {"type": "array", "items": {"type": "object", "required": ["at", "length"], "description": "In the snippet, in UTF-16 units", "properties": {"at": {"type": "integer"}, "length": {"type": "integer"}}}}}},
"SearchAnswer": {"type": "object", "required": ["items", "corrections", "is_complete"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/SearchHit"}},
  "corrections": {"type": "array", "items": {"type": "object", "required": ["word", "taken_for"], "properties": {"word": {"type": "string"}, "taken_for": {"type": "array", "items": {"type": "string"}}}}},
  "is_complete": {"type": "boolean", "description": "false: some messages are not indexed yet"}}},
"AnswerAgain": {"type": "object", "additionalProperties": false, "properties": {"model": {"type": "string"}}},
"PutMessage": {"type": "object", "required": ["number", "parent", "role", "parts"], "additionalProperties": false, "properties": {"number": {"type": "integer"}, "parent": {"type": "integer"},
  "role": {"type": "string", "enum": ["user", "assistant", "system"]}, "parts": {"type": "array", "items": {"$ref": "#/components/schemas/MessagePart"}}, "model": {"type": "string"}, "created_at": {"type": "string"}}},
"PutMessages": {"type": "object", "required": ["messages"], "additionalProperties": false, "properties": {"messages": {"type": "array", "items": {"$ref": "#/components/schemas/PutMessage"}}}},
"TakenThreads": {"type": "object", "required": ["threads", "skipped"], "properties": {"threads": {"type": "array", "items": {"$ref": "#/components/schemas/Thread"}},
  "skipped": {"type": "array", "items": {"type": "object", "required": ["where", "reason"], "properties": {"where": {"type": "string", "description": "JSON pointer into the file"}, "reason": {"type": "string"}}}}}},
"PutDone": {"type": "object", "required": ["thread", "count"], "properties": {"thread": {"$ref": "#/components/schemas/Thread"}, "count": {"type": "integer"}}},
"KeySettings": {"type": "object", "required": ["name"], "additionalProperties": false, "description": "What is left out has no limit", "properties": {
  "name": {"type": "string"}, "models": {"type": "array", "items": {"type": "string"}, "description": "Names or patterns (gpt-*, anthropic/*); with routes empty too, all"},
  "routes": {"type": "array", "items": {"type": "string"}}, "expires_at": {"type": ["string", "null"], "format": "date-time"},
  "requests_per_minute": {"type": "integer"}, "tokens_per_minute": {"type": "integer"}, "concurrent_max": {"type": "integer"},
  "day_allowance": {"type": ["string", "null"], "description": "Dollars, such as 12.50"}, "month_allowance": {"type": ["string", "null"]}}},
"NewKey": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
  "name": {"type": "string"}, "role": {"type": "string", "enum": ["admin", "member"]}, "models": {"type": "array", "items": {"type": "string"}},
  "routes": {"type": "array", "items": {"type": "string"}}, "expires_at": {"type": ["string", "null"], "format": "date-time"},
  "requests_per_minute": {"type": "integer"}, "tokens_per_minute": {"type": "integer"}, "concurrent_max": {"type": "integer"},
  "day_allowance": {"type": ["string", "null"]}, "month_allowance": {"type": ["string", "null"]}}},
"Key": {"type": "object", "required": ["id", "name", "role", "created_at", "last_used_at", "is_revoked", "revision", "models", "routes", "expires_at", "requests_per_minute", "tokens_per_minute", "concurrent_max", "day_allowance", "month_allowance"], "properties": {
  "id": {"type": "string"}, "name": {"type": "string"}, "role": {"type": "string"}, "created_at": {"type": "string"},
  "last_used_at": {"type": ["string", "null"]}, "is_revoked": {"type": "boolean"}, "revision": {"type": "integer"},
  "models": {"type": "array", "items": {"type": "string"}}, "routes": {"type": "array", "items": {"type": "string"}}, "expires_at": {"type": ["string", "null"]},
  "requests_per_minute": {"type": "integer"}, "tokens_per_minute": {"type": "integer"}, "concurrent_max": {"type": "integer"},
  "day_allowance": {"type": ["string", "null"]}, "month_allowance": {"type": ["string", "null"]}}},
"CreatedKey": {"allOf": [{"$ref": "#/components/schemas/Key"}, {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}]},
"KeyPage": {"type": "object", "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}}, "next": {"type": "string"}}},
"WebhookEndpoint": {"type": "object", "required": ["id", "url", "types", "note", "is_enabled", "trouble", "failing_since", "revision", "created_at", "changed_at"], "properties": {
  "id": {"type": "string"}, "url": {"type": "string"}, "types": {"type": "array", "items": {"$ref": "#/components/schemas/WebhookType"}}, "note": {"type": "string"}, "is_enabled": {"type": "boolean"},
  "trouble": {"type": "string", "enum": ["", "gone", "failing"], "description": "Why it was disabled by the server"}, "failing_since": {"type": ["string", "null"], "format": "date-time", "description": "Nothing was taken since"},
  "revision": {"type": "integer"}, "created_at": {"type": "string", "format": "date-time"}, "changed_at": {"type": "string", "format": "date-time"}}},
"WebhookType": {"type": "string", "enum": ["run.succeeded", "run.failed", "run.cancelled", "asset.created", "alert.fired", "alert.resolved"]},
"WebhookEndpointPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/WebhookEndpoint"}}, "next": {"type": "string"}}},
"WebhookEndpointWithSecret": {"allOf": [{"$ref": "#/components/schemas/WebhookEndpoint"}, {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string", "description": "What messages are signed with, in the form of Standard Webhooks; told here alone"}}}]},
"NewWebhookEndpoint": {"type": "object", "required": ["url", "types"], "additionalProperties": false, "properties": {"url": {"type": "string"}, "types": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/WebhookType"}},
  "note": {"type": "string"}, "is_enabled": {"type": "boolean"}}},
"WebhookEndpointChange": {"type": "object", "additionalProperties": false, "properties": {"url": {"type": "string"}, "types": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/WebhookType"}},
  "note": {"type": "string"}, "is_enabled": {"type": "boolean"}}},
"WebhookRotation": {"type": "object", "additionalProperties": false, "properties": {"old_kept_hours": {"type": "integer", "minimum": 0, "maximum": 168, "description": "How long the secret before signs too: 24 unless given"}}},
"WebhookDelivery": {"type": "object", "required": ["id", "message_id", "type", "state", "attempts", "due_at", "created_at", "ended_at"], "properties": {
  "id": {"type": "string"}, "message_id": {"type": "string", "description": "webhook-id: the same at every attempt"}, "type": {"type": "string"}, "state": {"type": "string", "enum": ["waiting", "delivered", "dead"]},
  "attempts": {"type": "integer"}, "due_at": {"type": ["string", "null"], "format": "date-time"}, "created_at": {"type": "string", "format": "date-time"}, "ended_at": {"type": ["string", "null"], "format": "date-time"}}},
"WebhookDeliveryPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/WebhookDelivery"}}, "next": {"type": "string"}}},
"WebhookDeliveryStory": {"allOf": [{"$ref": "#/components/schemas/WebhookDelivery"}, {"type": "object", "required": ["body", "log"], "properties": {"body": {"type": "string", "description": "As it is sent and signed"},
  "log": {"type": "array", "items": {"type": "object", "required": ["number", "at", "took_ms", "status", "problem", "answer"], "properties": {"number": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}, "took_ms": {"type": "integer"},
    "status": {"type": "integer", "description": "0: there was no answer"}, "problem": {"type": "string", "enum": ["", "unreachable", "tls_failed", "too_many_waiting"]}, "answer": {"type": "string", "description": "Its first bytes"}}}}}}]},
"WebhookRedriven": {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}},
"ProviderWebhook": {"type": "object", "description": "As the provider sends it"},
"WebhookTaken": {"type": "object"},
"ProviderChange": {"type": "object", "required": ["preset"], "additionalProperties": false, "properties": {
  "preset": {"type": "string", "description": "A known provider, or a protocol"}, "base_url": {"type": "string"}, "key_variable": {"type": "string"},
  "model_prefixes": {"type": "array", "items": {"type": "string"}}, "is_enabled": {"type": "boolean"}, "is_free": {"type": "boolean"}, "skips_tls_checks": {"type": "boolean"},
  "first_byte_timeout_ms": {"type": "integer"}, "stall_timeout_ms": {"type": "integer"}, "key": {"type": "string", "description": "Sealed; never told again"},
  "headers": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
  "webhook_secrets": {"type": "array", "maxItems": 4, "description": "What it signs its webhooks with; all of them are taken. Sealed; never told again", "items": {"type": "string"}}}},
"NewProvider": {"type": "object", "required": ["name", "preset"], "properties": {"name": {"type": "string"}, "preset": {"type": "string"}, "base_url": {"type": "string"}, "key_variable": {"type": "string"},
  "model_prefixes": {"type": "array", "items": {"type": "string"}}, "is_enabled": {"type": "boolean"}, "is_free": {"type": "boolean"}, "skips_tls_checks": {"type": "boolean"},
  "first_byte_timeout_ms": {"type": "integer"}, "stall_timeout_ms": {"type": "integer"}, "key": {"type": "string"}, "headers": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
  "webhook_secrets": {"type": "array", "maxItems": 4, "items": {"type": "string"}}}},
"Provider": {"type": "object", "required": ["name", "preset", "base_url", "key_variable", "model_prefixes", "is_enabled", "is_free", "skips_tls_checks", "first_byte_timeout_ms", "stall_timeout_ms", "has_key", "key_end", "header_names", "webhook_secret_count", "trouble", "is_from_environment", "revision"], "properties": {
  "name": {"type": "string"}, "preset": {"type": "string"}, "base_url": {"type": "string"}, "key_variable": {"type": "string"}, "model_prefixes": {"type": "array", "items": {"type": "string"}},
  "is_enabled": {"type": "boolean"}, "is_free": {"type": "boolean"}, "skips_tls_checks": {"type": "boolean"}, "first_byte_timeout_ms": {"type": "integer"}, "stall_timeout_ms": {"type": "integer"},
  "has_key": {"type": "boolean"}, "key_end": {"type": "string"}, "header_names": {"type": "array", "items": {"type": "string"}}, "webhook_secret_count": {"type": "integer"}, "trouble": {"type": "string"},
  "is_from_environment": {"type": "boolean"}, "revision": {"type": "integer"}}},
"ProviderPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Provider"}}, "next": {"type": "string"}}},
"ProviderPreset": {"type": "object", "required": ["name", "title", "protocol", "base_url", "key_variable"], "properties": {
  "name": {"type": "string"}, "title": {"type": "string"}, "protocol": {"type": "string"}, "base_url": {"type": "string"}, "key_variable": {"type": "string"}}},
"ProviderPresetPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/ProviderPreset"}}, "next": {"type": "string"}}},
"SealingKeyRotation": {"type": "object", "properties": {"keeps_old": {"type": "boolean", "description": "Backups made before need the old keys; otherwise they are dropped once nothing is sealed with them"}}},
"RotatedSealingKey": {"type": "object", "required": ["key", "sealed", "old_keys"], "properties": {"key": {"type": "string", "description": "By which sealed secrets name it; tells nothing of it"}, "sealed": {"type": "integer"}, "old_keys": {"type": "integer"}}},
"ProviderCheck": {"type": "object", "required": ["is_ok", "error", "model_count"], "properties": {"is_ok": {"type": "boolean"}, "error": {"type": "string"}, "model_count": {"type": "integer"}}},
"RouteTarget": {"type": "object", "required": ["provider", "model"], "properties": {"provider": {"type": "string"}, "model": {"type": "string"}, "weight": {"type": "number"}}},
"RouteDefinition": {"type": "object", "required": ["targets"], "properties": {
  "strategy": {"type": "string", "enum": ["ordered", "weighted", "least_loaded", "lowest_latency", "lowest_cost", "automatic"]},
  "targets": {"type": "array", "items": {"$ref": "#/components/schemas/RouteTarget"}}, "cache_life_s": {"type": "integer"}, "hedges": {"type": "boolean"}, "shares_equal": {"type": "boolean"}}},
"NewRoute": {"allOf": [{"$ref": "#/components/schemas/RouteDefinition"}, {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}]},
"Route": {"allOf": [{"$ref": "#/components/schemas/RouteDefinition"}, {"type": "object", "required": ["name", "revision", "created_at", "updated_at"], "properties": {
  "name": {"type": "string"}, "revision": {"type": "integer"}, "created_at": {"type": "string"}, "updated_at": {"type": "string"}}}]},
"TraceEntry": {"type": "object", "required": ["trace", "span", "name", "began_at", "took_us", "fault", "facts"], "properties": {
  "trace": {"type": "string"}, "span": {"type": "string"}, "name": {"type": "string"}, "began_at": {"type": "string", "format": "date-time"}, "took_us": {"type": "integer"},
  "fault": {"type": "string", "description": "A code; empty: it went well"}, "facts": {"type": "object", "additionalProperties": {"type": "string"}}}},
"TraceEntryPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/TraceEntry"}}, "next": {"type": "string"}}},
"Trace": {"type": "object", "required": ["trace", "began_at", "spans"], "properties": {"trace": {"type": "string"}, "began_at": {"type": "string", "format": "date-time"}, "spans": {"type": "array", "items": {"$ref": "#/components/schemas/Span"}}}},
"Span": {"type": "object", "required": ["span", "parent", "name", "kind", "began_us", "took_us", "fault", "facts"], "properties": {
  "span": {"type": "string"}, "parent": {"type": "string", "description": "Empty, or of a span that is not ours: the first"}, "name": {"type": "string"}, "kind": {"type": "string", "enum": ["internal", "server", "client"]},
  "began_us": {"type": "integer", "description": "After the trace began"}, "took_us": {"type": "integer"}, "fault": {"type": "string"}, "facts": {"type": "object", "additionalProperties": {"type": "string"}}}},
"FigurePage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"type": "string"}}, "next": {"type": "string"}}},
"FigureQuery": {"type": "object", "required": ["figures", "from", "to"], "properties": {
  "figures": {"type": "array", "items": {"type": "string"}, "description": "As /api/performance/figures has them; at most 64"},
  "from": {"type": "string"}, "to": {"type": "string"}, "points": {"type": "integer", "description": "Of each line at most, 500 unless given"}}},
"FigureLines": {"type": "object", "required": ["from", "step_ms", "ran_seconds", "lines"], "properties": {"from": {"type": "string"}, "step_ms": {"type": "integer"},
  "ran_seconds": {"type": "array", "description": "Of each point, for how long the studio ran: a rate times these is a count", "items": {"type": "integer"}},
  "lines": {"type": "array", "items": {"type": "object", "required": ["figure", "points"], "properties": {"figure": {"type": "string"}, "points": {"type": "array", "description": "null: the studio did not run, or, but for a rate, nothing came", "items": {"type": ["number", "null"]}}}}}}},
"RoutePage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Route"}}, "next": {"type": "string"}}},
"RouteServed": {"type": "object", "required": ["attempts", "answered"], "properties": {"attempts": {"type": "integer"}, "answered": {"type": "integer"}}},
"ModelRates": {"type": ["array", "null"], "description": "Empty: nothing; null: nobody knows", "items": {"type": "object", "required": ["of", "count", "price"], "properties": {
  "of": {"type": "string", "enum": ["input_tokens", "output_tokens", "image_tokens", "audio_tokens", "images", "characters", "audio_seconds", "video_seconds", "requests"]}, "count": {"type": "integer"},
  "price": {"type": "string", "description": "Dollars, of so many"}}}},
"RouteCandidate": {"type": "object", "required": ["name", "provider", "model", "weight", "turn", "chance", "is_local", "health", "rates", "hour", "day"], "properties": {
  "name": {"type": "string"}, "provider": {"type": "string"}, "model": {"type": "string"}, "weight": {"type": "number"},
  "turn": {"type": ["integer", "null"], "description": "0: asked first now, or likeliest to be; null: passed over, since it rests, is held back or has no provider"},
  "chance": {"type": "number", "description": "Of being asked first now"}, "is_local": {"type": "boolean"},
  "health": {"anyOf": [{"$ref": "#/components/schemas/ModelHealth"}, {"type": "null"}]}, "rates": {"$ref": "#/components/schemas/ModelRates"},
  "hour": {"$ref": "#/components/schemas/RouteServed"}, "day": {"$ref": "#/components/schemas/RouteServed"}}},
"RouteStanding": {"type": "object", "required": ["name", "strategy", "hour", "day", "candidates"], "properties": {"name": {"type": "string"}, "strategy": {"type": "string"},
  "hour": {"$ref": "#/components/schemas/RouteServed"}, "day": {"$ref": "#/components/schemas/RouteServed"}, "candidates": {"type": "array", "items": {"$ref": "#/components/schemas/RouteCandidate"}}}},
"RouteStandingPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/RouteStanding"}}, "next": {"type": "string"}}},
"ModelHealth": {"type": "object", "required": ["is_available", "breaker", "opens_in_ms", "is_account_fault", "attempts", "failures", "success_rate", "first_token_ms", "first_token_p50_ms", "first_token_p95_ms", "whole_p50_ms", "whole_p95_ms", "in_flight", "last_error", "last_error_at"], "properties": {
  "is_available": {"type": "boolean"}, "breaker": {"type": "string", "enum": ["closed", "open", "half_open"]}, "opens_in_ms": {"type": "integer"}, "is_account_fault": {"type": "boolean"},
  "attempts": {"type": "integer"}, "failures": {"type": "integer"}, "success_rate": {"type": "number"}, "first_token_ms": {"type": "number"}, "first_token_p50_ms": {"type": "number"}, "first_token_p95_ms": {"type": "number"},
  "whole_p50_ms": {"type": "number", "description": "Of answers that came whole, pictures, sound and clips among them; 0: none"}, "whole_p95_ms": {"type": "number"}, "in_flight": {"type": "integer"}, "last_error": {"type": "string"}, "last_error_at": {"type": ["string", "null"]}}},
"Model": {"type": "object", "required": ["id", "kind"], "properties": {"id": {"type": "string"}, "kind": {"type": "string", "enum": ["model", "route"]}, "title": {"type": "string"},
  "context_tokens": {"type": "integer"}, "output_tokens_max": {"type": "integer"}, "provider": {"type": "string"}, "name": {"type": "string"}, "is_local": {"type": "boolean"},
  "is_built_in": {"type": "boolean", "description": "Part of the studio, and no language model"},
  "input_price": {"type": ["string", "null"], "description": "Dollars for a million tokens"}, "output_price": {"type": ["string", "null"]}, "health": {"$ref": "#/components/schemas/ModelHealth"}}},
"ManualIndex": {"type": "object", "required": ["items", "next"], "properties": {"next": {"type": "string"}, "items": {"type": "array", "items": {"type": "object", "required": ["name", "title", "sections"], "properties": {
  "name": {"type": "string"}, "title": {"type": "string"}, "sections": {"type": "array", "items": {"type": "object", "required": ["title", "anchor", "level"], "properties": {
    "title": {"type": "string"}, "anchor": {"type": "string"}, "level": {"type": "integer"}}}}}}}}},
"ManualPage": {"type": "object", "required": ["name", "title", "sections"], "properties": {"name": {"type": "string"}, "title": {"type": "string"}, "sections": {"type": "array", "items": {"type": "object",
  "required": ["title", "anchor", "level", "text"], "properties": {"title": {"type": "string"}, "anchor": {"type": "string", "description": "Of its address; empty: the page's beginning"}, "level": {"type": "integer"},
  "text": {"type": "string", "description": "Markdown, without its heading"}}}}}},
"ModelPage": {"type": "object", "required": ["items", "next", "providers"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}, "next": {"type": "string"},
  "providers": {"type": "array", "items": {"type": "object", "required": ["name", "protocol", "is_local", "is_found", "is_built_in", "last_error", "listed_at"], "properties": {"name": {"type": "string"}, "protocol": {"type": "string"},
    "is_local": {"type": "boolean"}, "is_found": {"type": "boolean", "description": "On this machine, by itself: not configured"}, "is_built_in": {"type": "boolean"}, "last_error": {"type": "string"}, "listed_at": {"type": ["string", "null"]}}}}}},
"CallUsage": {"type": "object", "required": ["input", "cached_read", "cached_write", "output", "reasoning", "other_media", "is_estimated"], "properties": {
  "input": {"type": "integer"}, "cached_read": {"type": "integer"}, "cached_write": {"type": "integer"}, "output": {"type": "integer"}, "reasoning": {"type": "integer"},
  "other_media": {"type": "integer"}, "is_estimated": {"type": "boolean"}}},
"CallAttempt": {"type": "object", "required": ["candidate", "fault", "status", "began_ms", "total_ms", "first_token_ms"], "properties": {"candidate": {"type": "string"}, "fault": {"type": "string"},
  "status": {"type": "integer"}, "began_ms": {"type": "integer"}, "total_ms": {"type": "integer"}, "first_token_ms": {"type": ["integer", "null"]}}},
"Call": {"type": "object", "required": ["number", "at", "key", "face", "asked", "route", "provider", "model", "attempts", "status", "fault", "is_aborted", "is_streamed", "is_cached", "total_ms", "first_token_ms", "usage", "cost", "request_id", "trace", "has_texts"], "properties": {
  "number": {"type": "integer"}, "at": {"type": "string"}, "key": {"type": ["string", "null"]}, "face": {"type": "string"}, "asked": {"type": "string"}, "route": {"type": "string"},
  "provider": {"type": "string"}, "model": {"type": "string"}, "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/CallAttempt"}}, "status": {"type": "integer"}, "fault": {"type": "string"},
  "is_aborted": {"type": "boolean"}, "is_streamed": {"type": "boolean"}, "is_cached": {"type": "boolean"}, "total_ms": {"type": "integer"}, "first_token_ms": {"type": ["integer", "null"]},
  "usage": {"$ref": "#/components/schemas/CallUsage"}, "cost": {"type": ["string", "null"], "description": "Dollars; null where nobody knows"}, "request_id": {"type": "string"}, "trace": {"type": "string"},
  "has_texts": {"type": "boolean"}, "request_text": {"type": "string"}, "answer_text": {"type": "string"}}},
"CallPage": {"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Call"}}, "next": {"type": "string"}}},
"UsageRow": {"type": "object", "required": ["day", "key", "provider", "model", "calls", "failed", "aborted", "cached", "unpriced", "input", "cached_read", "cached_write", "output", "reasoning", "other_media", "cost"], "properties": {
  "day": {"type": ["string", "null"]}, "key": {"type": ["string", "null"]}, "provider": {"type": "string"}, "model": {"type": "string"}, "calls": {"type": "integer"}, "failed": {"type": "integer"},
  "aborted": {"type": "integer"}, "cached": {"type": "integer"}, "unpriced": {"type": "integer"}, "input": {"type": "integer"}, "cached_read": {"type": "integer"}, "cached_write": {"type": "integer"},
  "output": {"type": "integer"}, "reasoning": {"type": "integer"}, "other_media": {"type": "integer"}, "cost": {"type": "string"}}},
"UsagePage": {"type": "object", "required": ["items", "next", "from", "to"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/UsageRow"}}, "next": {"type": "string"},
  "from": {"type": "string"}, "to": {"type": "string"}}},
"OpenAiEmbeddingsRequest": {"type": "object", "required": ["model", "input"], "description": "OpenAI's embeddings request", "properties": {"model": {"type": "string"}, "input": {"type": ["string", "array"]}}},
"OpenAiEmbeddings": {"type": "object", "required": ["object", "data"], "properties": {"object": {"type": "string"}, "data": {"type": "array", "items": {"type": "object"}}, "model": {"type": "string"}, "usage": {"type": "object"}}},
"OpenAiModerationRequest": {"type": "object", "required": ["input"], "properties": {"model": {"type": "string"}, "input": {"type": ["string", "array"]}}},
"OpenAiModeration": {"type": "object", "required": ["id", "results"], "properties": {"id": {"type": "string"}, "model": {"type": "string"}, "results": {"type": "array", "items": {"type": "object"}}}},
"OpenAiImageRequest": {"type": "object", "required": ["model", "prompt"], "description": "OpenAI's image request; what is not listed travels on", "properties": {"model": {"type": "string"}, "prompt": {"type": "string"},
  "n": {"type": "integer"}, "size": {"type": "string"}, "quality": {"type": "string"}, "stream": {"type": "boolean"}, "partial_images": {"type": "integer"}}},
"OpenAiImages": {"type": "object", "required": ["data"], "description": "With stream, server-sent image_generation events", "properties": {"created": {"type": "integer"}, "data": {"type": "array", "items": {"type": "object"}}, "usage": {"type": "object"}}},
"OpenAiSpeechRequest": {"type": "object", "required": ["model", "input", "voice"], "properties": {"model": {"type": "string"}, "input": {"type": "string"}, "voice": {"type": ["string", "object"]},
  "response_format": {"type": "string"}, "speed": {"type": "number"}, "stream_format": {"type": "string"}}},
"OpenAiTranscription": {"type": "object", "required": ["text"], "description": "Or text, srt, vtt or events, as response_format and stream say", "properties": {"text": {"type": "string"}, "usage": {"type": "object"}}},
"AnthropicCountRequest": {"type": "object", "required": ["model", "messages"], "properties": {"model": {"type": "string"}, "messages": {"type": "array", "items": {"type": "object"}}}},
"AnthropicCount": {"type": "object", "required": ["input_tokens"], "properties": {"input_tokens": {"type": "integer"}}},
"OpenAiChatRequest": {"type": "object", "required": ["model", "messages"], "description": "OpenAI's chat completion request. Fields that are not listed travel on to providers of the same protocol.", "properties": {
  "model": {"type": "string", "description": "A route, a model's id, or provider/model"}, "messages": {"type": "array", "items": {"type": "object"}},
  "stream": {"type": "boolean"}}},
"OpenAiChatAnswer": {"type": "object", "required": ["id", "object", "created", "model", "choices"], "description": "OpenAI's chat.completion; with stream, server-sent chat.completion.chunk events and [DONE]", "properties": {
  "id": {"type": "string"}, "object": {"type": "string"}, "created": {"type": "integer"}, "model": {"type": "string"}, "choices": {"type": "array", "items": {"type": "object"}},
  "usage": {"type": "object"}}},
"OpenAiResponsesRequest": {"type": "object", "required": ["model", "input"], "description": "OpenAI's responses request", "properties": {
  "model": {"type": "string", "description": "A route, a model's id, or provider/model"}, "input": {"type": ["string", "array"]}, "stream": {"type": "boolean"},
  "store": {"type": ["boolean", "null"], "description": "Keep the response, so that it can be read and gone on from; true unless false"}, "previous_response_id": {"type": ["string", "null"]}}},
"OpenAiResponse": {"type": "object", "required": ["id", "object", "status", "model", "output"], "description": "OpenAI's response; with stream, its server-sent events", "properties": {
  "id": {"type": "string"}, "object": {"type": "string"}, "status": {"type": "string"}, "model": {"type": "string"}, "output": {"type": "array", "items": {"type": "object"}}}},
"OpenAiDeleted": {"type": "object", "required": ["id", "object", "deleted"], "properties": {"id": {"type": "string"}, "object": {"type": "string"}, "deleted": {"type": "boolean"}}},
"OpenAiItemList": {"type": "object", "required": ["object", "data", "first_id", "last_id", "has_more"], "properties": {"object": {"type": "string"}, "data": {"type": "array", "items": {"type": "object"}},
  "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}}},
"AnthropicMessagesRequest": {"type": "object", "required": ["model", "max_tokens", "messages"], "description": "Anthropic's messages request", "properties": {
  "model": {"type": "string", "description": "A route, a model's id, or provider/model"}, "max_tokens": {"type": "integer"}, "messages": {"type": "array", "items": {"type": "object"}},
  "stream": {"type": "boolean"}}},
"AnthropicMessage": {"type": "object", "required": ["id", "type", "role", "model", "content"], "description": "Anthropic's message; with stream, its server-sent events", "properties": {
  "id": {"type": "string"}, "type": {"type": "string"}, "role": {"type": "string"}, "model": {"type": "string"}, "content": {"type": "array", "items": {"type": "object"}},
  "stop_reason": {"type": ["string", "null"]}, "usage": {"type": "object"}}},
"OpenAiModel": {"type": "object", "required": ["id", "object", "created", "owned_by"], "description": "In Anthropic's shape for callers that send anthropic-version", "properties": {
  "id": {"type": "string"}, "object": {"type": "string"}, "created": {"type": "integer"}, "owned_by": {"type": "string"}}},
"OpenAiModelList": {"type": "object", "required": ["object", "data"], "properties": {
  "object": {"type": "string"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/OpenAiModel"}}}},
"OpenAiError": {"type": "object", "required": ["error"], "properties": {"error": {"type": "object", "required": ["message", "type"], "properties": {
  "message": {"type": "string"}, "type": {"type": "string"}, "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]}}}}},
"AnthropicError": {"type": "object", "required": ["type", "error"], "properties": {"type": {"type": "string"}, "request_id": {"type": "string"},
  "error": {"type": "object", "required": ["type", "message"], "properties": {"type": {"type": "string"}, "message": {"type": "string"}}}}}
})json";

}  // namespace

json::Value schemas() {
  auto parsed = json::parse(kSchemas);
  ensure(parsed.has_value(), "the schemas are JSON");
  for (json::Value more :
       {generation_schemas(), objective_schemas(), performance_schemas(), error_schemas(), alert_schemas()})
    for (auto& [name, schema] : more.as_object()) parsed->get_object()[name] = std::move(schema);
  return std::move(*parsed);
}

}  // namespace atelier::api

#include "watch/sentry/envelope.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/trace_context.hpp"
#include "base/version.hpp"
#include "watch/error/stack.hpp"

namespace atelier::watch {
namespace {

constexpr std::string_view kSdk = "atelier.native";

json::Object to_json(const ErrorFields& fields) {
  json::Object object;
  for (const auto& [name, value] : fields) object[name] = value;
  return object;
}

json::Array breadcrumbs_of(const Occurrence& occurrence) {
  json::Array values;
  for (const Breadcrumb& one : occurrence.breadcrumbs)
    values.push_back(json::Object{{"timestamp", format_rfc3339(one.time_ms)},
                                  {"category", "log"},
                                  {"level", one.level},
                                  {"message", one.message},
                                  {"data", to_json(one.fields)}});
  return values;
}

// "load (/_app/chat.js:12:34)"
json::Object page_frame(const std::string& frame) {
  json::Object object{{"in_app", true}};
  const std::size_t open = frame.rfind(" (");
  const std::size_t column = frame.rfind(':');
  const std::size_t line = column == std::string::npos ? column : frame.rfind(':', column - 1);
  if (open == std::string::npos || line == std::string::npos || line < open) return object;
  object["function"] = frame.substr(0, open);
  object["filename"] = frame.substr(open + 2, line - open - 2);
  object["lineno"] = parse_integer(frame.substr(line + 1, column - line - 1)).value_or(0);
  object["colno"] = parse_integer(frame.substr(column + 1, frame.size() - column - 2)).value_or(0);
  return object;
}

// Outermost first, as Sentry has them.
json::Array frames_of(const Occurrence& occurrence) {
  json::Array frames;
  for (auto one = occurrence.frames.rbegin(); one != occurrence.frames.rend(); ++one)
    frames.push_back(page_frame(*one));
  for (auto one = occurrence.stack.rbegin(); one != occurrence.stack.rend(); ++one)
    frames.push_back(
        json::Object{{"instruction_addr", fmt::format("{:#x}", *one)}, {"package", "atelier"}, {"in_app", true}});
  return frames;
}

// A debug id is the first sixteen bytes of the build id as a little-endian GUID.
std::string debug_id_of(std::string build) {
  build.resize(32, '0');
  const auto swapped = [&](std::size_t at, std::size_t bytes) {
    std::string text;
    for (std::size_t i = bytes; i-- > 0;) text += build.substr(at + 2 * i, 2);
    return text;
  };
  return fmt::format("{}-{}-{}-{}-{}", swapped(0, 4), swapped(8, 2), swapped(12, 2), build.substr(16, 4),
                     build.substr(20, 12));
}

json::Object exception_of(const Occurrence& occurrence) {
  const bool is_handled = occurrence.origin == ErrorOrigin::server;
  json::Object value{{"type", occurrence.code.empty() ? occurrence.message : occurrence.code},
                     {"value", occurrence.message},
                     {"mechanism", json::Object{{"type", is_handled ? "log" : to_string(occurrence.origin)},
                                                {"handled", is_handled}}}};
  if (json::Array frames = frames_of(occurrence); !frames.empty())
    value["stacktrace"] = json::Object{{"frames", std::move(frames)}};
  return value;
}

}  // namespace

std::string sentry_event_id(const Ulid& id) {
  return hex(std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()));
}

std::string sentry_event(const Occurrence& occurrence) {
  const std::string id = sentry_event_id(occurrence.id);
  json::Object tags{{"origin", to_string(occurrence.origin)}};
  const auto tag = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) tags[name] = value;
  };
  tag("code", occurrence.code);
  tag("place", occurrence.place);
  tag("request_id", occurrence.request_id);
  tag("method", occurrence.method);
  json::Object event{{"event_id", id},
                     {"timestamp", format_rfc3339(occurrence.time_ms)},
                     {"platform", occurrence.origin == ErrorOrigin::page ? "javascript" : "native"},
                     {"level", to_string(occurrence.severity)},
                     {"logger", "atelier"},
                     {"release", fmt::format("atelier@{}", occurrence.version)},
                     {"fingerprint", json::Array{json::Value(occurrence.fingerprint())}},
                     {"tags", std::move(tags)},
                     {"extra", to_json(occurrence.fields)},
                     {"breadcrumbs", json::Object{{"values", breadcrumbs_of(occurrence)}}},
                     {"exception", json::Object{{"values", json::Array{exception_of(occurrence)}}}}};
  if (!occurrence.route.empty()) event["transaction"] = occurrence.route;
  if (parse_trace_id(occurrence.trace))
    event["contexts"] = json::Object{
        {"trace", json::Object{{"trace_id", occurrence.trace}, {"span_id", id.substr(16)}, {"op", "http.server"}}}};
  if (!occurrence.stack.empty() && !occurrence.build_id.empty())
    event["debug_meta"] =
        json::Object{{"images", json::Array{json::Object{{"type", "elf"},
                                                         {"code_file", "atelier"},
                                                         {"code_id", occurrence.build_id},
                                                         {"debug_id", debug_id_of(occurrence.build_id)},
                                                         {"image_addr", "0x0"}}}}};
  return json::write(event);
}

std::string sentry_report(const Discarded& discarded, UnixMs now_ms) {
  json::Array events;
  for (const auto& [what, quantity] : discarded)
    events.push_back(json::Object{{"reason", what.first}, {"category", what.second}, {"quantity", quantity}});
  return json::write(json::Object{{"timestamp", format_rfc3339(now_ms)}, {"discarded_events", std::move(events)}});
}

std::string sentry_item(std::string_view type, std::string_view payload) {
  return json::write(json::Object{{"type", type}, {"length", payload.size()}}) + "\n" + std::string(payload) + "\n";
}

std::string sentry_envelope_head(std::string_view event_id, UnixMs sent_ms) {
  return json::write(json::Object{{"event_id", event_id},
                                  {"sent_at", format_rfc3339(sent_ms)},
                                  {"sdk", json::Object{{"name", kSdk}, {"version", kVersion}}}}) +
         "\n";
}

}  // namespace atelier::watch

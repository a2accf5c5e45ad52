#include <fmt/format.h>

#include "api/route.hpp"
#include "api/tables.hpp"
#include "base/version.hpp"

namespace atelier::api {
namespace {

// A shape's name, or a media type, as a content object.
json::Value content_of(std::string_view shape) {
  if (shape.find('/') == std::string_view::npos)
    return json::Object{
        {"application/json",
         json::Object{{"schema", json::Object{{"$ref", fmt::format("#/components/schemas/{}", shape)}}}}}};
  json::Object schema{{"type", "string"}};
  if (!shape.starts_with("text/")) schema["format"] = "binary";
  return json::Object{{shape, json::Object{{"schema", std::move(schema)}}}};
}

json::Array parameters_of(const Route& route) {
  json::Array parameters;
  const json::Object text{{"type", "string"}};
  for (std::size_t from = route.path.find('{'); from != std::string_view::npos; from = route.path.find('{', from + 1)) {
    std::string_view name = route.path.substr(from + 1, route.path.find('}', from) - from - 1);
    if (name.ends_with("...")) name.remove_suffix(3);  // takes slashes too
    parameters.push_back(json::Object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", text}});
  }
  for (const QueryParameter& parameter : route.query)
    parameters.push_back(
        json::Object{{"name", parameter.name}, {"in", "query"}, {"description", parameter.help}, {"schema", text}});
  if (route.needs_revision)
    parameters.push_back(json::Object{{"name", "If-Match"},
                                      {"in", "header"},
                                      {"required", true},
                                      {"description", "The revision the edit was based on"},
                                      {"schema", text}});
  if (route.takes_key)
    parameters.push_back(
        json::Object{{"name", "Idempotency-Key"},
                     {"in", "header"},
                     {"description", "1 to 255 bytes; a call with the key of an earlier one gives what that one gave"},
                     {"schema", text}});
  return parameters;
}

json::Value problem_of(Face face) {
  switch (face) {
    case Face::openai:
      return content_of("OpenAiError");
    case Face::anthropic:
      return content_of("AnthropicError");
    case Face::studio:
      break;
  }
  return json::Object{
      {"application/problem+json", json::Object{{"schema", json::Object{{"$ref", "#/components/schemas/Problem"}}}}}};
}

json::Value operation_of(const Route& route) {
  json::Object answer{{"description", route.summary}};
  if (!route.answer.empty()) answer["content"] = content_of(route.answer);
  const json::Object problem{{"description", "What was wrong"}, {"content", problem_of(route.face)}};
  json::Object operation{
      {"summary", route.summary},
      {"responses", json::Object{{fmt::format("{}", route.status), std::move(answer)}, {"default", problem}}}};
  if (auto parameters = parameters_of(route); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!route.request.empty())
    operation["requestBody"] = json::Object{{"required", true}, {"content", content_of(route.request)}};
  if (route.access == Access::open) operation["security"] = json::Array();
  return operation;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// OpenAPI knows no parameter that takes slashes.
std::string path_of(const Route& route) {
  std::string path(route.path);
  if (const std::size_t dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

}  // namespace

json::Value openapi() {
  json::Object paths;
  for (const Route& route : all_routes()) {
    json::Value& path = paths[path_of(route)];
    if (path.is_null()) path = json::Object();
    path.as_object()[lower(net::to_string(route.method))] = operation_of(route);
  }
  json::Object schemes{{"key", json::Object{{"type", "http"}, {"scheme", "bearer"}}},
                       {"session", json::Object{{"type", "apiKey"}, {"in", "cookie"}, {"name", "atelier_session"}}}};
  return json::Object{
      {"openapi", "3.1.0"},
      {"info", json::Object{{"title", "Atelier"}, {"version", kVersion}}},
      {"security", json::Array{json::Object{{"key", json::Array()}}, json::Object{{"session", json::Array()}}}},
      {"paths", std::move(paths)},
      {"components", json::Object{{"schemas", schemas()}, {"securitySchemes", std::move(schemes)}}}};
}

json::Value media_status(const Services& services) {
  json::Array missing;
  const media::WorkersReport report = services.workers.report();
  if (report.hello) {
    for (const std::string& layer : report.hello->sandbox.missing) missing.push_back(json::Value(layer));
    if (!report.hello->fonts_missing.empty()) missing.push_back(json::Value(report.hello->fonts_missing));
  }
  return json::Object{{"missing", std::move(missing)}};
}

}  // namespace atelier::api

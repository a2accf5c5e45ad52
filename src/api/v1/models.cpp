// The models that can be called, as each protocol lists them.
#include <fmt/format.h>

#include "api/tables.hpp"
#include "api/v1/v1.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

// Programs of both protocols ask the same path; Anthropic's clients say their version.
bool speaks_anthropic(const net::Request& request) { return request.headers.find("anthropic-version").has_value(); }

json::Object openai_model(const model::Directory::Entry& entry) {
  return json::Object{{"id", entry.id},
                      {"object", "model"},
                      {"created", 0},
                      {"owned_by", entry.candidate ? entry.candidate->provider->name : "atelier"}};
}

json::Object anthropic_model(const model::Directory::Entry& entry) {
  json::Object object{{"type", "model"},
                      {"id", entry.id},
                      {"display_name", entry.listed && !entry.listed->title.empty() ? entry.listed->title : entry.id},
                      {"created_at", "1970-01-01T00:00:00Z"}};
  object["max_input_tokens"] = entry.listed && entry.listed->context_tokens > 0
                                   ? json::Value(entry.listed->context_tokens)
                                   : json::Value(nullptr);
  object["max_tokens"] = entry.listed && entry.listed->output_tokens_max > 0
                             ? json::Value(entry.listed->output_tokens_max)
                             : json::Value(nullptr);
  return object;
}

// Those that the key may call. A route has no candidate of its own.
std::vector<model::Directory::Entry> allowed(const model::Directory& directory, const model::KeyState& key) {
  std::vector<model::Directory::Entry> entries = directory.entries();
  std::erase_if(entries, [&](const model::Directory::Entry& entry) {
    return entry.candidate ? !key.allows_model(entry.candidate->provider->name, entry.candidate->model)
                           : !key.allows_route(entry.id);
  });
  return entries;
}

// Several providers may list one id: it is one model to callers.
std::vector<model::Directory::Entry> distinct(std::vector<model::Directory::Entry> entries) {
  std::ranges::stable_sort(entries, {}, &model::Directory::Entry::id);
  const auto same = std::ranges::unique(entries, {}, &model::Directory::Entry::id);
  entries.erase(same.begin(), same.end());
  return entries;
}

Task<Result<net::Response>> list(Services services, net::Request request, model::KeyStatePtr key) {
  const model::DirectoryPtr directory = services.chat.models().directory();
  const bool is_anthropic = speaks_anthropic(request);
  json::Array data;
  for (const model::Directory::Entry& entry : distinct(allowed(*directory, *key)))
    data.push_back(is_anthropic ? anthropic_model(entry) : openai_model(entry));
  if (!is_anthropic) co_return net::json_response(json::Object{{"object", "list"}, {"data", std::move(data)}});
  json::Object page{{"has_more", false}, {"first_id", nullptr}, {"last_id", nullptr}};
  if (!data.empty()) {
    page["first_id"] = data.front().as_object().at("id");
    page["last_id"] = data.back().as_object().at("id");
  }
  page["data"] = std::move(data);
  co_return net::json_response(page);
}

// Official clients escape the slash of "openai/gpt-5", and our paths keep it so.
std::string name_in(std::string_view path) {
  constexpr std::string_view kSlash = "%2F";
  std::string name;
  for (std::size_t at = path.find(kSlash); at != std::string_view::npos; at = path.find(kSlash)) {
    name.append(path.substr(0, at)).push_back('/');
    path.remove_prefix(at + kSlash.size());
  }
  return name.append(path);
}

Task<Result<net::Response>> get(Services services, net::Request request, model::KeyStatePtr key) {
  const std::string id = name_in(request.path_parameter("id"));
  const model::DirectoryPtr directory = services.chat.models().directory();
  for (const model::Directory::Entry& entry : allowed(*directory, *key)) {
    if (entry.id != id && (!entry.candidate || entry.candidate->name != id)) continue;
    const json::Object found = speaks_anthropic(request) ? anthropic_model(entry) : openai_model(entry);
    co_return net::json_response(found);
  }
  co_return fail(ErrorCode::not_found, fmt::format("there is no model \"{}\"", id),
                 {.reason = "model_not_found", .where = "model"});
}

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/v1/models",
     .summary = "The models that can be called",
     .answer = "OpenAiModelList",
     .face = Face::openai,
     .serve = list},
    {.method = net::Method::get,
     .path = "/v1/models/{id...}",
     .summary = "One of them",
     .answer = "OpenAiModel",
     .face = Face::openai,
     .serve = get},
};

}  // namespace

std::span<const Route> v1_model_routes() { return kRoutes; }

}  // namespace atelier::api

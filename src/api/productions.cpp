#include <fmt/format.h>

#include "api/file_response.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/hash.hpp"
#include "graph/view_json.hpp"

namespace atelier::api {
namespace {

net::Response production_response(const studio::ProductionView& view, int status = 200) {
  net::Response response = net::json_response(studio::to_json(view), status);
  // The revision for If-Match, then all that is told of it: a render changes the answer and leaves the revision.
  const std::string digest = sha256(std::get<std::string>(response.body)).hex();
  response.headers.set("etag", fmt::format("\"{}-{}\"", view.row.revision, std::string_view(digest).substr(0, 16)));
  response.headers.set("cache-control", "private, no-cache");
  return response;
}

// An edit of a production: what every one of them says.
struct Edit {
  Principal principal;
  ProductionId id;
  std::int64_t revision = 0;
  std::string scene;  // "" where the path names none
  json::Value body;
};

Task<Result<Edit>> edit_in(net::Request request) {
  auto id = id_in<ProductionId>(request, "id");
  if (!id) co_return error_of(id);
  auto revision = revision_of(request);
  if (!revision) co_return error_of(revision);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  co_return Edit{.principal = request.principal(),
                 .id = *id,
                 .revision = *revision,
                 .scene = std::string(request.path_parameter("scene")),
                 .body = std::move(*body)};
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto key = idempotency_key_of(request);
  if (!key) co_return error_of(key);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string story = reader.required_string("story", {.bytes_min = 1, .bytes_max = studio::kStoryBytesMax});
  std::string title = reader.optional_string("title", {.bytes_max = 200}).value_or("");
  const json::Value* settings = reader.optional_value("settings");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  json::Value given;  // named: GCC 12 destroys a conditional's temporary twice when a co_await is in its expression
  if (settings) given = *settings;
  studio::NewProduction wanted{.story = std::move(story),
                               .title = std::move(title),
                               .settings = std::move(given),
                               .idempotency_key = std::move(*key)};
  auto view = co_await services.productions.create(request.principal(), std::move(wanted));
  if (!view) co_return error_of(view);
  net::Response response = production_response(*view, 201);
  response.headers.set("location", "/api/productions/" + view->row.id.to_string());
  co_return response;
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto page = page_of(request);
  if (!page) co_return error_of(page);
  auto productions = co_await services.productions.list(request.principal(), page->after, page->count_max);
  if (!productions) co_return error_of(productions);
  json::Array items;
  for (const studio::ProductionView& view : productions->items) items.push_back(studio::summary_to_json(view));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", productions->next}});
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<ProductionId>(request, "id");
  if (!id) co_return error_of(id);
  auto view = co_await services.productions.find(request.principal(), *id);
  if (!view) co_return error_of(view);
  co_return production_response(*view);
}

Task<Result<net::Response>> change(Services services, net::Request request) {
  auto edit = co_await edit_in(std::move(request));
  if (!edit) co_return error_of(edit);
  json::ObjectReader reader(edit->body);
  auto title = reader.optional_string("title", {.bytes_min = 1, .bytes_max = 200});
  const json::Value* settings = reader.optional_value("settings");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  json::Value given;
  if (settings) given = *settings;
  auto view = co_await services.productions.change_settings(edit->principal, edit->id, edit->revision, std::move(title),
                                                            std::move(given));
  if (!view) co_return error_of(view);
  co_return production_response(*view);
}

Task<Result<net::Response>> change_story(Services services, net::Request request) {
  auto edit = co_await edit_in(std::move(request));
  if (!edit) co_return error_of(edit);
  json::ObjectReader reader(edit->body);
  std::string story = reader.required_string("story", {.bytes_min = 1, .bytes_max = studio::kStoryBytesMax});
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto view = co_await services.productions.change_story(edit->principal, edit->id, edit->revision, std::move(story));
  if (!view) co_return error_of(view);
  co_return production_response(*view);
}

Task<Result<net::Response>> change_scene(Services services, net::Request request) {
  auto edit = co_await edit_in(std::move(request));
  if (!edit) co_return error_of(edit);
  json::ObjectReader reader(edit->body);
  studio::Productions::SceneChange change;
  change.text = reader.optional_string("text", {.bytes_min = 1, .bytes_max = studio::kSceneBytesMax});
  const json::Value* background = reader.optional_value("background");
  // null is a value here: it takes the production's own.
  if (reader.has("background")) change.background = background ? *background : json::Value();
  const auto voice = reader.optional_string("voice", {.bytes_min = 1, .bytes_max = 100});
  if (reader.has("voice")) change.voice = voice;
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto view = co_await services.productions.change_scene(edit->principal, edit->id, edit->revision,
                                                         std::move(edit->scene), std::move(change));
  if (!view) co_return error_of(view);
  co_return production_response(*view);
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<ProductionId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.productions.remove(request.principal(), *id); !done) co_return error_of(done);
  co_return net::empty_response();
}

Task<Result<net::Response>> render(Services services, net::Request request) {
  auto id = id_in<ProductionId>(request, "id");
  if (!id) co_return error_of(id);
  auto key = idempotency_key_of(request);
  if (!key) co_return error_of(key);
  auto run = co_await services.productions.render(request.principal(), *id, std::move(*key));
  if (!run) co_return error_of(run);
  auto view = co_await services.engine.find_summary(request.principal(), *run);
  if (!view) co_return error_of(view);
  net::Response response = net::json_response(graph::to_json(*view, false), 202);
  response.headers.set("location", "/api/runs/" + run->to_string());
  co_return response;
}

Task<Result<net::Response>> preview(Services services, net::Request request) {
  auto id = id_in<ProductionId>(request, "id");
  if (!id) co_return error_of(id);
  auto width = integer_query(request, "width", 360, 64, 1080);
  if (!width) co_return error_of(width);
  auto image = co_await services.productions.preview(
      request.principal(), *id, std::string(request.path_parameter("scene")), static_cast<std::int32_t>(*width));
  if (!image) co_return error_of(image);
  net::Response response = net::text_response(std::move(*image), "image/jpeg");
  response.headers.set("cache-control", "no-cache");
  co_return response;
}

Task<Result<net::Response>> file(Services services, net::Request request) {
  auto id = id_in<ProductionId>(request, "id");
  if (!id) co_return error_of(id);
  auto file = co_await services.productions.file(request.principal(), *id, std::string(request.path_parameter("name")));
  if (!file) co_return error_of(file);
  const bool is_download = request.query_parameter("download").has_value();
  co_return file_response(std::move(file->blob), file->media_type, is_download ? file->download_name : "");
}

constexpr QueryParameter kPage[] = {{"after", "The `next` of the page before"}, {"limit", "1 to 200, 50 unless given"}};
constexpr QueryParameter kPreview[] = {{"width", "64 to 1080 pixels"}};
constexpr QueryParameter kFile[] = {{"download", "Any value: as an attachment"},
                                    {"run", "Tells versions apart; ignored"}};

constexpr Route kRoutes[] = {
    {net::Method::post,
     "/api/productions",
     create,
     Access::user,
     "Makes a production of a story",
     "NewProduction",
     "Production",
     201,
     {},
     false,
     true},
    {net::Method::get, "/api/productions", list, Access::user, "Productions, newest first", "", "ProductionPage", 200,
     kPage},
    {net::Method::get, "/api/productions/{id}", get, Access::user, "A production", "", "Production"},
    {net::Method::patch,
     "/api/productions/{id}",
     change,
     Access::user,
     "Changes title or settings",
     "ProductionChange",
     "Production",
     200,
     {},
     true},
    {net::Method::put,
     "/api/productions/{id}/story",
     change_story,
     Access::user,
     "Replaces the story",
     "StoryChange",
     "Production",
     200,
     {},
     true},
    {net::Method::patch,
     "/api/productions/{id}/scenes/{scene}",
     change_scene,
     Access::user,
     "Edits a scene",
     "SceneChange",
     "Production",
     200,
     {},
     true},
    {net::Method::del, "/api/productions/{id}", remove, Access::user, "Deletes a production", "", "", 204},
    {net::Method::post,
     "/api/productions/{id}/render",
     render,
     Access::user,
     "Renders what is not rendered yet",
     "",
     "Run",
     202,
     {},
     false,
     true},
    {net::Method::get, "/api/productions/{id}/scenes/{scene}/preview", preview, Access::user, "A frame of the scene",
     "", "image/jpeg", 200, kPreview},
    {net::Method::get, "/api/productions/{id}/files/{name}", file, Access::user, "A file of the last finished render",
     "", "application/octet-stream", 200, kFile},
};

}  // namespace

std::span<const Route> production_routes() { return kRoutes; }

}  // namespace atelier::api

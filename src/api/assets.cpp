#include "api/file_response.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

Task<Result<net::Response>> upload(Services services, net::Request request) {
  if (!request.body)
    co_return fail(ErrorCode::invalid_argument, "the upload is empty", {.reason = "upload_empty", .where = {}});
  auto* body = request.body.get();  // lives in this frame's request
  studio::UploadSource source = [body] { return body->next(); };
  std::string name = request.query_parameter("name").value_or("untitled");
  auto asset = co_await services.library.upload(request.principal(), std::move(name), std::move(source),
                                                services.upload_bytes_max);
  if (!asset) co_return error_of(asset);
  net::Response response = net::json_response(studio::to_json(*asset), 201);
  response.headers.set("location", "/api/assets/" + asset->id.to_string());
  co_return response;
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto page = page_of(request);
  if (!page) co_return error_of(page);
  auto assets = co_await services.library.list(request.principal(), request.query_parameter("kind").value_or(""),
                                               page->after, page->count_max);
  if (!assets) co_return error_of(assets);
  json::Array items;
  for (const store::Asset& asset : assets->items) items.push_back(studio::to_json(asset));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", assets->next}});
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  auto asset = co_await services.library.find(request.principal(), *id);
  if (!asset) co_return error_of(asset);
  co_return net::json_response(studio::to_json(*asset));
}

Task<Result<net::Response>> content(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  auto asset = co_await services.library.find(request.principal(), *id);
  if (!asset) co_return error_of(asset);
  auto blob = co_await services.library.open(request.principal(), *id);
  if (!blob) co_return error_of(blob);
  co_return file_response(std::move(*blob), asset->media_type, request.query_parameter("download") ? asset->name : "");
}

Task<Result<net::Response>> poster(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  auto blob = co_await services.library.open_poster(request.principal(), *id);
  if (!blob) co_return error_of(blob);
  co_return file_response(std::move(*blob), "image/jpeg", "");
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.library.remove(request.principal(), *id); !done) co_return error_of(done);
  co_return net::empty_response();
}

constexpr QueryParameter kUpload[] = {{"name", "The file's name, for people"}};
constexpr QueryParameter kList[] = {{"kind", "image, video, audio or document"},
                                    {"after", "The `next` of the page before"},
                                    {"limit", "1 to 200, 50 unless given"}};
constexpr QueryParameter kDownload[] = {{"download", "Any value: as an attachment"}};

constexpr Route kRoutes[] = {
    {net::Method::post, "/api/assets", upload, Access::user, "Uploads a picture, clip, sound or document",
     "application/octet-stream", "Asset", 201, kUpload},
    {net::Method::get, "/api/assets", list, Access::user, "Assets, newest first", "", "AssetPage", 200, kList},
    {net::Method::get, "/api/assets/{id}", get, Access::user, "Facts of one asset", "", "Asset"},
    {net::Method::get, "/api/assets/{id}/content", content, Access::user, "The asset's bytes", "",
     "application/octet-stream", 200, kDownload},
    {net::Method::get, "/api/assets/{id}/poster", poster, Access::user, "A small picture of it", "", "image/jpeg"},
    {net::Method::del, "/api/assets/{id}", remove, Access::user, "Deletes an asset", "", "", 204},
};

}  // namespace

std::span<const Route> asset_routes() { return kRoutes; }

}  // namespace atelier::api

#include "api/accept.hpp"
#include "api/file_response.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view kImmutable = "private, max-age=31536000, immutable";

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

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  auto asset = co_await services.library.describe(request.principal(), *id);
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
  const std::string download_name = request.query_parameter("download") ? asset->name : "";
  net::Response response = file_response(std::move(*blob), asset->media_type, download_name);
  if (download_name.empty()) response.headers.set("content-disposition", inline_named(asset->name));
  response.headers.set("cache-control", kImmutable);
  co_return response;
}

// Whatever is under these addresses stays as it is, so that nobody asks for it twice.
net::Response preview_response(studio::Previews::Preview preview) {
  net::Response response = file_response(std::move(preview.blob), std::move(preview.media_type), "");
  response.headers.set("cache-control", kImmutable);
  return response;
}

Task<Result<net::Response>> named_preview(Services services, net::Request request, std::string_view name) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  auto preview = co_await services.library.open_preview(request.principal(), *id, std::string(name));
  if (!preview) co_return error_of(preview);
  co_return preview_response(std::move(*preview));
}

Task<Result<net::Response>> preview(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  const std::string size = request.query_parameter("size").value_or("320");
  if (size != "320" && size != "640" && size != "1280")
    co_return fail(ErrorCode::invalid_argument, "size is 320, 640 or 1280",
                   {.reason = "size_unknown", .where = "size"});
  const std::string_view accept = request.headers.find("accept").value_or("");
  studio::Library::PictureWish wish;
  wish.side = size == "320" ? 320 : (size == "640" ? 640 : 1'280);
  wish.reads_avif = names_type(accept, "image/avif");
  wish.reads_webp = accepts_type(accept, "image/webp");
  auto preview = co_await services.library.open_picture(request.principal(), *id, wish);
  if (!preview) co_return error_of(preview);
  net::Response response = preview_response(std::move(*preview));
  response.headers.set("vary", "accept");
  co_return response;
}

Task<Result<net::Response>> poster(Services services, net::Request request) {
  co_return co_await named_preview(services, std::move(request), studio::kPosterName);
}
Task<Result<net::Response>> cover(Services services, net::Request request) {
  co_return co_await named_preview(services, std::move(request), studio::kCoverName);
}
Task<Result<net::Response>> loop(Services services, net::Request request) {
  co_return co_await named_preview(services, std::move(request), studio::kLoopName);
}
Task<Result<net::Response>> peaks(Services services, net::Request request) {
  co_return co_await named_preview(services, std::move(request), studio::kPeaksName);
}

Task<Result<net::Response>> remove(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.library.remove(request.principal(), *id); !done) co_return error_of(done);
  co_return net::empty_response();
}

constexpr QueryParameter kUpload[] = {{"name", "The file's name, for people"}};
constexpr QueryParameter kPreview[] = {{"size", "320, 640 or 1280: the longer side in pixels; 320 unless given"},
                                       {"v", "As in the asset's `preview_url`: changes with how it is made"}};
constexpr QueryParameter kRecipe[] = {{"v", "As in the asset's own address of it: changes with how it is made"}};
constexpr QueryParameter kDownload[] = {{"download", "Any value: as an attachment"}};

constexpr Route kRoutes[] = {
    {net::Method::post, "/api/assets", upload, Access::user, "Uploads a picture, clip, sound or document",
     "application/octet-stream", "Asset", 201, kUpload},
    {net::Method::get, "/api/assets/{id}", get, Access::user,
     "All that is known of one asset: what it was made from, and what of it", "", "AssetDetails"},
    {net::Method::get, "/api/assets/{id}/content", content, Access::user, "The asset's bytes", "",
     "application/octet-stream", 200, kDownload},
    {net::Method::get, "/api/assets/{id}/preview", preview, Access::user,
     "A small picture of it, as AVIF, WebP or JPEG by what is accepted", "", "image/webp", 200, kPreview},
    {net::Method::get, "/api/assets/{id}/poster", poster, Access::user, "A picture of it, 640 pixels at most, as JPEG",
     "", "image/jpeg", 200, kRecipe},
    {net::Method::get, "/api/assets/{id}/cover", cover, Access::user, "A picture of it cropped to 320x568, as JPEG", "",
     "image/jpeg", 200, kRecipe},
    {net::Method::get, "/api/assets/{id}/loop", loop, Access::user, "The first moments of a video, small and silent",
     "", "video/mp4", 200, kRecipe},
    {net::Method::get, "/api/assets/{id}/peaks", peaks, Access::user,
     "How loud a sound is along its length: audiowaveform's data format, version 2, of 8 bits", "",
     "application/octet-stream", 200, kRecipe},
    {net::Method::del, "/api/assets/{id}", remove, Access::user, "Deletes an asset, wherever it is used", "", "", 204},
};

}  // namespace

std::span<const Route> asset_routes() { return kRoutes; }

}  // namespace atelier::api

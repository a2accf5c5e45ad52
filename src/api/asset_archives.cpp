// Many files of the library at once, in a zip archive that is made while it is sent.
#include "api/asset_query.hpp"
#include "api/file_response.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "studio/library/archives.hpp"
#include "studio/library/shelves.hpp"

namespace atelier::api {
namespace {

Task<Result<>> send(Services services, Principal principal, studio::ArchiveWish wish, net::BodyWriter* writer) {
  studio::ArchiveSink sink = [writer](std::string bytes) { return writer->write(std::move(bytes)); };
  co_return co_await services.archives.write(principal, std::move(wish), std::move(sink));
}

Task<Result<net::Response>> archive(Services services, Principal principal, studio::ArchiveWish wish) {
  // What is refused is refused before anything is sent.
  if (auto first = co_await services.archives.look(principal, wish); !first) co_return error_of(first);
  net::Response response;
  response.headers.set("content-type", "application/zip");
  response.headers.set("cache-control", "private, no-store");
  response.headers.set("content-disposition", attachment_named("atelier.zip"));
  response.body = net::StreamBody([services, principal, wish = std::move(wish)](net::BodyWriter& writer) {
    return send(services, principal, wish, &writer);
  });
  co_return response;
}

// "01J...,01J...", as ids in a body.
json::Array ids_of_list(std::string_view list) {
  json::Array ids;
  for (std::size_t at = 0; at <= list.size() && ids.size() <= studio::kBulkAssetsMax;) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    ids.push_back(json::Value(list.substr(at, end - at)));
    at = end + 1;
  }
  return ids;
}

Task<Result<net::Response>> get_archive(Services services, net::Request request) {
  studio::ArchiveWish wish;
  auto query = asset_query_of(request);
  if (!query) co_return error_of(query);
  wish.query = std::move(*query);
  wish.words = request.query_parameter("q").value_or("");
  for (const auto& [name, named] : {std::pair{"ids", &wish.ids}, std::pair{"except", &wish.except}}) {
    const auto list = request.query_parameter(name);
    if (!list) continue;
    auto ids = read_asset_ids(ids_of_list(*list), name);
    if (!ids) co_return error_of(ids);
    if (ids->size() > studio::kBulkAssetsMax)
      co_return fail(ErrorCode::invalid_argument, "names too many assets", {.reason = "field_invalid", .where = name});
    *named = std::move(*ids);
  }
  co_return co_await archive(services, request.principal(), std::move(wish));
}

Task<Result<net::Response>> post_archive(Services services, net::Request request) {
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const json::Array* given = reader.required_array("ids", studio::kArchiveIdsMax);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto ids = read_asset_ids(*given, "/ids");
  if (!ids) co_return error_of(ids);
  studio::ArchiveWish wish;
  wish.ids = std::move(*ids);
  co_return co_await archive(services, request.principal(), std::move(wish));
}

constexpr QueryParameter kQuery[] = {
    {"ids", "Up to 500 assets, with commas between them; without it, all that the others say"},
    {"except", "Up to 500 assets of those that are left out"},
    {"q", "Only those with all of these words in name, facts or prompt"},
    {"kind", "image, video, audio or document"},
    {"folder", "Only those of the folder; empty: of none"},
    {"tag", "Only those with the tag"},
    {"origin", "Only those that were uploaded (upload), or made by a run or in a thread"},
    {"run", "Only those the run made"},
    {"thread", "Only those made in the thread"},
    {"trash", "true: those in the trash instead"},
    {"sort", "In which order: newest, oldest, largest or name"}};

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/assets/zip",
     .run = get_archive,
     .summary = "Files of many assets in one zip archive",
     .answer = "application/zip",
     .query = kQuery},
    {.method = net::Method::post,
     .path = "/api/assets/zip",
     .run = post_archive,
     .summary = "Files of up to 10,000 assets in one zip archive",
     .request = "AssetArchiveWish",
     .answer = "application/zip"},
};

}  // namespace

std::span<const Route> asset_archive_routes() { return kRoutes; }

}  // namespace atelier::api

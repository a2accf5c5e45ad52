// The library as a whole: lists and searches, and keeping it in order.
#include <fmt/format.h>

#include <algorithm>

#include "api/asset_query.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "studio/library/shelves.hpp"

namespace atelier::api {
namespace {

Task<Result<net::Response>> list_as(Services services, net::Request request,
                                    json::Value (*item_json)(const store::Asset& asset)) {
  auto query = asset_query_of(request);
  if (!query) co_return error_of(query);
  auto page =
      co_await services.library.list(request.principal(), std::move(*query), request.query_parameter("q").value_or(""));
  if (!page) co_return error_of(page);
  json::Array items;
  for (const store::Asset& asset : page->items) items.push_back(item_json(asset));
  json::Object answer{{"items", std::move(items)}, {"next", page->next}};
  if (page->total) answer["total"] = *page->total;
  co_return net::json_response(std::move(answer));
}

json::Value whole_json(const store::Asset& asset) { return studio::to_json(asset); }

Task<Result<net::Response>> list(Services services, net::Request request) {
  co_return co_await list_as(services, std::move(request), whole_json);
}
Task<Result<net::Response>> list_rows(Services services, net::Request request) {
  co_return co_await list_as(services, std::move(request), studio::to_row_json);
}

Result<std::vector<std::string>> read_tags(const json::Array& given, std::string_view where) {
  std::vector<std::string> tags;
  for (std::size_t index = 0; index < given.size(); ++index) {
    const json::Value& tag = given[index];
    const std::string text = tag.is_string() ? std::string(trim(std::string_view(tag.get_string()))) : std::string();
    if (text.empty() || text.size() > studio::kAssetTagBytesMax || printable(text) != text)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("must be a text of 1 to {} bytes without control characters", studio::kAssetTagBytesMax),
                  {.reason = "field_invalid", .where = fmt::format("{}/{}", where, index)});
    if (std::ranges::find(tags, text) == tags.end()) tags.push_back(text);
  }
  return tags;
}

// A folder's id, or null for none; nullopt where it is left out.
std::optional<std::string> read_folder(json::ObjectReader& reader) {
  const json::Value* folder = reader.optional_value("folder");
  if (folder != nullptr && folder->is_string()) return std::string(folder->get_string());
  if (!reader.has("folder")) return std::nullopt;
  if (folder != nullptr && !folder->is_null()) reader.complain("folder", "must be a folder's id, or null");
  return std::string();
}

Task<Result<net::Response>> change(Services services, net::Request request) {
  auto id = id_in<AssetId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::AssetChange change;
  change.name = reader.optional_string("name", {.bytes_min = 1, .bytes_max = studio::kAssetNameBytesMax});
  change.folder = read_folder(reader);
  change.is_trashed = reader.optional_bool("is_trashed");
  if (const json::Array* given = reader.optional_array("tags", studio::kAssetTagsMax)) {
    auto tags = read_tags(*given, reader.pointer_to("tags"));
    if (!tags) co_return error_of(tags);
    change.tags = std::move(*tags);
  }
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto asset = co_await services.shelves.change(request.principal(), *id, std::move(change));
  if (!asset) co_return error_of(asset);
  co_return net::json_response(studio::to_json(*asset));
}

std::optional<studio::BulkVerb> verb_of(std::string_view name) {
  using studio::BulkVerb;
  constexpr std::pair<std::string_view, BulkVerb> kVerbs[] = {
      {"tag", BulkVerb::tag},     {"untag", BulkVerb::untag},     {"move", BulkVerb::move},
      {"trash", BulkVerb::trash}, {"restore", BulkVerb::restore}, {"delete", BulkVerb::remove}};
  for (const auto& [text, verb] : kVerbs)
    if (text == name) return verb;
  return std::nullopt;
}

Result<studio::BulkChange> read_bulk(const json::Value& body) {
  json::ObjectReader reader(body);
  studio::BulkChange change;
  const auto verb = verb_of(reader.required_string("verb"));
  if (!verb) reader.complain("verb", "must be tag, untag, move, trash, restore or delete");
  change.verb = verb.value_or(studio::BulkVerb::tag);
  const json::Array* ids = reader.required_array("ids", studio::kBulkAssetsMax);
  const bool takes_tags = change.verb == studio::BulkVerb::tag || change.verb == studio::BulkVerb::untag;
  const json::Array* tags = takes_tags ? reader.optional_array("tags", studio::kAssetTagsMax) : nullptr;
  if (takes_tags && (tags == nullptr || tags->empty())) reader.complain("tags", "must name at least one tag");
  if (change.verb == studio::BulkVerb::move) {
    if (!reader.has("folder")) reader.complain("folder", "must be a folder's id, or null");
    change.folder = read_folder(reader).value_or("");
  }
  if (auto done = reader.finish(); !done) return error_of(done);
  auto named = read_asset_ids(*ids, "/ids");
  if (!named) return error_of(named);
  change.ids = std::move(*named);
  if (tags == nullptr) return change;
  auto read = read_tags(*tags, "/tags");
  if (!read) return error_of(read);
  change.tags = std::move(*read);
  return change;
}

json::Array ids_json(const std::vector<AssetId>& ids) {
  json::Array array;
  for (const AssetId& id : ids) array.push_back(json::Value(id.to_string()));
  return array;
}

Task<Result<net::Response>> change_all(Services services, net::Request request) {
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  auto change = read_bulk(*body);
  if (!change) co_return error_of(change);
  auto answer = co_await services.shelves.change_all(request.principal(), std::move(*change));
  if (!answer) co_return error_of(answer);
  co_return net::json_response(json::Object{{"done", ids_json(answer->done)}, {"missing", ids_json(answer->missing)}});
}

Task<Result<net::Response>> list_tags(Services services, net::Request request) {
  auto tags = co_await services.shelves.tags(request.principal());
  if (!tags) co_return error_of(tags);
  json::Array items;
  for (const store::TagCount& tag : *tags) items.push_back(studio::to_json(tag));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> list_folders(Services services, net::Request request) {
  auto folders = co_await services.shelves.folders(request.principal());
  if (!folders) co_return error_of(folders);
  json::Array items;
  for (const store::FolderRow& folder : *folders) items.push_back(studio::asset_folder_json(folder));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> create_folder(Services services, net::Request request) {
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string name = reader.required_string("name", {.bytes_min = 1, .bytes_max = studio::kAssetFolderBytesMax});
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto folder = co_await services.shelves.create_folder(request.principal(), std::move(name));
  if (!folder) co_return error_of(folder);
  co_return net::json_response(studio::asset_folder_json(*folder), 201);
}

Task<Result<net::Response>> change_folder(Services services, net::Request request) {
  auto id = id_in<FolderId>(request, "id");
  if (!id) co_return error_of(id);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  auto name = reader.optional_string("name", {.bytes_min = 1, .bytes_max = studio::kAssetFolderBytesMax});
  auto place = reader.optional_integer("place", 0, 1'000'000);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto folder = co_await services.shelves.change_folder(request.principal(), *id, std::move(name), place);
  if (!folder) co_return error_of(folder);
  co_return net::json_response(studio::asset_folder_json(*folder));
}

Task<Result<net::Response>> remove_folder(Services services, net::Request request) {
  auto id = id_in<FolderId>(request, "id");
  if (!id) co_return error_of(id);
  auto removed = co_await services.shelves.remove_folder(request.principal(), *id);
  if (!removed) co_return error_of(removed);
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {.method = net::Method::get,
     .path = "/api/assets",
     .run = list,
     .summary = "Assets, filtered, searched and sorted",
     .answer = "AssetPage",
     .query = kAssetListQuery},
    {.method = net::Method::get,
     .path = "/api/assets/rows",
     .run = list_rows,
     .summary = "The same with as little of each as a grid of many shows",
     .answer = "AssetRowPage",
     .query = kAssetListQuery},
    {.method = net::Method::patch,
     .path = "/api/assets/{id}",
     .run = change,
     .summary = "Changes what is given: name, tags, folder, and whether it is in the trash",
     .request = "AssetChange",
     .answer = "AssetDetails"},
    {.method = net::Method::post,
     .path = "/api/assets/bulk",
     .run = change_all,
     .summary = "Does the same to up to 500 assets at once",
     .request = "BulkAssetChange",
     .answer = "BulkAssetAnswer"},
    {.method = net::Method::get,
     .path = "/api/assets/tags",
     .run = list_tags,
     .summary = "Tags of assets, by name, with how many have them",
     .answer = "AssetTagPage"},
    {.method = net::Method::get,
     .path = "/api/asset-folders",
     .run = list_folders,
     .summary = "Folders of assets",
     .answer = "FolderPage"},
    {.method = net::Method::post,
     .path = "/api/asset-folders",
     .run = create_folder,
     .summary = "Adds a folder",
     .request = "NewFolder",
     .answer = "Folder",
     .status = 201},
    {.method = net::Method::patch,
     .path = "/api/asset-folders/{id}",
     .run = change_folder,
     .summary = "Renames or moves a folder",
     .request = "FolderChange",
     .answer = "Folder"},
    {.method = net::Method::del,
     .path = "/api/asset-folders/{id}",
     .run = remove_folder,
     .summary = "Removes a folder; its assets stay",
     .status = 204},
};

}  // namespace

std::span<const Route> asset_shelf_routes() { return kRoutes; }

}  // namespace atelier::api

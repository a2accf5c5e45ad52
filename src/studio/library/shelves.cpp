#include "studio/library/shelves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/async.hpp"
#include "studio/library/asset_uses.hpp"
#include "studio/write_with_event.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kTagsToldMax = 10'000;
constexpr std::int64_t kFolderSlice = 500;

std::unexpected<Error> invalid(std::string_view where, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "field_invalid", .where = std::string(where)});
}

std::unexpected<Error> no_such_folder() {
  return fail(ErrorCode::not_found, "there is no such folder", {.reason = "folder_not_found", .where = {}});
}

// What one asset of those that are there goes through.
std::vector<store::Statement> statements_of(Principal principal, AssetId id, const BulkChange& change, UnixMs now_ms) {
  std::vector<store::Statement> statements;
  switch (change.verb) {
    case BulkVerb::tag:
      for (const std::string& tag : change.tags) statements.push_back(store::AssetShelves::add_tag(principal, id, tag));
      break;
    case BulkVerb::untag:
      for (const std::string& tag : change.tags)
        statements.push_back(store::AssetShelves::take_tag(principal, id, tag));
      break;
    case BulkVerb::move:
      statements.push_back(store::Assets::move(principal, id, change.folder));
      break;
    case BulkVerb::trash:
      statements.push_back(store::Assets::trash(principal, id, now_ms));
      break;
    case BulkVerb::restore:
      statements.push_back(store::Assets::trash(principal, id, 0));
      break;
    case BulkVerb::remove:
      // Any: somebody may have deleted it meanwhile, which is what is wanted.
      statements.push_back(store::Assets::remove(principal, id, now_ms, store::Expect::any));
      break;
  }
  return statements;
}

json::Array ids_json(const std::vector<AssetId>& ids) {
  json::Array array;
  for (const AssetId& id : ids) array.push_back(json::Value(id.to_string()));
  return array;
}

std::string_view name_of(BulkVerb verb) {
  switch (verb) {
    case BulkVerb::untag:
      return "untag";
    case BulkVerb::move:
      return "move";
    case BulkVerb::trash:
      return "trash";
    case BulkVerb::restore:
      return "restore";
    case BulkVerb::remove:
      return "delete";
    case BulkVerb::tag:
      break;
  }
  return "tag";
}

}  // namespace

Task<Result<>> Shelves::require_folder(Principal principal, std::string folder) {
  if (folder.empty()) co_return Result<>{};
  const auto id = FolderId::parse(folder);
  if (!id) co_return invalid("/folder", "there is no such folder");
  auto rows = co_await parts_.database.read(store::AssetShelves::select_folder(principal, *id));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return invalid("/folder", "there is no such folder");
  co_return Result<>{};
}

Task<Result<Library::Details>> Shelves::change(Principal principal, AssetId id, AssetChange change) {
  auto asset = co_await parts_.library.find(principal, id);
  if (!asset) co_return error_of(asset);
  std::vector<store::Statement> batch;
  if (change.name) {
    asset->name = asset_name_of(*change.name);
    batch.push_back(store::Assets::rename(principal, id, asset->name));
  }
  if (change.folder) {
    if (auto found = co_await require_folder(principal, *change.folder); !found) co_return error_of(found);
    asset->folder = std::move(*change.folder);
    batch.push_back(store::Assets::move(principal, id, asset->folder));
  }
  if (change.tags) {
    batch.push_back(store::AssetShelves::take_all_tags(principal, id));
    for (std::string& tag : *change.tags) batch.push_back(store::AssetShelves::add_tag(principal, id, std::move(tag)));
  }
  if (change.is_trashed && *change.is_trashed != (asset->trashed_ms != 0)) {
    asset->trashed_ms = *change.is_trashed ? parts_.clock.wall_ms() : 0;
    batch.push_back(store::Assets::trash(principal, id, asset->trashed_ms));
  }
  if (!batch.empty()) {
    Announcement told{.topic = "assets", .type = "asset.changed", .data = to_json(*asset)};
    auto written =
        co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
    if (!written) co_return error_of(written);
  }
  co_return co_await parts_.library.describe(principal, id);
}

Task<Result<BulkAnswer>> Shelves::change_all(Principal principal, BulkChange change) {
  if (change.verb == BulkVerb::move)
    if (auto found = co_await require_folder(principal, change.folder); !found) co_return error_of(found);
  store::Assets assets(parts_.database);
  auto there = co_await assets.find_all(principal, change.ids);
  if (!there) co_return error_of(there);
  std::set<AssetId> found;
  for (const store::Asset& asset : *there) found.insert(asset.id);
  BulkAnswer answer;
  std::vector<store::Statement> batch;
  const UnixMs now_ms = parts_.clock.wall_ms();
  for (const AssetId& id : std::set<AssetId>(change.ids.begin(), change.ids.end())) {
    (found.contains(id) ? answer.done : answer.missing).push_back(id);
    if (found.contains(id)) std::ranges::move(statements_of(principal, id, change, now_ms), std::back_inserter(batch));
  }
  if (answer.done.empty()) co_return answer;
  // One event for all, since each event is a row.
  json::Object data{{"ids", ids_json(answer.done)}, {"change", name_of(change.verb)}};
  Announcement told{.topic = "assets", .type = "assets.changed", .data = std::move(data)};
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
  if (!written) co_return error_of(written);
  co_return answer;
}

Task<Result<std::vector<store::TagCount>>> Shelves::tags(Principal principal) {
  return rows_.counts(principal, kTagsToldMax);
}

Task<Result<store::FolderRow>> Shelves::find_folder(Principal principal, FolderId id) {
  auto there = co_await rows_.folders(principal);
  if (!there) co_return error_of(there);
  const auto found = std::ranges::find(*there, id, &store::FolderRow::id);
  if (found == there->end()) co_return no_such_folder();
  co_return *found;
}

Task<Result<store::FolderRow>> Shelves::create_folder(Principal principal, std::string name) {
  auto there = co_await rows_.folders(principal);
  if (!there) co_return error_of(there);
  if (there->size() >= kAssetFoldersMax)
    co_return fail(ErrorCode::invalid_argument, fmt::format("there are {} folders already", kAssetFoldersMax),
                   {.reason = "too_many_folders", .where = {}});
  store::FolderRow folder{.id = FolderId::make(),
                          .name = std::move(name),
                          .place = there->empty() ? 1 : there->back().place + 1,
                          .created_ms = parts_.clock.wall_ms()};
  std::vector<store::Statement> batch;
  batch.push_back(store::AssetShelves::insert_folder(principal, folder));
  Announcement told{.topic = "assets", .type = "asset_folder.changed", .data = asset_folder_json(folder)};
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
  if (!written) co_return error_of(written);
  co_return folder;
}

Task<Result<store::FolderRow>> Shelves::change_folder(Principal principal, FolderId id, std::optional<std::string> name,
                                                      std::optional<std::int64_t> place) {
  auto folder = co_await find_folder(principal, id);
  if (!folder) co_return error_of(folder);
  if (name) folder->name = std::move(*name);
  if (place) folder->place = *place;
  std::vector<store::Statement> batch;
  batch.push_back(store::AssetShelves::update_folder(principal, *folder));
  Announcement told{.topic = "assets", .type = "asset_folder.changed", .data = asset_folder_json(*folder)};
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
  if (!written) co_return error_of(written);
  co_return std::move(*folder);
}

Task<Result<>> Shelves::remove_folder(Principal principal, FolderId id) {
  if (auto found = co_await find_folder(principal, id); !found) co_return error_of(found);
  // It may hold the whole library: slices, so that others write meanwhile. The folder goes with the last.
  for (;;) {
    std::vector<store::Statement> batch;
    batch.push_back(store::AssetShelves::empty_folder(principal, id, kFolderSlice));
    batch.push_back(store::AssetShelves::remove_folder(principal, id));
    auto written = co_await parts_.database.write(std::move(batch));
    if (!written) co_return error_of(written);
    if (written->at(1).changed_count > 0) break;
    auto left = co_await parts_.database.read(store::AssetShelves::select_folder(principal, id));
    if (!left) co_return error_of(left);
    if (left->empty()) break;  // somebody else did
  }
  Announcement told{.topic = "assets", .type = "asset_folder.deleted", .data = json::Object{{"id", id.to_string()}}};
  co_return co_await write_with_event(&parts_.database, &parts_.events, principal, {}, std::move(told));
}

Task<Result<>> Shelves::discard(Principal owner, AssetId id) {
  std::vector<store::Statement> batch;
  batch.push_back(store::Assets::remove(owner, id, parts_.clock.wall_ms()));
  Announcement told{.topic = "assets", .type = "asset.deleted", .data = json::Object{{"id", id.to_string()}}};
  auto written = co_await write_with_event(&parts_.database, &parts_.events, owner, std::move(batch), std::move(told));
  // Deleted by its owner just now.
  if (!written && written.error().code != ErrorCode::conflict) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<bool>> Shelves::empty_some_trash() {
  constexpr std::int64_t kSlice = 50;
  if (parts_.trash_life.count() == 0) co_return false;
  const UnixMs before = parts_.clock.wall_ms() - std::chrono::milliseconds(parts_.trash_life).count();
  auto rows = co_await parts_.database.read(store::Assets::select_trashed(before, swept_ms_, swept_id_, kSlice));
  if (!rows) co_return error_of(rows);
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto id = AssetId::parse(rows->text(row, 0));
    if (!id) co_return error_of(id);
    const auto owner = UserId::parse(rows->text(row, 1));
    if (!owner) co_return error_of(owner);
    auto uses = co_await count_asset_uses(&parts_.database, *id);
    if (!uses) co_return error_of(uses);
    if (!uses->any()) {
      const Principal whose{.owner = *owner, .role = Role::member};
      auto discarded = co_await discard(whose, *id);
      if (!discarded) co_return error_of(discarded);
    }
    swept_ms_ = rows->integer(row, 2);
    swept_id_ = rows->text(row, 0);
  }
  const bool has_more = rows->size() == static_cast<std::size_t>(kSlice);
  if (!has_more) {
    // From the beginning next time: what was used may not be any more.
    swept_ms_ = 0;
    swept_id_.clear();
  }
  co_return has_more;
}

json::Value to_json(const store::TagCount& tag) { return json::Object{{"tag", tag.tag}, {"count", tag.count}}; }

json::Value asset_folder_json(const store::FolderRow& folder) {
  return json::Object{{"id", folder.id.to_string()}, {"name", folder.name}, {"place", folder.place}};
}

}  // namespace atelier::studio

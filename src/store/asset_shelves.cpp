#include "store/asset_shelves.hpp"

#include "base/async.hpp"

namespace atelier::store {

Statement AssetShelves::add_tag(Principal principal, AssetId id, std::string tag) {
  return {
      "INSERT INTO asset_tags (owner, tag, asset, is_trashed) SELECT owner, $3, id, is_trashed FROM assets "
      "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL ON CONFLICT (owner, tag, asset) DO NOTHING",
      {id.to_string(), principal.owner.to_string(), std::move(tag)}};
}

Statement AssetShelves::take_tag(Principal principal, AssetId id, std::string tag) {
  return {"DELETE FROM asset_tags WHERE owner = $2 AND tag = $3 AND asset = $1",
          {id.to_string(), principal.owner.to_string(), std::move(tag)}};
}

Statement AssetShelves::take_all_tags(Principal principal, AssetId id) {
  return {"DELETE FROM asset_tags WHERE asset = $1 AND owner = $2", {id.to_string(), principal.owner.to_string()}};
}

Statement AssetShelves::select_tags(Principal principal, AssetId id) {
  return {"SELECT tag FROM asset_tags WHERE asset = $1 AND owner = $2 ORDER BY tag",
          {id.to_string(), principal.owner.to_string()}};
}

Statement AssetShelves::select_counts(Principal principal, std::int64_t count_max) {
  return {"SELECT tag, count(*) FROM asset_tags WHERE owner = $1 AND is_trashed = 0 GROUP BY tag ORDER BY tag LIMIT $2",
          {principal.owner.to_string(), count_max}};
}

Task<Result<std::vector<TagCount>>> AssetShelves::counts(Principal principal, std::int64_t count_max) {
  auto rows = co_await database_.read(select_counts(principal, count_max));
  if (!rows) co_return error_of(rows);
  std::vector<TagCount> counts;
  for (std::size_t row = 0; row < rows->size(); ++row)
    counts.push_back({.tag = rows->text(row, 0), .count = rows->integer(row, 1)});
  co_return counts;
}

Statement AssetShelves::insert_folder(Principal principal, const FolderRow& folder) {
  return {"INSERT INTO asset_folders (id, owner, name, place, created_ms) VALUES ($1, $2, $3, $4, $5)",
          {folder.id.to_string(), principal.owner.to_string(), folder.name, folder.place, folder.created_ms}};
}

Statement AssetShelves::update_folder(Principal principal, const FolderRow& folder) {
  return {"UPDATE asset_folders SET name = $3, place = $4 WHERE id = $1 AND owner = $2",
          {folder.id.to_string(), principal.owner.to_string(), folder.name, folder.place},
          Expect::exactly_one};
}

Statement AssetShelves::empty_folder(Principal principal, FolderId id, std::int64_t count_max) {
  return {
      "UPDATE assets SET folder = '' WHERE id IN (SELECT id FROM assets WHERE owner = $2 AND folder = $1 "
      "AND folder <> '' AND deleted_ms IS NULL LIMIT $3)",
      {id.to_string(), principal.owner.to_string(), count_max}};
}

Statement AssetShelves::remove_folder(Principal principal, FolderId id) {
  return {
      "DELETE FROM asset_folders WHERE id = $1 AND owner = $2 AND NOT EXISTS (SELECT 1 FROM assets "
      "WHERE assets.owner = $2 AND assets.folder = $1 AND assets.folder <> '' AND assets.deleted_ms IS NULL)",
      {id.to_string(), principal.owner.to_string()}};
}

Statement AssetShelves::select_folder(Principal principal, FolderId id) {
  return {"SELECT id, name, place, created_ms FROM asset_folders WHERE id = $1 AND owner = $2",
          {id.to_string(), principal.owner.to_string()}};
}

Task<Result<std::vector<FolderRow>>> AssetShelves::folders(Principal principal) {
  Statement query{"SELECT id, name, place, created_ms FROM asset_folders WHERE owner = $1 ORDER BY place, id",
                  {principal.owner.to_string()}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  std::vector<FolderRow> folders;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto id = FolderId::parse(rows->text(row, 0));
    if (!id) co_return error_of(id);
    folders.push_back(
        {.id = *id, .name = rows->text(row, 1), .place = rows->integer(row, 2), .created_ms = rows->integer(row, 3)});
  }
  co_return folders;
}

}  // namespace atelier::store

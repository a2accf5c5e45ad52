#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/chat/threads.hpp"  // FolderRow
#include "store/database.hpp"

namespace atelier::store {

struct TagCount {
  std::string tag;
  std::int64_t count = 0;  // of assets that are not in the trash
};

// Tags and folders of assets. Tags are there by being given; an asset is in one folder at most. Of the principal's own
// alone: statements about another's change nothing.
class AssetShelves {
 public:
  explicit AssetShelves(Database& database) : database_(database) {}

  static Statement add_tag(Principal principal, AssetId id, std::string tag);
  static Statement take_tag(Principal principal, AssetId id, std::string tag);
  static Statement take_all_tags(Principal principal, AssetId id);
  static Statement select_tags(Principal principal, AssetId id);
  // By tag.
  static Statement select_counts(Principal principal, std::int64_t count_max);
  Task<Result<std::vector<TagCount>>> counts(Principal principal, std::int64_t count_max);

  static Statement insert_folder(Principal principal, const FolderRow& folder);
  static Statement update_folder(Principal principal, const FolderRow& folder);
  // Some of its assets out of it; then the folder itself, once none are left in it.
  static Statement empty_folder(Principal principal, FolderId id, std::int64_t count_max);
  static Statement remove_folder(Principal principal, FolderId id);
  static Statement select_folder(Principal principal, FolderId id);
  Task<Result<std::vector<FolderRow>>> folders(Principal principal);

 private:
  Database& database_;
};

}  // namespace atelier::store

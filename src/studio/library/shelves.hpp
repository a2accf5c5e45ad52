#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/asset_shelves.hpp"
#include "store/events.hpp"
#include "studio/library/library.hpp"

namespace atelier::studio {

inline constexpr std::size_t kAssetTagsMax = 50;  // that one asset may be given at once
inline constexpr std::size_t kAssetTagBytesMax = 64;
inline constexpr std::size_t kAssetFoldersMax = 1'000;
inline constexpr std::size_t kAssetFolderBytesMax = 200;
inline constexpr std::size_t kBulkAssetsMax = 500;

// What is to be another way of one asset; what is left out stays.
struct AssetChange {
  std::optional<std::string> name = {};
  std::optional<std::vector<std::string>> tags = {};  // all of them
  std::optional<std::string> folder = {};             // FolderId as text; "": out of its folder
  std::optional<bool> is_trashed = {};
};

enum class BulkVerb : std::uint8_t {
  tag,      // all of them get these tags, beside those they have
  untag,    // none of them has these any more
  move,     // into the folder
  trash,    // into the trash
  restore,  // out of it
  remove,   // deleted
};
struct BulkChange {
  BulkVerb verb = BulkVerb::tag;
  std::vector<AssetId> ids = {};  // at most kBulkAssetsMax
  std::vector<std::string> tags = {};
  std::string folder = {};
};
struct BulkAnswer {
  std::vector<AssetId> done = {};
  std::vector<AssetId> missing = {};  // there are none of these
};

// How a library is kept in order: names, tags, folders, and the trash. Of the principal's own assets alone; another's
// are not there. Thread-safe.
class Shelves {
 public:
  struct Parts {
    store::Database& database;
    store::EventLog& events;
    Library& library;
    const Clock& clock;
    // What is in the trash for longer is deleted, unless a thread or production still uses it. 0: nothing ever is.
    std::chrono::hours trash_life;
  };
  explicit Shelves(Parts parts) : parts_(parts), rows_(parts.database) {}

  // Errors: not_found; there is no such folder.
  Task<Result<Library::Details>> change(Principal principal, AssetId id, AssetChange change);
  // All of those that are there, in one commit.
  Task<Result<BulkAnswer>> change_all(Principal principal, BulkChange change);
  Task<Result<std::vector<store::TagCount>>> tags(Principal principal);

  Task<Result<std::vector<store::FolderRow>>> folders(Principal principal) { return rows_.folders(principal); }
  Task<Result<store::FolderRow>> create_folder(Principal principal, std::string name);
  Task<Result<store::FolderRow>> change_folder(Principal principal, FolderId id, std::optional<std::string> name,
                                               std::optional<std::int64_t> place);
  // Its assets stay, in no folder.
  Task<Result<>> remove_folder(Principal principal, FolderId id);

  // Deletes some of what has been in the trash for too long; true: there may be more.
  Task<Result<bool>> empty_some_trash();

 private:
  Task<Result<>> require_folder(Principal principal, std::string folder);
  Task<Result<store::FolderRow>> find_folder(Principal principal, FolderId id);
  Task<Result<>> discard(Principal owner, AssetId id);

  const Parts parts_;
  store::AssetShelves rows_;
  // Of empty_some_trash(): where it is in what is used and stays.
  UnixMs swept_ms_ = 0;
  std::string swept_id_;
};

json::Value to_json(const store::TagCount& tag);
json::Value asset_folder_json(const store::FolderRow& folder);

}  // namespace atelier::studio

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

// Whether what is shown of an asset in place of it is there.
enum class PreviewState : std::uint8_t {
  none,     // nothing is shown of such
  pending,  // still to be made
  ready,
  refused,  // it cannot be made
};
std::string_view to_string(PreviewState state) noexcept;

// A stored result or upload: a blob plus what is known of it.
struct Asset {
  AssetId id;
  UserId owner;
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string kind;        // image, video, audio, document
  std::string media_type;  // "image/jpeg"
  std::string name;        // as uploaded; for people, never a path
  json::Value facts;       // of the probe: width, height, duration_ms, fps, codec...
  UnixMs created_ms = 0;
  PreviewState preview_state = PreviewState::pending;
  std::string preview_problem = {};  // why it is refused, for people
  std::string origin = "upload";     // upload; run or thread: made there
  std::string origin_id = {};        // of the run or thread
  std::string folder = {};           // FolderId as text; "": none
  UnixMs trashed_ms = 0;             // 0: not in the trash
};

// The columns of an asset, in the order asset_of() reads them. A macro, since SQL is put together of literals alone.
#define ATELIER_ASSET_COLUMNS                                                                                \
  "assets.id, assets.owner, assets.digest, assets.size_bytes, assets.kind, assets.media_type, assets.name, " \
  "assets.facts, assets.created_ms, assets.preview_state, assets.preview_problem, assets.origin, "           \
  "assets.origin_id, assets.folder, assets.trashed_ms "
Result<Asset> asset_of(const Rows& rows, std::size_t row);
Result<std::vector<Asset>> assets_of(const Rows& rows);
// As names are sorted: the case of ASCII letters does not count.
std::string folded_asset_name(std::string name);

// The library's table. Every call sees only the principal's own rows, those in the trash too: what uses one goes on
// using it. Lists are in asset_lists.hpp.
class Assets {
 public:
  explicit Assets(Database& database) : database_(database) {}

  // The statement that inserts it, for a batch of the caller's.
  static Statement insert(const Asset& asset);
  Task<Result<Asset>> find(Principal principal, AssetId id);
  // Those of `ids` that exist.
  Task<Result<std::vector<Asset>>> find_all(Principal principal, std::vector<AssetId> ids);
  // The newest with these bytes, so that the same file given twice is one asset.
  Task<Result<std::optional<Asset>>> find_by_digest(Principal principal, Digest digest);
  static Statement select(Principal principal, AssetId id);
  // Of a change of the name its words are still to be read (asset_words.hpp). conflict: there is no such asset.
  static Statement rename(Principal principal, AssetId id, std::string name);
  // These change nothing where there is no such asset; rows are counted where there is, even if it was so before.
  static Statement move(Principal principal, AssetId id, std::string folder);
  // 0 takes it out of the trash. Keeps the time of one that is there already.
  static Statement trash(Principal principal, AssetId id, UnixMs trashed_ms);
  // Anybody's that were put into the trash before that time, oldest first, behind the last one seen: id, owner,
  // trashed_ms.
  static Statement select_trashed(UnixMs before, UnixMs after_ms, std::string after_id, std::int64_t count_max);
  static Statement set_facts(const Asset& asset);
  // Of all assets of these bytes, whoever has them.
  static Statement set_preview_state(Digest digest, PreviewState state, std::string problem);
  // The newest asset before `before` (an id, "" for the newest of all) whose previews are still to be made: anybody's.
  Task<Result<std::optional<Asset>>> find_without_previews(std::string before);
  static Statement select_without_previews(std::string before);
  static Statement remove(Principal principal, AssetId id, UnixMs now_ms, Expect expect = Expect::exactly_one);

 private:
  Database& database_;
};

}  // namespace atelier::store

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
};

struct AssetPage {
  std::vector<Asset> items;  // newest first
  std::string next;          // cursor of the next page; empty at the end
};

// The library's table. Every call sees only the principal's own rows.
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
  Task<Result<AssetPage>> list(Principal principal, std::string kind, std::string after, std::size_t count_max);
  static Statement set_facts(const Asset& asset);
  // Of all assets of these bytes, whoever has them.
  static Statement set_preview_state(Digest digest, PreviewState state, std::string problem);
  // The newest asset before `before` (an id, "" for the newest of all) whose previews are still to be made: anybody's.
  Task<Result<std::optional<Asset>>> find_without_previews(std::string before);
  static Statement remove(Principal principal, AssetId id, UnixMs now_ms);

 private:
  Database& database_;
};

}  // namespace atelier::store

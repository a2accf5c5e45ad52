#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "store/database.hpp"

namespace atelier::store {

using UploadId = Id<struct UploadTag>;

// An upload that comes in pieces. How much of it is there, its file says.
struct UploadRow {
  UploadId id;
  UserId owner;
  std::string name;
  std::uint64_t size_bytes = 0;  // of the whole
  UnixMs created_ms = 0;
  UnixMs expires_ms = 0;
  std::optional<Digest> digest = {};  // of the whole, once it is a blob
  std::optional<AssetId> asset = {};  // once it is one
};

// The uploads table. Of the principal's own alone, but for what sweeps.
class Uploads {
 public:
  // Only if the owner has fewer than so many open, of fewer bytes together with this one; conflict otherwise.
  static Statement insert(const UploadRow& row, std::int64_t count_max, std::uint64_t bytes_max);
  static Statement select(Principal principal, UploadId id);
  static Statement set_expiry(UploadId id, UnixMs expires_ms);
  static Statement set_digest(UploadId id, Digest digest);
  static Statement set_asset(UploadId id, AssetId asset);
  static Statement remove(UploadId id);
  // Anybody's whose time was over before that.
  static Statement select_expired(UnixMs before, std::int64_t count_max);
  static Result<std::vector<UploadRow>> rows_of(const Rows& rows);
};

}  // namespace atelier::store

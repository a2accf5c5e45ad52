#include "store/uploads.hpp"

namespace atelier::store {

#define ATELIER_UPLOAD_COLUMNS "SELECT id, owner, name, size_bytes, created_ms, expires_ms, digest, asset FROM uploads "

Statement Uploads::insert(const UploadRow& row, std::int64_t count_max, std::uint64_t bytes_max) {
  return {
      "INSERT INTO uploads (id, owner, name, size_bytes, created_ms, expires_ms) SELECT $1, $2, $3, $4, $5, $6 "
      "WHERE (SELECT count(*) FROM uploads WHERE owner = $2 AND asset = '') < $7 "
      "AND (SELECT coalesce(sum(size_bytes), 0) FROM uploads WHERE owner = $2 AND asset = '') + $4 <= $8",
      {row.id.to_string(), row.owner.to_string(), row.name, static_cast<std::int64_t>(row.size_bytes), row.created_ms,
       row.expires_ms, count_max, static_cast<std::int64_t>(bytes_max)},
      Expect::exactly_one};
}

Statement Uploads::select(Principal principal, UploadId id) {
  return {ATELIER_UPLOAD_COLUMNS "WHERE id = $1 AND owner = $2", {id.to_string(), principal.owner.to_string()}};
}

Statement Uploads::set_expiry(UploadId id, UnixMs expires_ms) {
  return {"UPDATE uploads SET expires_ms = $2 WHERE id = $1", {id.to_string(), expires_ms}};
}

Statement Uploads::set_digest(UploadId id, Digest digest) {
  return {"UPDATE uploads SET digest = $2 WHERE id = $1", {id.to_string(), digest.hex()}};
}

Statement Uploads::set_asset(UploadId id, AssetId asset) {
  return {"UPDATE uploads SET asset = $2 WHERE id = $1", {id.to_string(), asset.to_string()}};
}

Statement Uploads::remove(UploadId id) { return {"DELETE FROM uploads WHERE id = $1", {id.to_string()}}; }

Statement Uploads::select_expired(UnixMs before, std::int64_t count_max) {
  return {ATELIER_UPLOAD_COLUMNS "WHERE expires_ms < $1 ORDER BY expires_ms, id LIMIT $2", {before, count_max}};
}

#undef ATELIER_UPLOAD_COLUMNS

Result<std::vector<UploadRow>> Uploads::rows_of(const Rows& rows) {
  std::vector<UploadRow> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto id = UploadId::parse(rows.text(row, 0));
    if (!id) return error_of(id);
    const auto owner = UserId::parse(rows.text(row, 1));
    if (!owner) return error_of(owner);
    UploadRow upload{.id = *id,
                     .owner = *owner,
                     .name = rows.text(row, 2),
                     .size_bytes = static_cast<std::uint64_t>(rows.integer(row, 3)),
                     .created_ms = rows.integer(row, 4),
                     .expires_ms = rows.integer(row, 5)};
    upload.digest = Digest::parse(rows.text(row, 6));
    if (const auto asset = AssetId::parse(rows.text(row, 7))) upload.asset = *asset;
    found.push_back(std::move(upload));
  }
  return found;
}

}  // namespace atelier::store

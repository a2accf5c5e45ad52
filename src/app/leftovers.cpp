#include "app/leftovers.hpp"

#include "base/async.hpp"

namespace atelier::app {
namespace {

constexpr std::int64_t kRowsPerCall = 200;

UnixMs day_before(UnixMs now_ms) {
  return now_ms - std::chrono::duration_cast<std::chrono::milliseconds>(kDeletedKept).count();
}

}  // namespace

Task<Result<>> forget_deleted(LeftoverParts parts) {
  const UnixMs before = day_before(parts.clock.wall_ms());
  store::Statement query("SELECT id FROM productions WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT $2",
                         {before, kRowsPerCall});
  auto gone = co_await parts.database.read(std::move(query));
  if (!gone) co_return error_of(gone);
  std::vector<store::Statement> batch;
  for (std::size_t row = 0; row < gone->size(); ++row) {
    const std::string id = gone->text(row, 0);
    batch.push_back({"DELETE FROM render_files WHERE run IN (SELECT run FROM renders WHERE production = $1)", {id}});
    batch.push_back({"DELETE FROM renders WHERE production = $1", {id}});
    batch.push_back({"DELETE FROM productions WHERE id = $1 AND deleted_ms IS NOT NULL", {id}});
  }
  batch.push_back(
      {"DELETE FROM assets WHERE id IN (SELECT id FROM assets WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT $2)",
       {before, kRowsPerCall}});
  auto written = co_await parts.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<std::int64_t>> sweep_files(LeftoverParts parts, std::uint8_t first_byte) {
  const UnixMs now = parts.clock.wall_ms(), before = day_before(now);
  auto stored = co_await parts.blobs.list(first_byte);
  if (!stored) co_return error_of(stored);
  std::int64_t removed_count = 0;
  for (const store::StoredBlob& blob : *stored) {
    // Derived ones go by quota and age. A new one may be on its way into a row.
    if (blob.kind != store::BlobKind::original || blob.last_used_ms >= before) continue;
    const std::string digest = blob.info.digest.hex();
    // All who refer to files by rows. One that is deleted and may be undone refers to it still.
    store::Statement query(
        "SELECT 1 FROM assets WHERE digest = $1 UNION ALL SELECT 1 FROM render_files WHERE digest = $1 LIMIT 1",
        {digest});
    auto shown = co_await parts.database.read(std::move(query));
    if (!shown) co_return error_of(shown);
    if (!shown->empty()) continue;
    auto removed = co_await parts.blobs.remove_unused_since(blob.info.digest, before);
    if (!removed && removed.error().code != ErrorCode::not_found && removed.error().code != ErrorCode::conflict)
      co_return error_of(removed);
    if (removed && *removed) ++removed_count;
  }
  co_return removed_count;
}

}  // namespace atelier::app

#include "app/leftovers.hpp"

#include "base/async.hpp"
#include "base/json.hpp"
#include "store/asset_words.hpp"

namespace atelier::app {
namespace {

constexpr std::int64_t kRowsPerCall = 200;

// All who refer to a file by rows. One that is deleted and may be undone refers to it still.
store::Statement references_to(const std::string& digest) {
  return {"SELECT 1 FROM assets WHERE digest = $1 UNION ALL SELECT 1 FROM render_files WHERE digest = $1 LIMIT 1",
          {digest}};
}

UnixMs day_before(UnixMs now_ms) {
  return now_ms - std::chrono::duration_cast<std::chrono::milliseconds>(kDeletedKept).count();
}

// What was made of a deleted asset for showing and sending it. What somebody uploaded as well, or used since, stays.
Task<Result<>> drop_made_of(LeftoverParts parts, std::string original, std::string facts, UnixMs before) {
  const auto read = json::parse(facts);
  if (!read || !read->is_object()) co_return Result<>{};
  store::Statement shown_in_place(
      "SELECT digest FROM previews WHERE original = $1 AND digest <> '' AND NOT EXISTS (SELECT 1 FROM assets WHERE "
      "assets.digest = $1 AND (assets.deleted_ms IS NULL OR assets.deleted_ms >= $2))",
      {std::move(original), before});
  auto previews = co_await parts.database.read(std::move(shown_in_place));
  if (!previews) co_return error_of(previews);
  std::vector<std::string> digests;
  for (std::size_t row = 0; row < previews->size(); ++row) digests.push_back(previews->text(row, 0));
  if (const json::Value* prepared = read->get_object().if_contains("prepared"); prepared && prepared->is_object())
    if (const json::Value* digest = prepared->get_object().if_contains("digest"); digest && digest->is_string())
      digests.emplace_back(digest->get_string());
  for (const std::string& text : digests) {
    const auto digest = Digest::parse(text);
    if (!digest) continue;
    auto shown = co_await parts.database.read(references_to(text));
    if (!shown) co_return error_of(shown);
    if (!shown->empty()) continue;
    auto removed = co_await parts.blobs.remove_unused_since(*digest, before);
    if (!removed && removed.error().code != ErrorCode::not_found && removed.error().code != ErrorCode::conflict)
      co_return error_of(removed);
  }
  co_return Result<>{};
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
      {"DELETE FROM previews WHERE original IN (SELECT digest FROM assets WHERE deleted_ms < $1 ORDER BY deleted_ms "
       "LIMIT $2) AND NOT EXISTS (SELECT 1 FROM assets WHERE assets.digest = previews.original AND (assets.deleted_ms "
       "IS NULL OR assets.deleted_ms >= $1))",
       {before, kRowsPerCall}});
  for (store::Statement& statement : store::AssetWords::forget_deleted(before, kRowsPerCall))
    batch.push_back(std::move(statement));
  batch.push_back(
      {"DELETE FROM assets WHERE id IN (SELECT id FROM assets WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT $2)",
       {before, kRowsPerCall}});
  store::Statement made("SELECT digest, facts FROM assets WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT $2",
                        {before, kRowsPerCall});
  auto facts = co_await parts.database.read(std::move(made));
  if (!facts) co_return error_of(facts);
  for (std::size_t row = 0; row < facts->size(); ++row) {
    auto dropped = co_await drop_made_of(parts, facts->text(row, 0), facts->text(row, 1), before);
    if (!dropped) co_return error_of(dropped);
  }
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
    auto shown = co_await parts.database.read(references_to(digest));
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

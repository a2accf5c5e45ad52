#include "store/assets.hpp"

#include "base/async.hpp"

namespace atelier::store {
namespace {

PreviewState preview_state_of(std::string_view text) noexcept {
  for (const PreviewState state : {PreviewState::none, PreviewState::ready, PreviewState::refused})
    if (to_string(state) == text) return state;
  return PreviewState::pending;
}

Result<std::optional<Asset>> first_of(const Rows& rows) {
  if (rows.empty()) return std::optional<Asset>();
  auto asset = asset_of(rows, 0);
  if (!asset) return error_of(asset);
  return std::optional<Asset>(std::move(*asset));
}

}  // namespace

std::string folded_asset_name(std::string name) {
  for (char& letter : name)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return name;
}

Result<Asset> asset_of(const Rows& rows, std::size_t row) {
  Asset asset;
  auto id = AssetId::parse(rows.text(row, 0));
  if (!id) return error_of(id);
  auto owner = UserId::parse(rows.text(row, 1));
  if (!owner) return error_of(owner);
  const auto digest = Digest::parse(rows.text(row, 2));
  if (!digest) return fail(ErrorCode::internal, "an asset's digest is not one");
  auto facts = json::parse(rows.text(row, 7));
  if (!facts) return error_of(facts);
  return Asset{.id = *id,
               .owner = *owner,
               .digest = *digest,
               .size_bytes = static_cast<std::uint64_t>(rows.integer(row, 3)),
               .kind = rows.text(row, 4),
               .media_type = rows.text(row, 5),
               .name = rows.text(row, 6),
               .facts = std::move(*facts),
               .created_ms = rows.integer(row, 8),
               .preview_state = preview_state_of(rows.text(row, 9)),
               .preview_problem = rows.text(row, 10),
               .origin = rows.text(row, 11),
               .origin_id = rows.text(row, 12),
               .folder = rows.text(row, 13),
               .trashed_ms = rows.integer(row, 14)};
}

Result<std::vector<Asset>> assets_of(const Rows& rows) {
  std::vector<Asset> assets;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto asset = asset_of(rows, row);
    if (!asset) return error_of(asset);
    assets.push_back(std::move(*asset));
  }
  return assets;
}

std::string_view to_string(PreviewState state) noexcept {
  switch (state) {
    case PreviewState::none:
      return "none";
    case PreviewState::ready:
      return "ready";
    case PreviewState::refused:
      return "refused";
    case PreviewState::pending:
      break;
  }
  return "pending";
}

Statement Assets::insert(const Asset& asset) {
  return {
      "INSERT INTO assets (id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state, "
      "origin, origin_id, folder, folded) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING",
      {asset.id.to_string(), asset.owner.to_string(), asset.digest.hex(), static_cast<std::int64_t>(asset.size_bytes),
       asset.kind, asset.media_type, asset.name, json::write(asset.facts), asset.created_ms,
       std::string(asset.kind == "document" ? "none" : "pending"), asset.origin, asset.origin_id, asset.folder,
       folded_asset_name(asset.name)}};
}

Statement Assets::set_facts(const Asset& asset) {
  return {"UPDATE assets SET facts = $3 WHERE id = $1 AND owner = $2",
          {asset.id.to_string(), asset.owner.to_string(), json::write(asset.facts)}};
}

Statement Assets::set_preview_state(Digest digest, PreviewState state, std::string problem) {
  return {"UPDATE assets SET preview_state = $2, preview_problem = $3 WHERE digest = $1 AND preview_state <> 'none'",
          {digest.hex(), std::string(to_string(state)), std::move(problem)}};
}

Statement Assets::select_without_previews(std::string before) {
  return {"SELECT " ATELIER_ASSET_COLUMNS
          "FROM assets "
          "WHERE preview_state = 'pending' AND deleted_ms IS NULL AND id < $1 ORDER BY id DESC LIMIT 1",
          {before.empty() ? std::string("~") : std::move(before)}};  // which is after every id
}

Task<Result<std::optional<Asset>>> Assets::find_without_previews(std::string before) {
  auto rows = co_await database_.read(select_without_previews(std::move(before)));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

Statement Assets::rename(Principal principal, AssetId id, std::string name) {
  std::string folded = folded_asset_name(name);
  return {
      "UPDATE assets SET name = $3, folded = $4, words_revision = words_revision + 1 "
      "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
      {id.to_string(), principal.owner.to_string(), std::move(name), std::move(folded)},
      Expect::exactly_one};
}

Statement Assets::move(Principal principal, AssetId id, std::string folder) {
  return {"UPDATE assets SET folder = $3 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string(), std::move(folder)}};
}

Statement Assets::trash(Principal principal, AssetId id, UnixMs trashed_ms) {
  if (trashed_ms == 0)
    return {"UPDATE assets SET is_trashed = 0, trashed_ms = 0 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
            {id.to_string(), principal.owner.to_string()}};
  return {
      "UPDATE assets SET is_trashed = 1, trashed_ms = CASE WHEN is_trashed = 1 THEN trashed_ms ELSE $3 END "
      "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
      {id.to_string(), principal.owner.to_string(), trashed_ms}};
}

Statement Assets::remove(Principal principal, AssetId id, UnixMs now_ms, Expect expect) {
  return {"UPDATE assets SET deleted_ms = $3 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string(), now_ms},
          expect};
}

Statement Assets::select_trashed(UnixMs before, UnixMs after_ms, std::string after_id, std::int64_t count_max) {
  return {
      "SELECT id, owner, trashed_ms FROM assets WHERE is_trashed = 1 AND deleted_ms IS NULL AND trashed_ms < $1 "
      "AND (trashed_ms, id) > ($2, $3) ORDER BY trashed_ms, id LIMIT $4",
      {before, after_ms, std::move(after_id), count_max}};
}

Statement Assets::select(Principal principal, AssetId id) {
  return {"SELECT " ATELIER_ASSET_COLUMNS "FROM assets WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string()}};
}

Task<Result<Asset>> Assets::find(Principal principal, AssetId id) {
  auto rows = co_await database_.read(select(principal, id));
  if (!rows) co_return error_of(rows);
  if (rows->empty())
    co_return fail(ErrorCode::not_found, "there is no such asset", {.reason = "asset_not_found", .where = {}});
  co_return asset_of(*rows, 0);
}

Task<Result<std::vector<Asset>>> Assets::find_all(Principal principal, std::vector<AssetId> ids) {
  std::vector<Statement> statements;
  for (const AssetId& id : ids) statements.push_back(select(principal, id));
  if (statements.empty()) co_return std::vector<Asset>();
  auto answers = co_await database_.read_all(std::move(statements));
  if (!answers) co_return error_of(answers);
  std::vector<Asset> found;
  for (const Rows& rows : *answers) {
    auto assets = assets_of(rows);
    if (!assets) co_return error_of(assets);
    for (Asset& asset : *assets) found.push_back(std::move(asset));
  }
  co_return found;
}

Task<Result<std::optional<Asset>>> Assets::find_by_digest(Principal principal, Digest digest) {
  Statement query{"SELECT " ATELIER_ASSET_COLUMNS
                  "FROM assets "
                  "WHERE owner = $1 AND digest = $2 AND deleted_ms IS NULL ORDER BY id DESC LIMIT 1",
                  {principal.owner.to_string(), digest.hex()}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

}  // namespace atelier::store

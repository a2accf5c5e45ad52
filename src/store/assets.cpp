#include "store/assets.hpp"

#include "base/async.hpp"

namespace atelier::store {
namespace {

PreviewState preview_state_of(std::string_view text) noexcept {
  for (const PreviewState state : {PreviewState::none, PreviewState::ready, PreviewState::refused})
    if (to_string(state) == text) return state;
  return PreviewState::pending;
}

// Columns in the order every query of this file selects them.
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
               .preview_problem = rows.text(row, 10)};
}

Result<std::optional<Asset>> first_of(const Rows& rows) {
  if (rows.empty()) return std::optional<Asset>();
  auto asset = asset_of(rows, 0);
  if (!asset) return error_of(asset);
  return std::optional<Asset>(std::move(*asset));
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

}  // namespace

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
      "INSERT INTO assets (id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
      {asset.id.to_string(), asset.owner.to_string(), asset.digest.hex(), static_cast<std::int64_t>(asset.size_bytes),
       asset.kind, asset.media_type, asset.name, json::write(asset.facts), asset.created_ms,
       std::string(asset.kind == "document" ? "none" : "pending")}};
}

Statement Assets::set_facts(const Asset& asset) {
  return {"UPDATE assets SET facts = $3 WHERE id = $1 AND owner = $2",
          {asset.id.to_string(), asset.owner.to_string(), json::write(asset.facts)}};
}

Statement Assets::set_preview_state(Digest digest, PreviewState state, std::string problem) {
  return {"UPDATE assets SET preview_state = $2, preview_problem = $3 WHERE digest = $1 AND preview_state <> 'none'",
          {digest.hex(), std::string(to_string(state)), std::move(problem)}};
}

Task<Result<std::optional<Asset>>> Assets::find_without_previews(std::string before) {
  Statement query{
      "SELECT id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state, preview_problem "
      "FROM assets "
      "WHERE preview_state = 'pending' AND deleted_ms IS NULL AND id < $1 ORDER BY id DESC LIMIT 1",
      {before.empty() ? std::string("~") : std::move(before)}};  // which is after every id
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

Statement Assets::remove(Principal principal, AssetId id, UnixMs now_ms) {
  return {"UPDATE assets SET deleted_ms = $3 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string(), now_ms},
          Expect::exactly_one};
}

Task<Result<Asset>> Assets::find(Principal principal, AssetId id) {
  Statement query{
      "SELECT id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state, preview_problem "
      "FROM assets "
      "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
      {id.to_string(), principal.owner.to_string()}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  if (rows->empty())
    co_return fail(ErrorCode::not_found, "there is no such asset", {.reason = "asset_not_found", .where = {}});
  co_return asset_of(*rows, 0);
}

Task<Result<std::vector<Asset>>> Assets::find_all(Principal principal, std::vector<AssetId> ids) {
  std::vector<Statement> statements;
  for (const AssetId& id : ids)
    statements.push_back(
        {"SELECT id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state, "
         "preview_problem FROM assets "
         "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
         {id.to_string(), principal.owner.to_string()}});
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
  Statement query{
      "SELECT id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state, preview_problem "
      "FROM assets "
      "WHERE owner = $1 AND digest = $2 AND deleted_ms IS NULL ORDER BY id DESC LIMIT 1",
      {principal.owner.to_string(), digest.hex()}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  co_return first_of(*rows);
}

Task<Result<AssetPage>> Assets::list(Principal principal, std::string kind, std::string after, std::size_t count_max) {
  // Ids sort by creation, so that a cursor is an id. One row more than asked tells whether there is a next page.
  Statement query{
      "SELECT id, owner, digest, size_bytes, kind, media_type, name, facts, created_ms, preview_state, preview_problem "
      "FROM assets "
      "WHERE owner = $1 AND deleted_ms IS NULL AND ($2 = '' OR kind = $2) AND ($3 = '' OR id < $3) "
      "ORDER BY id DESC LIMIT $4",
      {principal.owner.to_string(), kind, after, static_cast<std::int64_t>(count_max + 1)}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  auto assets = assets_of(*rows);
  if (!assets) co_return error_of(assets);
  AssetPage page{.items = std::move(*assets), .next = {}};
  if (page.items.size() > count_max) {
    page.items.resize(count_max);
    page.next = page.items.back().id.to_string();
  }
  co_return page;
}

}  // namespace atelier::store

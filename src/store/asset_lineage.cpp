#include "store/asset_lineage.hpp"

#include "base/async.hpp"

namespace atelier::store {
namespace {

Value number_or_null(const std::optional<std::int64_t>& number) {
  return number ? Value(*number) : Value(std::monostate());
}
std::optional<std::int64_t> number_at(const Rows& rows, std::size_t row, std::size_t column) {
  return rows.is_null(row, column) ? std::optional<std::int64_t>() : rows.integer(row, column);
}

}  // namespace

std::vector<Statement> AssetLineages::record(Principal principal, const AssetLineage& lineage) {
  const std::string asset = lineage.asset.to_string();
  std::vector<Statement> batch;
  batch.push_back(
      {"INSERT INTO asset_lineage "
       "(asset, owner, provider, model, prompt, parameters, seed, cost, run, step, created_ms) "
       "SELECT id, owner, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM assets WHERE id = $1 AND owner = $2 "
       "ON CONFLICT (asset) DO NOTHING",
       {asset, principal.owner.to_string(), lineage.provider, lineage.model, lineage.prompt,
        json::write(lineage.parameters), number_or_null(lineage.seed), number_or_null(lineage.cost_picodollars),
        lineage.run, lineage.step, lineage.created_ms}});
  std::int64_t place = 0;
  for (const AssetLineage::Source& source : lineage.sources)
    batch.push_back(
        {"INSERT INTO asset_sources (asset, place, source, role) "
         "SELECT id, $3, $4, $5 FROM assets WHERE id = $1 AND owner = $2 ON CONFLICT (asset, place) DO NOTHING",
         {asset, principal.owner.to_string(), ++place, source.asset.to_string(), source.role}});
  batch.push_back({"UPDATE assets SET words_revision = words_revision + 1 WHERE id = $1 AND owner = $2",
                   {asset, principal.owner.to_string()}});
  return batch;
}

std::vector<Statement> AssetLineages::select(Principal principal, AssetId id) {
  std::vector<Statement> statements;
  statements.push_back(
      {"SELECT provider, model, prompt, parameters, seed, cost, run, step, created_ms FROM asset_lineage "
       "WHERE asset = $1 AND owner = $2",
       {id.to_string(), principal.owner.to_string()}});
  statements.push_back(
      {"SELECT asset_sources.source, asset_sources.role, assets.id IS NOT NULL FROM asset_sources "
       "LEFT JOIN assets ON assets.id = asset_sources.source AND assets.owner = $2 AND assets.deleted_ms IS NULL "
       "WHERE asset_sources.asset = $1 ORDER BY asset_sources.place",
       {id.to_string(), principal.owner.to_string()}});
  statements.push_back(
      {"SELECT DISTINCT " ATELIER_ASSET_COLUMNS
       "FROM asset_sources CROSS JOIN assets WHERE asset_sources.source = $1 AND assets.id = asset_sources.asset "
       "AND assets.owner = $2 AND assets.deleted_ms IS NULL ORDER BY asset_sources.asset DESC LIMIT $3",
       {id.to_string(), principal.owner.to_string(), kMadeMax}});
  return statements;
}

Task<Result<AssetLineages::Found>> AssetLineages::find(Principal principal, AssetId id) {
  auto answers = co_await database_.read_all(select(principal, id));
  if (!answers) co_return error_of(answers);
  Found found;
  if (const Rows& rows = answers->at(0); !rows.empty()) {
    auto parameters = json::parse(rows.text(0, 3));
    if (!parameters) co_return error_of(parameters);
    found.lineage = AssetLineage{.asset = id,
                                 .provider = rows.text(0, 0),
                                 .model = rows.text(0, 1),
                                 .prompt = rows.text(0, 2),
                                 .parameters = std::move(*parameters),
                                 .seed = number_at(rows, 0, 4),
                                 .cost_picodollars = number_at(rows, 0, 5),
                                 .run = rows.text(0, 6),
                                 .step = rows.text(0, 7),
                                 .created_ms = rows.integer(0, 8)};
  }
  const Rows& sources = answers->at(1);
  for (std::size_t row = 0; row < sources.size(); ++row) {
    auto source = AssetId::parse(sources.text(row, 0));
    if (!source) co_return error_of(source);
    found.sources.push_back({.asset = *source, .role = sources.text(row, 1), .is_there = sources.integer(row, 2) != 0});
  }
  auto made = assets_of(answers->at(2));
  if (!made) co_return error_of(made);
  found.made = std::move(*made);
  co_return found;
}

}  // namespace atelier::store

#include "store/asset_uses.hpp"

#include <algorithm>

#include "base/id.hpp"

namespace atelier::store {

std::vector<std::string> assets_named_in(std::string_view json) {
  constexpr std::string_view kMember = "\"asset_id\"";
  constexpr std::size_t kIdSize = 26;
  std::vector<std::string> found;
  for (std::size_t at = json.find(kMember); at != std::string_view::npos; at = json.find(kMember, at)) {
    at = json.find_first_not_of(" \t\r\n:", at + kMember.size());
    if (at == std::string_view::npos) break;
    if (json[at] != '"') continue;
    const std::string_view id = json.substr(at + 1, kIdSize);
    if (Ulid::parse(id)) found.emplace_back(id);
  }
  std::ranges::sort(found);
  const auto [first, last] = std::ranges::unique(found);
  found.erase(first, last);
  return found;
}

Statement AssetUses::select_changes(std::int64_t count_max) {
  return {"SELECT position, kind, subject, number FROM asset_use_changes ORDER BY position LIMIT $1", {count_max}};
}

std::vector<AssetUseChange> AssetUses::changes_of(const Rows& rows) {
  std::vector<AssetUseChange> changes;
  for (std::size_t row = 0; row < rows.size(); ++row)
    changes.push_back({.position = rows.integer(row, 0),
                       .kind = rows.text(row, 1),
                       .subject = rows.text(row, 2),
                       .number = rows.integer(row, 3)});
  return changes;
}

Statement AssetUses::select_text(const AssetUseChange& change) {
  if (change.kind == "thread")
    return {"SELECT parts FROM message_texts WHERE thread = $1 AND number = $2", {change.subject, change.number}};
  return {"SELECT document FROM productions WHERE id = $1 AND deleted_ms IS NULL", {change.subject}};
}

std::vector<Statement> AssetUses::set(const AssetUseChange& change, const std::vector<std::string>& assets) {
  std::vector<Statement> batch;
  batch.push_back({"DELETE FROM asset_uses WHERE kind = $1 AND subject = $2 AND number = $3",
                   {change.kind, change.subject, change.number}});
  for (const std::string& asset : assets)
    batch.push_back(
        {"INSERT INTO asset_uses (asset, kind, subject, number) VALUES ($1, $2, $3, $4) "
         "ON CONFLICT (asset, kind, subject, number) DO NOTHING",
         {asset, change.kind, change.subject, change.number}});
  batch.push_back({"DELETE FROM asset_use_changes WHERE position = $1", {change.position}});
  return batch;
}

Statement AssetUses::select_counts(std::string_view asset) {
  return {"SELECT kind, count(DISTINCT subject) FROM asset_uses WHERE asset = $1 GROUP BY kind", {std::string(asset)}};
}

AssetUseCounts AssetUses::counts_of(const Rows& rows) {
  AssetUseCounts counts;
  for (std::size_t row = 0; row < rows.size(); ++row)
    (rows.text(row, 0) == "thread" ? counts.threads : counts.productions) = rows.integer(row, 1);
  return counts;
}

}  // namespace atelier::store

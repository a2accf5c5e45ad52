#include "studio/library/asset_uses.hpp"

#include <algorithm>

#include "base/async.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kSlice = 100;

}  // namespace

Task<Result<bool>> follow_asset_uses(store::Database* database) {
  auto rows = co_await database->read(store::AssetUses::select_changes(kSlice));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return false;
  const std::vector<store::AssetUseChange> changes = store::AssetUses::changes_of(*rows);
  std::vector<store::Statement> questions;
  for (const store::AssetUseChange& change : changes) questions.push_back(store::AssetUses::select_text(change));
  auto texts = co_await database->read_all(std::move(questions));
  if (!texts) co_return error_of(texts);
  // A change that comes between reading and writing has a note of its own, which is taken up next.
  std::vector<store::Statement> batch;
  for (std::size_t at = 0; at < changes.size(); ++at) {
    std::vector<std::string> named;
    if (const store::Rows& text = texts->at(at); !text.empty()) named = store::assets_named_in(text.text(0, 0));
    std::ranges::move(store::AssetUses::set(changes[at], named), std::back_inserter(batch));
  }
  auto written = co_await database->write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return changes.size() == kSlice;
}

Task<Result<store::AssetUseCounts>> count_asset_uses(store::Database* database, AssetId id) {
  for (;;) {
    auto has_more = co_await follow_asset_uses(database);
    if (!has_more) co_return error_of(has_more);
    if (!*has_more) break;
  }
  auto rows = co_await database->read(store::AssetUses::select_counts(id.to_string()));
  if (!rows) co_return error_of(rows);
  co_return store::AssetUses::counts_of(*rows);
}

}  // namespace atelier::studio

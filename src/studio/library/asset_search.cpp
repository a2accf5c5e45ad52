#include "studio/library/asset_search.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "store/asset_words.hpp"
#include "studio/chat/search/query.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kSlice = 250;
// Slices that a search takes in before it looks: a library of before there was a search is read by the upkeep.
constexpr int kSlicesMax = 4;

// Words are letters and digits alone, so that they stand in quotation marks as they are.
std::string phrase_of(const SearchClause& clause) {
  std::string phrase = "\"";
  for (const std::string& word : clause.words) {
    if (phrase.size() > 1) phrase += ' ';
    phrase += word;
  }
  return phrase + (clause.is_prefix ? "\"*" : "\"");
}

}  // namespace

Task<Result<bool>> AssetSearch::read_some(std::string owner) {
  auto rows = co_await database_.read(store::AssetWords::select_unread(owner, kSlice));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return false;
  const bool is_full = rows->size() == static_cast<std::size_t>(kSlice);
  auto work = [unread = store::AssetWords::unread_of(*rows)](std::size_t) -> Result<std::vector<store::Statement>> {
    std::vector<store::Statement> batch;
    for (const store::UnreadAsset& asset : unread)
      std::ranges::move(store::AssetWords::read(asset), std::back_inserter(batch));
    return batch;
  };
  auto batch = co_await store::run_in(&pool_, std::move(work));
  if (!batch) co_return error_of(batch);
  auto written = co_await database_.write(std::move(*batch));
  if (!written) co_return error_of(written);
  co_return is_full;
}

Task<Result<std::string>> AssetSearch::match_of(Principal principal, std::string text) {
  auto query = parse_search(text);
  if (!query) co_return error_of(query);
  for (int slice = 0; slice < kSlicesMax; ++slice) {
    auto has_more = co_await read_some(principal.owner.to_string());
    if (!has_more) co_return error_of(has_more);
    if (!*has_more) break;
  }
  std::string match = "\"" + store::AssetWords::owner_word(principal.owner) + "\"";
  for (const SearchClause& clause : query->clauses) match += " AND " + phrase_of(clause);
  co_return match;
}

}  // namespace atelier::studio

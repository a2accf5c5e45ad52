#include "store/asset_words.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "store/words.hpp"

namespace atelier::store {
namespace {

constexpr std::string_view kFactsRead[] = {"codec", "title", "artist", "album"};

void add_text(std::string_view text, std::string& words) {
  split_words(text, [&](const Word& word) {
    words += ' ';
    words += word.folded;
    return true;
  });
}

void add_facts(const std::string& text, std::string& words) {
  const auto facts = json::parse(text);
  if (!facts || !facts->is_object()) return;
  const json::Object& object = facts->get_object();
  const json::Value* width = object.if_contains("width");
  const json::Value* height = object.if_contains("height");
  if (width != nullptr && height != nullptr && width->is_number() && height->is_number())
    add_text(fmt::format("{}x{} {} {}", width->to_number<std::int64_t>(), height->to_number<std::int64_t>(),
                         width->to_number<std::int64_t>(), height->to_number<std::int64_t>()),
             words);
  for (const std::string_view name : kFactsRead)
    if (const json::Value* fact = object.if_contains(name); fact != nullptr && fact->is_string())
      add_text(truncate_utf8(std::string_view(fact->get_string()), 200), words);
}

std::string words_of(const UnreadAsset& asset) {
  std::string words = AssetWords::owner_word(*UserId::parse(asset.owner));
  add_text(asset.name, words);
  add_text(asset.kind, words);
  add_text(asset.media_type.substr(std::min(asset.media_type.find('/') + 1, asset.media_type.size())), words);
  add_facts(asset.facts, words);
  add_text(asset.model, words);
  add_text(truncate_utf8(asset.prompt, kReadPromptBytesMax), words);
  return words;
}

}  // namespace

std::string AssetWords::owner_word(UserId owner) {
  std::string word = "o" + owner.to_string();
  for (char& letter : word)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return word;
}

#define ATELIER_UNREAD                                                                                   \
  "SELECT assets.id, assets.owner, assets.words_revision, assets.name, assets.kind, assets.media_type, " \
  "assets.facts, coalesce(asset_lineage.model, ''), coalesce(asset_lineage.prompt, '') "                 \
  "FROM assets LEFT JOIN asset_lineage ON asset_lineage.asset = assets.id "                              \
  "WHERE assets.read_revision <> assets.words_revision AND assets.deleted_ms IS NULL "

Statement AssetWords::select_unread(std::string_view owner, std::int64_t count_max) {
  if (owner.empty()) return {ATELIER_UNREAD "ORDER BY assets.owner, assets.id LIMIT $1", {count_max}};
  return {ATELIER_UNREAD "AND assets.owner = $1 ORDER BY assets.id LIMIT $2", {std::string(owner), count_max}};
}

#undef ATELIER_UNREAD

std::vector<UnreadAsset> AssetWords::unread_of(const Rows& rows) {
  std::vector<UnreadAsset> assets;
  for (std::size_t row = 0; row < rows.size(); ++row)
    assets.push_back({.id = rows.text(row, 0),
                      .owner = rows.text(row, 1),
                      .revision = rows.integer(row, 2),
                      .name = rows.text(row, 3),
                      .kind = rows.text(row, 4),
                      .media_type = rows.text(row, 5),
                      .facts = rows.text(row, 6),
                      .model = rows.text(row, 7),
                      .prompt = rows.text(row, 8)});
  return assets;
}

std::vector<Statement> AssetWords::read(const UnreadAsset& asset) {
  std::vector<Statement> batch;
  batch.push_back(forget(asset.id));
  batch.push_back(
      {"INSERT INTO asset_words (asset, words) SELECT id, $2 FROM assets WHERE id = $1 "
       "ON CONFLICT (asset) DO UPDATE SET words = $2",
       {asset.id, words_of(asset)}});
  batch.push_back(
      {"INSERT INTO asset_search (rowid, words) SELECT number, words FROM asset_words WHERE asset = $1", {asset.id}});
  batch.push_back({"UPDATE assets SET read_revision = $2 WHERE id = $1", {asset.id, asset.revision}});
  return batch;
}

Statement AssetWords::forget(std::string asset) {
  return {
      "INSERT INTO asset_search (asset_search, rowid, words) SELECT 'delete', number, words FROM asset_words "
      "WHERE asset = $1",
      {std::move(asset)}};
}

std::vector<Statement> AssetWords::forget_deleted(UnixMs before, std::int64_t count_max) {
  std::vector<Statement> batch;
  batch.push_back(
      {"INSERT INTO asset_search (asset_search, rowid, words) SELECT 'delete', number, words FROM asset_words "
       "WHERE asset IN (SELECT id FROM assets WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT $2)",
       {before, count_max}});
  batch.push_back(
      {"DELETE FROM asset_words "
       "WHERE asset IN (SELECT id FROM assets WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT $2)",
       {before, count_max}});
  return batch;
}

}  // namespace atelier::store

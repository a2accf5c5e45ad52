#include "store/asset_lists.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"

// SQL is put together of literals. A list is a way in (all of the owner's, those with a tag, of an origin, or with
// words), what must hold, and an order whose key the cursor has. Of each way and order one statement, prepared once.
//
// $1 owner, $2 in the trash, $3 kind, $4 folder ('*': any), $5 origin, $6 its id, $7 tag, $8 id of the last before,
// $9 how many, $10 passed over; then the last one's key where there is one, then the words.
#define THAT_FIT                                                                                    \
  "AND assets.owner = $1 AND assets.is_trashed = $2 AND ($3 = '' OR assets.kind = $3) "             \
  "AND ($4 = '*' OR assets.folder = $4) AND ($5 = '' OR assets.origin = $5) "                       \
  "AND ($6 = '' OR assets.origin_id = $6) AND ($7 = '' OR EXISTS (SELECT 1 FROM asset_tags AS had " \
  "WHERE had.owner = $1 AND had.tag = $7 AND had.asset = assets.id)) "
#define OF_ALL "FROM assets WHERE assets.deleted_ms IS NULL " THAT_FIT
#define OF_ORIGIN \
  "FROM assets WHERE assets.deleted_ms IS NULL AND assets.origin_id <> '' AND assets.origin_id = $6 " THAT_FIT
// Joins are CROSS JOINs, which SQLite carries out in the order in which they are written. That nothing is deleted is
// said in a way that fits no index: each asset is to be found by its id, and not by going through the sort's index.
#define OF_TAG                                                                                             \
  "FROM asset_tags CROSS JOIN assets WHERE asset_tags.owner = $1 AND asset_tags.tag = $7 AND assets.id = " \
  "asset_tags.asset AND coalesce(assets.deleted_ms, 0) = 0 " THAT_FIT
// Full-text search is SQLite's own; another database has its own way to these numbers.
#define OF_WORDS(words)                                                                \
  "FROM (SELECT rowid AS number FROM asset_search WHERE asset_search MATCH " words     \
  " ORDER BY rowid DESC LIMIT 5000) AS hits CROSS JOIN asset_words CROSS JOIN assets " \
  "WHERE asset_words.number = hits.number AND assets.id = asset_words.asset "          \
  "AND coalesce(assets.deleted_ms, 0) = 0 " THAT_FIT
#define COLUMNS "SELECT " ATELIER_ASSET_COLUMNS
#define FROM_PLACE " LIMIT $9 OFFSET $10"
#define NEWEST "AND assets.id < $8 ORDER BY assets.id DESC" FROM_PLACE
#define NEWEST_OF_TAG "AND asset_tags.asset < $8 ORDER BY asset_tags.asset DESC" FROM_PLACE
#define OLDEST "AND assets.id > $8 ORDER BY assets.id" FROM_PLACE
#define OLDEST_OF_TAG "AND asset_tags.asset > $8 ORDER BY asset_tags.asset" FROM_PLACE
#define LARGEST \
  "AND (assets.size_bytes, assets.id) < ($11, $8) ORDER BY assets.size_bytes DESC, assets.id DESC" FROM_PLACE
#define BY_NAME "AND (assets.folded, assets.id) > ($11, $8) ORDER BY assets.folded, assets.id" FROM_PLACE

namespace atelier::store {
namespace {

enum class WayIn : std::uint8_t { all, origin, tag, words };

WayIn way_of(const AssetFilter& filter) {
  if (!filter.match.empty()) return WayIn::words;
  if (!filter.tag.empty()) return WayIn::tag;
  return filter.origin_id.empty() ? WayIn::all : WayIn::origin;
}

Sql page_of(WayIn way, AssetSort sort) {
  switch (sort) {
    case AssetSort::newest:
      if (way == WayIn::all) return COLUMNS OF_ALL NEWEST;
      if (way == WayIn::origin) return COLUMNS OF_ORIGIN NEWEST;
      if (way == WayIn::tag) return COLUMNS OF_TAG NEWEST_OF_TAG;
      return COLUMNS OF_WORDS("$11") NEWEST;
    case AssetSort::oldest:
      if (way == WayIn::all) return COLUMNS OF_ALL OLDEST;
      if (way == WayIn::origin) return COLUMNS OF_ORIGIN OLDEST;
      if (way == WayIn::tag) return COLUMNS OF_TAG OLDEST_OF_TAG;
      return COLUMNS OF_WORDS("$11") OLDEST;
    case AssetSort::largest:
      if (way == WayIn::all) return COLUMNS OF_ALL LARGEST;
      if (way == WayIn::origin) return COLUMNS OF_ORIGIN LARGEST;
      if (way == WayIn::tag) return COLUMNS OF_TAG LARGEST;
      return COLUMNS OF_WORDS("$12") LARGEST;
    case AssetSort::name:
      break;
  }
  if (way == WayIn::all) return COLUMNS OF_ALL BY_NAME;
  if (way == WayIn::origin) return COLUMNS OF_ORIGIN BY_NAME;
  if (way == WayIn::tag) return COLUMNS OF_TAG BY_NAME;
  return COLUMNS OF_WORDS("$12") BY_NAME;
}

Sql total_of(WayIn way) {
  // Every id is after "": counted by the smallest of the indexes.
  if (way == WayIn::all) return "SELECT count(*) " OF_ALL "AND assets.id > ''";
  if (way == WayIn::origin) return "SELECT count(*) " OF_ORIGIN;
  if (way == WayIn::tag) return "SELECT count(*) " OF_TAG;
  return "SELECT count(*) " OF_WORDS("$8");
}

std::vector<Value> filter_values(Principal principal, const AssetFilter& filter) {
  return {principal.owner.to_string(),
          std::int64_t{filter.is_trashed ? 1 : 0},
          filter.kind,
          filter.folder.value_or("*"),
          filter.origin,
          filter.origin_id,
          filter.tag};
}

// What stands before everything, where a list is to begin.
struct Place {
  std::string id;
  std::optional<Value> key = {};
};
Place beginning_of(AssetSort sort) {
  switch (sort) {
    case AssetSort::newest:
      return {.id = "~"};  // which is after every id
    case AssetSort::largest:
      return {.id = "~", .key = Value(INT64_MAX)};
    case AssetSort::name:
      return {.id = "", .key = Value(std::string())};
    case AssetSort::oldest:
      break;
  }
  return {.id = ""};
}

// "<id>", "<id>.<size>" or "<id>.<name>".
std::string place_after(const Asset& asset, AssetSort sort) {
  if (sort == AssetSort::largest) return fmt::format("{}.{}", asset.id.to_string(), asset.size_bytes);
  if (sort == AssetSort::name) return fmt::format("{}.{}", asset.id.to_string(), folded_asset_name(asset.name));
  return asset.id.to_string();
}

Result<Place> place_of(std::string_view text, AssetSort sort) {
  const auto refuse = [] {
    return fail(ErrorCode::invalid_argument, "is no place in this list",
                {.reason = "parameter_invalid", .where = "after"});
  };
  const std::size_t dot = text.find('.');
  const auto id = AssetId::parse(text.substr(0, dot));
  const bool has_key = sort == AssetSort::largest || sort == AssetSort::name;
  if (!id || has_key != (dot != std::string_view::npos)) return refuse();
  Place place{.id = id->to_string()};
  if (!has_key) return place;
  const std::string_view key = text.substr(dot + 1);
  if (sort == AssetSort::name) {
    if (!is_valid_utf8(key)) return refuse();
    place.key = Value(std::string(key));
    return place;
  }
  const auto size_bytes = parse_integer(key);
  if (!size_bytes) return refuse();
  place.key = Value(*size_bytes);
  return place;
}

}  // namespace

std::optional<AssetSort> parse_asset_sort(std::string_view text) noexcept {
  if (text == "newest") return AssetSort::newest;
  if (text == "oldest") return AssetSort::oldest;
  if (text == "largest") return AssetSort::largest;
  if (text == "name") return AssetSort::name;
  return std::nullopt;
}

Result<Statement> AssetLists::select_page(Principal principal, const AssetQuery& query) {
  Place place = beginning_of(query.sort);
  if (!query.after.empty()) {
    auto given = place_of(query.after, query.sort);
    if (!given) return error_of(given);
    place = std::move(*given);
  }
  std::vector<Value> values = filter_values(principal, query.filter);
  values.emplace_back(std::move(place.id));
  values.emplace_back(static_cast<std::int64_t>(query.count_max + 1));
  values.emplace_back(query.skip_count);
  if (place.key) values.push_back(std::move(*place.key));
  if (!query.filter.match.empty()) values.emplace_back(query.filter.match);
  return Statement(page_of(way_of(query.filter), query.sort), std::move(values));
}

Statement AssetLists::select_total(Principal principal, const AssetFilter& filter) {
  std::vector<Value> values = filter_values(principal, filter);
  if (!filter.match.empty()) values.emplace_back(filter.match);
  return {total_of(way_of(filter)), std::move(values)};
}

Task<Result<AssetPage>> AssetLists::list(Principal principal, AssetQuery query) {
  auto select = select_page(principal, query);
  if (!select) co_return error_of(select);
  std::vector<Statement> statements;
  statements.push_back(std::move(*select));
  if (query.wants_total) statements.push_back(select_total(principal, query.filter));
  auto answers = co_await database_.read_all(std::move(statements));
  if (!answers) co_return error_of(answers);
  auto assets = assets_of(answers->front());
  if (!assets) co_return error_of(assets);
  AssetPage page{.items = std::move(*assets), .next = {}};
  if (page.items.size() > query.count_max) {
    page.items.resize(query.count_max);
    if (!page.items.empty()) page.next = place_after(page.items.back(), query.sort);
  }
  if (query.wants_total) page.total = answers->back().integer(0, 0);
  co_return page;
}

}  // namespace atelier::store

#undef THAT_FIT
#undef OF_ALL
#undef OF_ORIGIN
#undef OF_TAG
#undef OF_WORDS
#undef COLUMNS
#undef FROM_PLACE
#undef NEWEST
#undef NEWEST_OF_TAG
#undef OLDEST
#undef OLDEST_OF_TAG
#undef LARGEST
#undef BY_NAME

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/assets.hpp"

namespace atelier::store {

enum class AssetSort : std::uint8_t { newest, oldest, largest, name };
std::optional<AssetSort> parse_asset_sort(std::string_view text) noexcept;

// What of a library is listed. Empty texts filter nothing.
struct AssetFilter {
  std::string kind = {};
  std::optional<std::string> folder = {};  // FolderId as text; "": those in none
  std::string origin = {};                 // upload, run, thread
  std::string origin_id = {};
  std::string tag = {};
  std::string match = {};  // of asset_words.hpp; only of the newest kAssetHitsMax hits
  bool is_trashed = false;
};
// Of a search so many are looked at, the newest: whoever has more hits says more.
inline constexpr std::int64_t kAssetHitsMax = 5'000;

struct AssetQuery {
  AssetFilter filter = {};
  AssetSort sort = AssetSort::newest;
  std::string after = {};       // `next` of the page before; "": from the beginning
  std::int64_t skip_count = 0;  // so many after that are passed over: a jump, which reads the index alone
  std::size_t count_max = 50;
  bool wants_total = false;
};

struct AssetPage {
  std::vector<Asset> items;
  std::string next;                        // cursor of the next page; empty at the end
  std::optional<std::int64_t> total = {};  // of all that fit the filter; as of the same moment
};

// Lists of assets. Every one is read by an index: by the sort's, or by that of the tag, the origin or the words asked
// for. Of the principal's own alone.
class AssetLists {
 public:
  explicit AssetLists(Database& database) : database_(database) {}
  // Errors: a cursor that is none of this sort.
  Task<Result<AssetPage>> list(Principal principal, AssetQuery query);
  // Its statements: the page, with one row more than asked for where there is a next, and the total.
  static Result<Statement> select_page(Principal principal, const AssetQuery& query);
  static Statement select_total(Principal principal, const AssetFilter& filter);

 private:
  Database& database_;
};

}  // namespace atelier::store

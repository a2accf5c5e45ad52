#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace atelier::store {

// A message or production that may name other assets than it did.
struct AssetUseChange {
  std::int64_t position = 0;
  std::string kind;         // thread, production
  std::string subject;      // the thread's or production's id
  std::int64_t number = 0;  // of the message; 0: a production
};

struct AssetUseCounts {
  std::int64_t threads = 0, productions = 0;
  bool any() const noexcept { return threads + productions > 0; }
};

// What shows or uses assets: messages of threads, and productions. Triggers note what changed; whoever asks for uses
// takes up the notes first (studio/library/asset_uses.hpp).
class AssetUses {
 public:
  // Oldest first.
  static Statement select_changes(std::int64_t count_max);
  static std::vector<AssetUseChange> changes_of(const Rows& rows);
  // The JSON that a change is about, as it is now; no row where it is gone.
  static Statement select_text(const AssetUseChange& change);
  // Replaces what it named by what it names now, and forgets the change.
  static std::vector<Statement> set(const AssetUseChange& change, const std::vector<std::string>& assets);
  // Of an asset: kind, and how many threads or productions.
  static Statement select_counts(std::string_view asset);
  static AssetUseCounts counts_of(const Rows& rows);
};

// The ids in a JSON text's members "asset_id".
std::vector<std::string> assets_named_in(std::string_view json);

}  // namespace atelier::store

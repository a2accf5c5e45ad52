#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "store/database.hpp"
#include "store/work_pool.hpp"
#include "studio/chat/message.hpp"
#include "studio/chat/search/index.hpp"
#include "studio/chat/search/snippet.hpp"

namespace atelier::studio {

inline constexpr std::int64_t kSearchHitsMax = 50;

struct ThreadHit {
  ThreadId thread;
  std::string title;  // of the thread
  std::int64_t number = 0;
  MessageRole role = MessageRole::user;
  UnixMs created_ms = 0;
  Snippet snippet;
};

struct SearchAnswer {
  std::vector<ThreadHit> items;  // best first: what fits well and is not long ago
  std::vector<Correction> corrections;
  bool is_complete = true;  // false: the index is being built, and more may be found later
};
// As the API tells it (src/api/README.md): places in a snippet are counted as JavaScript counts, in UTF-16.
json::Value to_json(const SearchAnswer& answer);

// Finds messages of all of a principal's threads by their words. The index says which they may be; what is told was
// read in studio.db, belongs to the principal and has the words. Thread-safe.
class ThreadSearch {
 public:
  // `database` is studio.db. Snippets are made on `pool`.
  ThreadSearch(store::Database& database, store::WorkPool& pool, SearchIndex& index)
      : database_(database), pool_(pool), index_(index) {}
  // `text` as parse_search() reads it; `count` from 1 to kSearchHitsMax.
  Task<Result<SearchAnswer>> search(Principal principal, std::string text, std::size_t count);

 private:
  store::Database& database_;
  store::WorkPool& pool_;
  SearchIndex& index_;
};

}  // namespace atelier::studio

#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task.hpp"
#include "studio/chat/search/query.hpp"

namespace atelier::studio {

// A message that an index takes for a hit. Whether it still is one is seen by its text.
struct Candidate {
  ThreadId thread;
  std::int64_t number = 0;
  double score = 0;  // higher is better; of one query alone
};

// A word that was taken for others, since it is in no message, or in hardly any.
struct Correction {
  std::string word;
  std::vector<std::string> taken_for;
};

struct Candidates {
  std::vector<Candidate> items;      // best first
  std::vector<ClauseForms> clauses;  // what each of the query's was taken for
  std::vector<Correction> corrections;
  bool is_complete = true;  // false: some messages are not in the index yet
};

// Where words lead to messages. What it knows can be rebuilt from the messages. Ours is SQLite's full-text search in
// telemetry.db (fts_index.hpp); a database that has such a search itself may stand here as well. Thread-safe.
class SearchIndex {
 public:
  virtual ~SearchIndex() = default;
  // At most `count_max`, of the principal's messages alone.
  virtual Task<Result<Candidates>> find(Principal principal, SearchQuery query, std::size_t count_max) = 0;
  // Until cancelled: follows what becomes of the messages.
  virtual Task<Result<>> run() = 0;
};

}  // namespace atelier::studio

#include "store/migrations.hpp"

namespace atelier::store::migration {

// What a branch said up to a message, in few words. What is made from messages is stored only if none of them was
// written anew meanwhile: rewrite_count tells.
const Migration kSummaries{13, "summaries", R"sql(
CREATE TABLE thread_summaries (
  thread TEXT NOT NULL,
  upto INTEGER NOT NULL,
  model TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  text TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (thread, upto)
) STRICT, WITHOUT ROWID;
ALTER TABLE threads ADD COLUMN rewrite_count INTEGER NOT NULL DEFAULT 0;
)sql"};

}  // namespace atelier::store::migration

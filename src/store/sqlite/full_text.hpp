#pragma once

#include "base/error.hpp"

struct sqlite3;
struct fts5_api;

namespace atelier::store::sqlite {

// SQLite's full-text extension, of a connection in memory that lives as long as the process: for its tokenizers.
// nullptr: this SQLite was built without.
fts5_api* full_text_of_process();

// Adds weighted_score(table, weights) to a connection: how well the row at hand fits, as BM25 says, where `weights` are
// the phrases' inverse document frequencies in their order, "1.5 0.2". SQLite's own bm25() counts each phrase's
// documents first, which for a common word among a million rows takes longer than everything else.
Result<> add_weighted_score(sqlite3* connection);

}  // namespace atelier::store::sqlite

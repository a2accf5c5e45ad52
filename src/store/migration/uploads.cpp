#include "store/migrations.hpp"

namespace atelier::store::migration {

// Uploads that come in pieces. How much of one is there is the size of its file, and stands nowhere else. Once it is
// whole its bytes are a blob, of that `digest`; `asset` is what came of it, kept for a while for a client that did not
// hear of the end.
const Migration kUploads{21, "uploads", R"sql(
CREATE TABLE uploads (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  digest TEXT NOT NULL DEFAULT '',
  asset TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX uploads_by_owner ON uploads (owner, asset, size_bytes);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms, id);
)sql"};

}  // namespace atelier::store::migration

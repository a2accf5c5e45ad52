#include "store/migrations.hpp"

namespace atelier::store::migration {

// Lists are read newest first, by owner: ULIDs rise with time, so (owner, id) is also the order of creation.
const Migration kCore{1, "core", R"sql(
CREATE TABLE meta (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
  created_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_by_name ON users (name);
INSERT INTO users (id, name, role, created_ms) VALUES ('00000000000000000000000001', 'local', 'admin', 0);

CREATE TABLE access_keys (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER,
  revoked_ms INTEGER
) STRICT;
CREATE INDEX access_keys_by_owner ON access_keys (owner, id);

CREATE TABLE sessions (
  hash BLOB PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_owner ON sessions (owner);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE assets (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  digest TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}',
  created_ms INTEGER NOT NULL,
  deleted_ms INTEGER
) STRICT;
CREATE INDEX assets_by_owner ON assets (owner, id) WHERE deleted_ms IS NULL;
CREATE INDEX assets_by_digest ON assets (digest);
CREATE INDEX assets_deleted ON assets (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE productions (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  title TEXT NOT NULL,
  revision INTEGER NOT NULL,
  document TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  deleted_ms INTEGER,
  last_run TEXT,
  video_asset TEXT
) STRICT;
CREATE INDEX productions_by_owner ON productions (owner, id) WHERE deleted_ms IS NULL;
CREATE INDEX productions_by_change ON productions (owner, updated_ms, id) WHERE deleted_ms IS NULL;
)sql"};

}  // namespace atelier::store::migration

#include "store/migrations.hpp"

namespace atelier::store::migration {

// What a library of many assets is searched, sorted and put in order by. Lists are read by one of three indexes, one a
// sort, which hold whatever lists are filtered by: passing over what does not fit reads no row. `folded` is the name as
// it is sorted. What an asset was made from, and with what, is written once.
//
// asset_search finds assets by their words and holds no text, which asset_words does: an entry is taken out again by
// what went in. No triggers fill it, since SQLite 3.40 calls FTS5 unsafe in a schema: an asset whose words_revision is
// another than its read_revision is still to be read (store/asset_words.hpp). Entries go by a number of their own: a
// copy of the file may number the rows of assets anew.
const Migration kLibrary{18, "library", R"sql(
ALTER TABLE assets ADD COLUMN folder TEXT NOT NULL DEFAULT '';
ALTER TABLE assets ADD COLUMN is_trashed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assets ADD COLUMN trashed_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assets ADD COLUMN origin TEXT NOT NULL DEFAULT 'upload' CHECK (origin IN ('upload', 'run', 'thread'));
ALTER TABLE assets ADD COLUMN origin_id TEXT NOT NULL DEFAULT '';
ALTER TABLE assets ADD COLUMN folded TEXT NOT NULL DEFAULT '';
ALTER TABLE assets ADD COLUMN words_revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE assets ADD COLUMN read_revision INTEGER NOT NULL DEFAULT 0;
UPDATE assets SET folded = lower(name);
UPDATE assets SET origin = 'run', origin_id = id WHERE id IN (SELECT run FROM renders);
DROP INDEX assets_by_owner;
CREATE INDEX assets_by_age ON assets (owner, is_trashed, id, kind, folder, origin, origin_id)
  WHERE deleted_ms IS NULL;
CREATE INDEX assets_by_size ON assets (owner, is_trashed, size_bytes, id, kind, folder, origin, origin_id)
  WHERE deleted_ms IS NULL;
CREATE INDEX assets_by_name ON assets (owner, is_trashed, folded, id, kind, folder, origin, origin_id)
  WHERE deleted_ms IS NULL;
CREATE INDEX assets_by_origin ON assets (owner, origin_id, is_trashed, id)
  WHERE origin_id <> '' AND deleted_ms IS NULL;
CREATE INDEX assets_in_folders ON assets (owner, folder) WHERE folder <> '' AND deleted_ms IS NULL;
CREATE INDEX assets_in_trash ON assets (trashed_ms, id) WHERE is_trashed = 1 AND deleted_ms IS NULL;
CREATE INDEX assets_unread ON assets (owner, id) WHERE read_revision <> words_revision AND deleted_ms IS NULL;

CREATE TABLE asset_folders (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  place INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX asset_folders_by_owner ON asset_folders (owner, place, id);

CREATE TABLE asset_tags (
  owner TEXT NOT NULL,
  tag TEXT NOT NULL,
  asset TEXT NOT NULL,
  is_trashed INTEGER NOT NULL,
  PRIMARY KEY (owner, tag, asset)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_tags_by_asset ON asset_tags (asset, tag);

CREATE TABLE asset_lineage (
  asset TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt TEXT NOT NULL,
  parameters TEXT NOT NULL,
  seed INTEGER,
  cost INTEGER,
  run TEXT NOT NULL,
  step TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE asset_sources (
  asset TEXT NOT NULL,
  place INTEGER NOT NULL,
  source TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (asset, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_sources_by_source ON asset_sources (source, asset);

CREATE TABLE asset_words (
  number INTEGER PRIMARY KEY,
  asset TEXT NOT NULL UNIQUE,
  words TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE asset_search USING fts5(words, content = '', tokenize = 'ascii');
CREATE TRIGGER asset_trashed AFTER UPDATE OF is_trashed ON assets WHEN old.is_trashed <> new.is_trashed BEGIN
  UPDATE asset_tags SET is_trashed = new.is_trashed WHERE asset = new.id;
END;
CREATE TRIGGER asset_deleted AFTER UPDATE OF deleted_ms ON assets WHEN new.deleted_ms IS NOT NULL BEGIN
  DELETE FROM asset_tags WHERE asset = new.id;
END;
CREATE TRIGGER asset_forgotten AFTER DELETE ON assets BEGIN
  DELETE FROM asset_lineage WHERE asset = old.id;
  DELETE FROM asset_sources WHERE asset = old.id;
END;
)sql"};

}  // namespace atelier::store::migration

#include "store/migrations.hpp"

namespace atelier::store::migration {

// A thread's messages are numbered from 1 in the order they were added, whatever their branch; a parent's number is
// always the lower one, so that no circle can be stored. What they say is apart: walking a branch, or reading the
// tree's shape, does not read it. What an answer that is being made has said since its row was written stands in
// message_deltas, row after row, until the answer ends.
const Migration kChat{8, "chat", R"sql(
CREATE TABLE thread_folders (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  place INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX thread_folders_by_owner ON thread_folders (owner, place, id);

CREATE TABLE threads (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  title TEXT NOT NULL,
  has_own_title INTEGER NOT NULL,
  model TEXT NOT NULL,
  system TEXT NOT NULL,
  parameters TEXT NOT NULL,
  folder TEXT NOT NULL,
  tags TEXT NOT NULL,
  is_pinned INTEGER NOT NULL,
  is_archived INTEGER NOT NULL,
  expires_ms INTEGER,
  head INTEGER NOT NULL,
  message_count INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  used_ms INTEGER NOT NULL,
  deleted_ms INTEGER
) STRICT;
CREATE INDEX threads_by_use ON threads (owner, is_archived, is_pinned, used_ms, id) WHERE deleted_ms IS NULL;
CREATE INDEX threads_by_folder ON threads (owner, folder, is_archived, is_pinned, used_ms, id)
  WHERE deleted_ms IS NULL;
CREATE INDEX threads_expiring ON threads (expires_ms) WHERE expires_ms IS NOT NULL AND deleted_ms IS NULL;
CREATE INDEX threads_deleted ON threads (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE messages (
  thread TEXT NOT NULL,
  number INTEGER NOT NULL,
  owner TEXT NOT NULL,
  parent INTEGER NOT NULL CHECK (parent < number),
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
  state TEXT NOT NULL CHECK (state IN ('complete', 'queued', 'answering', 'stopped', 'interrupted', 'failed')),
  model TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (thread, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_by_parent ON messages (thread, parent, number);
CREATE INDEX messages_open ON messages (thread, number) WHERE state IN ('queued', 'answering');

CREATE TABLE message_texts (
  thread TEXT NOT NULL,
  number INTEGER NOT NULL,
  parts TEXT NOT NULL,
  report TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_texts_by_number ON message_texts (thread, number);

CREATE TABLE message_deltas (
  thread TEXT NOT NULL,
  number INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  deltas TEXT NOT NULL,
  PRIMARY KEY (thread, number, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_keys (
  thread TEXT NOT NULL,
  key TEXT NOT NULL,
  wanted TEXT NOT NULL,
  number INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (thread, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_keys_by_age ON message_keys (created_ms);
)sql"};

}  // namespace atelier::store::migration

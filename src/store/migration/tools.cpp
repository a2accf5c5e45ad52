#include "store/migrations.hpp"

namespace atelier::store::migration {

// What a model may call: whoever is asked may allow it in one thread, or always. And an answer may wait for that: a
// table's CHECK cannot be changed, so messages is made anew with one more state. Nothing refers to it by a key.
const Migration kTools{14, "tools", R"sql(
CREATE TABLE tool_grants (
  owner TEXT NOT NULL REFERENCES users (id),
  tool TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (owner, tool)
) STRICT, WITHOUT ROWID;
CREATE TABLE thread_tool_grants (
  thread TEXT NOT NULL,
  tool TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (thread, tool)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages_with_waiting (
  thread TEXT NOT NULL,
  number INTEGER NOT NULL,
  owner TEXT NOT NULL,
  parent INTEGER NOT NULL CHECK (parent < number),
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
  state TEXT NOT NULL
    CHECK (state IN ('complete', 'queued', 'answering', 'waiting', 'stopped', 'interrupted', 'failed')),
  model TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (thread, number)
) STRICT, WITHOUT ROWID;
INSERT INTO messages_with_waiting (thread, number, owner, parent, role, state, model, tokens, created_ms)
  SELECT thread, number, owner, parent, role, state, model, tokens, created_ms FROM messages ORDER BY thread, number;
DROP TABLE messages;
ALTER TABLE messages_with_waiting RENAME TO messages;
CREATE INDEX messages_by_parent ON messages (thread, parent, number);
CREATE INDEX messages_open ON messages (thread, number) WHERE state IN ('queued', 'answering');
CREATE INDEX messages_waiting ON messages (thread, number) WHERE state = 'waiting';
)sql"};

}  // namespace atelier::store::migration

#include "store/migrations.hpp"

namespace atelier::store::migration {

// Clients of the AI SDK's protocol have ids of their own for a chat and for what is said in it. A user's message that
// is edited keeps its id: the row says the last one.
const Migration kClientChats{9, "client_chats", R"sql(
CREATE TABLE client_chats (
  owner TEXT NOT NULL REFERENCES users (id),
  id TEXT NOT NULL,
  thread TEXT NOT NULL,
  PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_chats_by_thread ON client_chats (thread);

CREATE TABLE client_messages (
  thread TEXT NOT NULL,
  id TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (thread, id)
) STRICT, WITHOUT ROWID;
)sql"};

}  // namespace atelier::store::migration

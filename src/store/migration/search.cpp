#include "store/migrations.hpp"

namespace atelier::store::migration {

// Which messages' texts were added, changed or deleted, in the order of their commits: what an index of them reads on
// from. By triggers, so that no writer can forget it. `position` is the rowid without AUTOINCREMENT, as of the events:
// the newest row is never deleted. `stamp` tells a row from another history's under the same position, should one of
// the files be an older copy.
const Migration kMessageChanges{10, "message changes", R"sql(
CREATE TABLE message_changes (
  position INTEGER PRIMARY KEY,
  thread TEXT NOT NULL,
  number INTEGER NOT NULL,
  stamp INTEGER NOT NULL DEFAULT (random())
) STRICT;
CREATE TRIGGER message_text_added AFTER INSERT ON message_texts BEGIN
  INSERT INTO message_changes (thread, number) VALUES (new.thread, new.number);
END;
CREATE TRIGGER message_text_changed AFTER UPDATE OF parts ON message_texts WHEN old.parts <> new.parts BEGIN
  INSERT INTO message_changes (thread, number) VALUES (new.thread, new.number);
END;
CREATE TRIGGER message_text_deleted AFTER DELETE ON message_texts BEGIN
  INSERT INTO message_changes (thread, number) VALUES (old.thread, old.number);
END;
)sql"};

// The index that finds messages by their words (studio/chat/search). It holds no text: an entry of search_index is the
// words of one message, each with its owner's mark before it, and search_messages says which message that is. An entry
// cannot be taken out again; the row of search_messages is, and an entry without one is `dead`. Of each owner's words
// search_words knows in about how many messages they are. Owners and threads have short numbers here.
const Migration kSearch{5, "search", R"sql(
CREATE TABLE search_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  position INTEGER NOT NULL,
  stamp INTEGER NOT NULL,
  fill_below INTEGER NOT NULL,
  next_id INTEGER NOT NULL,
  dead INTEGER NOT NULL
) STRICT;
CREATE TABLE search_owners (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  messages INTEGER NOT NULL
) STRICT;
CREATE TABLE search_threads (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE search_messages (
  id INTEGER PRIMARY KEY,
  thread INTEGER NOT NULL,
  number INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX search_messages_by_number ON search_messages (thread, number);
CREATE TABLE search_words (
  owner INTEGER NOT NULL,
  word TEXT NOT NULL,
  messages INTEGER NOT NULL,
  PRIMARY KEY (owner, word)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE search_index USING fts5 (words, content = '', tokenize = 'ascii');
)sql"};

}  // namespace atelier::store::migration

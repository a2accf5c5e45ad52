#include "store/migrations.hpp"

namespace atelier::store::migration {

// `position` is the rowid without AUTOINCREMENT: the one writer gives max + 1, and trimming always leaves the newest
// row, so positions are contiguous and in commit order. A topic's number survives trimming in event_topics.
const Migration kEvents{2, "events", R"sql(
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  topic TEXT NOT NULL,
  number INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_topic ON events (owner, topic, number);
CREATE INDEX events_by_owner ON events (owner, position);

CREATE TABLE event_topics (
  owner TEXT NOT NULL,
  topic TEXT NOT NULL,
  last_number INTEGER NOT NULL,
  PRIMARY KEY (owner, topic)
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('epoch', lower(hex(randomblob(8))));
)sql"};

}  // namespace atelier::store::migration

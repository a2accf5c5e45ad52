#include "store/migrations.hpp"

namespace atelier::store::migration {

// The call log. `number` is the rowid: rows are appended at the right edge, and stand nearly in the order of time, in
// which they are deleted. Attempts are a list in JSON where there is more to tell of them than the row itself does.
// Sums by day are kept apart, so that what was used and paid is known after the calls themselves are gone, and is read
// without going through them. One index alone, since every call pays for it: a key's calls are found among its owner's,
// who mostly has no other. A text's size stands before it, where reading it does not read the text.
//
// Costs are picodollars; NULL is unknown. A day is counted from 1970 in UTC. A key that is no key ('') is the open
// studio.
const Migration kCalls{1, "calls", R"sql(
CREATE TABLE calls (
  number INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  face TEXT NOT NULL,
  asked TEXT NOT NULL,
  route TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  status INTEGER NOT NULL,
  fault TEXT NOT NULL,
  flags INTEGER NOT NULL,
  attempt_count INTEGER NOT NULL,
  attempts TEXT,
  first_token_ms INTEGER,
  total_ms INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cached_read INTEGER NOT NULL,
  cached_write INTEGER NOT NULL,
  cached_write_hour INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  other_media TEXT,
  cost INTEGER,
  request_id TEXT NOT NULL,
  trace TEXT NOT NULL
) STRICT;
CREATE INDEX calls_by_owner ON calls (owner, number);

CREATE TABLE call_texts (
  number INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  owner TEXT NOT NULL,
  request TEXT NOT NULL,
  answer TEXT NOT NULL
) STRICT;

CREATE TABLE usage_days (
  day INTEGER NOT NULL,
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  calls INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  aborted INTEGER NOT NULL,
  cached INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cached_read INTEGER NOT NULL,
  cached_write INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  other_media INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  PRIMARY KEY (day, owner, key, provider, model)
) STRICT, WITHOUT ROWID;
)sql"};

// Of keys' rate limits: until when their buckets are not full, in nanoseconds of the wall clock since 1970. Here and
// not in studio.db, since they are written every second and a power cut may lose them.
const Migration kLimiterStates{2, "limiter states", R"sql(
CREATE TABLE limiter_states (
  key TEXT PRIMARY KEY NOT NULL,
  requests_full_at_ns INTEGER NOT NULL,
  tokens_full_at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"};

// Breakers that have tripped since their candidate's last success.
const Migration kBreakers{3, "breakers", R"sql(
CREATE TABLE breakers (
  candidate TEXT PRIMARY KEY NOT NULL,
  trips INTEGER NOT NULL,
  is_account INTEGER NOT NULL,
  open_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"};

// Responses that programs of OpenAI's protocol name by their ids afterwards. Each row is one turn of a conversation:
// its own input and the response, not what came before, which is reached through `previous`. A conversation goes by the
// id of its first turn, and is deleted as a whole, once nobody has gone on with it for long. Texts are apart: most of
// what is asked of a turn does not read them.
const Migration kKeptResponses{4, "kept responses", R"sql(
CREATE TABLE kept_responses (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  previous TEXT NOT NULL,
  root TEXT NOT NULL,
  turn INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  conversation_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_responses_by_root ON kept_responses (root, id, size_bytes);

CREATE TABLE kept_texts (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  input TEXT NOT NULL,
  response TEXT NOT NULL
) STRICT;

CREATE TABLE kept_items (
  key TEXT NOT NULL,
  item TEXT NOT NULL,
  owner TEXT NOT NULL,
  response TEXT NOT NULL,
  PRIMARY KEY (key, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_items_by_response ON kept_items (response);

CREATE TABLE kept_conversations (
  root TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_conversations_by_use ON kept_conversations (used_ms);
)sql"};

// What became of attempts through routes, by candidate and ten minutes (counted from 1970), for a day: shares are read
// from here, and never from the calls. What is old is found by its slot, and what is asked for by its route.
const Migration kRouteAttempts{6, "route attempts", R"sql(
CREATE TABLE route_attempts (
  route TEXT NOT NULL,
  candidate TEXT NOT NULL,
  slot INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  PRIMARY KEY (route, candidate, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX route_attempts_by_slot ON route_attempts (slot);
)sql"};

// Metrics over time: sixty points of a figure in a row, packed (watch/history/points.hpp). `start` is the number of the
// first in its tier, and what is old is found by it.
const Migration kFigures{7, "figures", R"sql(
CREATE TABLE figures (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE figure_blocks (
  figure INTEGER NOT NULL,
  tier INTEGER NOT NULL,
  start INTEGER NOT NULL,
  points BLOB NOT NULL,
  PRIMARY KEY (figure, tier, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX figure_blocks_by_age ON figure_blocks (tier, start);
)sql"};

}  // namespace atelier::store::migration

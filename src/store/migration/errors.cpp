#include "store/migrations.hpp"

namespace atelier::store::migration {

// What went wrong: errors that are one, by their fingerprint, with their last occurrences and the ids that those are
// found by (of requests, traces, runs). All three are bounded by who writes them (watch/error/inbox.hpp).
const Migration kErrors{9, "errors", R"sql(
CREATE TABLE error_groups (
  id TEXT PRIMARY KEY NOT NULL,
  severity TEXT NOT NULL,
  origin TEXT NOT NULL,
  message TEXT NOT NULL,
  code TEXT NOT NULL,
  place TEXT NOT NULL,
  route TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  resolved_ms INTEGER,
  returned_count INTEGER NOT NULL,
  first_version TEXT NOT NULL,
  last_version TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX error_groups_by_time ON error_groups (last_ms, id);

CREATE TABLE error_occurrences (
  id TEXT PRIMARY KEY NOT NULL,
  group_id TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  method TEXT NOT NULL,
  route TEXT NOT NULL,
  request_id TEXT NOT NULL,
  trace TEXT NOT NULL,
  version TEXT NOT NULL,
  build_id TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX error_occurrences_by_group ON error_occurrences (group_id, id);

CREATE TABLE error_references (
  reference TEXT NOT NULL,
  occurrence TEXT NOT NULL,
  group_id TEXT NOT NULL,
  PRIMARY KEY (reference, occurrence)
) STRICT, WITHOUT ROWID;
CREATE INDEX error_references_by_group ON error_references (group_id, occurrence);
)sql"};

}  // namespace atelier::store::migration

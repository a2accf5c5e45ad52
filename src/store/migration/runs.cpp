#include "store/migrations.hpp"

namespace atelier::store::migration {

// The graph engine's tables. A run belongs to the engine whose row it names; an engine that dies leaves its row, and
// whoever takes its runs over deletes it. What changes with every step (runs) is kept apart from what may be megabytes
// and never changes (run_graphs). Lists are read by owner, newest first, which is the primary key's order.
const Migration kRuns{3, "runs", R"sql(
CREATE TABLE engines (
  id TEXT PRIMARY KEY NOT NULL,
  started_ms INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  engine TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled')),
  priority INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  step_count INTEGER NOT NULL,
  done_count INTEGER NOT NULL,
  cached_count INTEGER NOT NULL,
  error TEXT,
  idempotency_key TEXT,
  PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_subject ON runs (owner, kind, subject, id);
CREATE INDEX runs_active ON runs (engine, id) WHERE state = 'running';
CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE run_graphs (
  run TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  graph TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
  run TEXT NOT NULL,
  node INTEGER NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'running', 'succeeded', 'failed', 'cancelled', 'unknown')),
  attempts INTEGER NOT NULL DEFAULT 0,
  kills INTEGER NOT NULL DEFAULT 0,
  interruptions INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  is_forced INTEGER NOT NULL DEFAULT 0,
  is_cached INTEGER NOT NULL DEFAULT 0,
  available_ms INTEGER NOT NULL DEFAULT 0,
  started_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  key BLOB,
  outputs TEXT,
  error TEXT,
  PRIMARY KEY (run, node)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
  key BLOB PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  outputs TEXT NOT NULL,
  made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX results_by_age ON results (made_ms);
)sql"};

}  // namespace atelier::store::migration

#include "store/migrations.hpp"

namespace atelier::store::migration {

// What people want made (a run each), and work at providers, by what it is of: owner, request and the files that go
// along. The row of a piece of work outlives the run that began it, so that another that wants the same, or the same
// again after a crash, finds the job and does not pay twice.
const Migration kGenerations{19, "generations", R"sql(
CREATE TABLE generations (
  owner TEXT NOT NULL,
  run TEXT NOT NULL,
  kind TEXT NOT NULL,
  model TEXT NOT NULL,
  request TEXT NOT NULL,
  inputs TEXT NOT NULL,
  estimate INTEGER,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (owner, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX generations_by_kind ON generations (owner, kind, run);

CREATE TABLE media_jobs (
  key TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  run TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('intended', 'submitted', 'done', 'failed', 'unknown', 'cancelled')),
  candidate TEXT NOT NULL,
  submission TEXT NOT NULL,
  provider TEXT NOT NULL,
  job_id TEXT NOT NULL,
  job TEXT NOT NULL,
  result TEXT NOT NULL,
  words TEXT NOT NULL,
  cost INTEGER,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_jobs_by_run ON media_jobs (owner, run);
CREATE INDEX media_jobs_by_job ON media_jobs (provider, job_id) WHERE job_id <> '';
CREATE INDEX media_jobs_open ON media_jobs (key) WHERE state IN ('intended', 'submitted');
)sql"};

}  // namespace atelier::store::migration

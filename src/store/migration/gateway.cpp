#include "store/migrations.hpp"

namespace atelier::store::migration {

// What the gateway needs: what a key may do and spend, who is called with which sealed key, and routes.
//
// An allowance's row says how much of a period was handed out for spending (`leased`) and how much of that was really
// spent
// (`settled`), in picodollars. What is between the two belongs to a running process, or was lost with one that was
// killed, and counts as spent.
//
// Providers and routes are the studio's, not a user's: no owner.
const Migration kGateway{5, "gateway", R"sql(
ALTER TABLE access_keys ADD COLUMN models TEXT NOT NULL DEFAULT '[]';
ALTER TABLE access_keys ADD COLUMN routes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE access_keys ADD COLUMN expires_ms INTEGER;
ALTER TABLE access_keys ADD COLUMN requests_per_minute INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN tokens_per_minute INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN concurrent_max INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN day_allowance INTEGER;
ALTER TABLE access_keys ADD COLUMN month_allowance INTEGER;
ALTER TABLE access_keys ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE TABLE allowances (
  key TEXT NOT NULL,
  period TEXT NOT NULL,
  owner TEXT NOT NULL,
  leased INTEGER NOT NULL,
  settled INTEGER NOT NULL,
  PRIMARY KEY (key, period)
) STRICT, WITHOUT ROWID;
CREATE INDEX allowances_by_period ON allowances (period);

CREATE TABLE providers (
  name TEXT PRIMARY KEY NOT NULL,
  preset TEXT NOT NULL,
  base_url TEXT NOT NULL,
  sealed_key BLOB,
  key_variable TEXT NOT NULL,
  options TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE routes (
  name TEXT PRIMARY KEY NOT NULL,
  definition TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"};

}  // namespace atelier::store::migration

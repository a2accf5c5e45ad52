#include "store/migrations.hpp"

namespace atelier::store::migration {

// Webhooks, out and in.
//
// Out: what happens goes into the outbox in the commit that makes it happen, by triggers, so that whoever changes a run
// or keeps an asset need not know of webhooks; nothing is written where no endpoint of the owner wants it. `types` is a
// set of bits (studio/webhook/event_type.hpp). The outbox becomes one delivery for each endpoint, which holds the bytes
// that are signed and sent, attempt by attempt.
//
// In: what providers said of jobs, once each. It is kept for as long as the same may come again.
const Migration kWebhooks{17, "webhooks", R"sql(
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  url TEXT NOT NULL,
  note TEXT NOT NULL,
  types INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL,
  trouble TEXT NOT NULL,
  sealed BLOB NOT NULL,
  failing_since_ms INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_endpoints_by_owner ON webhook_endpoints (owner, id);
CREATE INDEX webhook_endpoints_enabled ON webhook_endpoints (owner, types) WHERE is_enabled = 1;

CREATE TABLE webhook_outbox (
  position INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_deliveries (
  id TEXT PRIMARY KEY NOT NULL,
  endpoint TEXT NOT NULL,
  owner TEXT NOT NULL,
  message TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint, due_ms) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (endpoint, id) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_ms) WHERE state <> 'waiting';

CREATE TABLE webhook_attempts (
  delivery TEXT NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  took_ms INTEGER NOT NULL,
  status INTEGER NOT NULL,
  problem TEXT NOT NULL,
  answer TEXT NOT NULL,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER webhook_run_ended AFTER UPDATE OF state ON runs
WHEN OLD.state = 'running' AND NEW.state <> 'running' AND EXISTS (
  SELECT 1 FROM webhook_endpoints WHERE owner = NEW.owner AND is_enabled = 1
  AND (types & CASE NEW.state WHEN 'succeeded' THEN 1 WHEN 'failed' THEN 2 ELSE 4 END) <> 0)
BEGIN
  INSERT INTO webhook_outbox (owner, type, subject, at_ms)
  VALUES (NEW.owner, 'run.' || NEW.state, NEW.id, NEW.ended_ms);
END;
CREATE TRIGGER webhook_asset_created AFTER INSERT ON assets
WHEN EXISTS (
  SELECT 1 FROM webhook_endpoints WHERE owner = NEW.owner AND is_enabled = 1 AND (types & 8) <> 0)
BEGIN
  INSERT INTO webhook_outbox (owner, type, subject, at_ms)
  VALUES (NEW.owner, 'asset.created', NEW.id, NEW.created_ms);
END;

CREATE TABLE webhook_inbox (
  position INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  event TEXT NOT NULL,
  job TEXT NOT NULL,
  own_job TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  heard_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'told')),
  tries INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX webhook_inbox_by_event ON webhook_inbox (provider, event);
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (due_ms) WHERE state = 'waiting';

CREATE TABLE webhook_keys (
  name TEXT PRIMARY KEY NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
)sql"};

}  // namespace atelier::store::migration

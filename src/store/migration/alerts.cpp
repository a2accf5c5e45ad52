#include "store/migrations.hpp"

namespace atelier::store::migration {

// What was wrong and is, and what nobody wants to hear of for now. A thousand rows at most, so that nothing but the id
// needs an index. `details` (JSON) has figures, turns and evidence, which are read with a row and never asked for.
const Migration kAlerts{8, "alerts", R"sql(
CREATE TABLE alerts (
  id TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  severity TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('firing', 'resolved')),
  cause TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  resolved_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  details TEXT NOT NULL
) STRICT;

CREATE TABLE alert_silences (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  made_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
)sql"};

}  // namespace atelier::store::migration

#include "store/migrations.hpp"

namespace atelier::store::migration {

// What a production looked like when it was rendered, and what came of it. `result` is NULL until the run published.
const Migration kRenders{4, "renders", R"sql(
CREATE TABLE renders (
  run TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  production TEXT NOT NULL REFERENCES productions (id),
  document TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  result TEXT
) STRICT;
CREATE INDEX renders_by_production ON renders (owner, production, run);
)sql"};

}  // namespace atelier::store::migration

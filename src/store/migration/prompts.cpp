#include "store/migrations.hpp"

namespace atelier::store::migration {

// What people keep to say again, by name. `folded` is the name as it is compared and sorted.
const Migration kPrompts{15, "prompts", R"sql(
CREATE TABLE prompts (
  id TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  folded TEXT NOT NULL,
  body TEXT NOT NULL,
  folder TEXT NOT NULL,
  tags TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX prompts_by_name ON prompts (owner, folded);
)sql"};

}  // namespace atelier::store::migration

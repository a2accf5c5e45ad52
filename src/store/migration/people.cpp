#include "store/migrations.hpp"

namespace atelier::store::migration {

// People among the users: whoever signs in by a name of their own (`login`, as it is compared; NULL once deleted). A
// deleted one's row stays, without anything personal, for what refers to it; `emptied_ms` says that nothing of theirs
// is left. Sessions are told to their users under an id, since their own key is a secret's hash; `opened_with` is the
// access key, "" where that is not recorded, 'password' for a person's.
const Migration kPeople{12, "people", R"sql(
ALTER TABLE users ADD COLUMN is_person INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN login TEXT;
ALTER TABLE users ADD COLUMN password TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN disabled_ms INTEGER;
ALTER TABLE users ADD COLUMN deleted_ms INTEGER;
ALTER TABLE users ADD COLUMN emptied_ms INTEGER;
ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX users_by_login ON users (login) WHERE login IS NOT NULL;
CREATE INDEX users_people ON users (id) WHERE is_person = 1 AND deleted_ms IS NULL;
CREATE INDEX users_in_charge ON users (id)
  WHERE is_person = 1 AND role = 'admin' AND deleted_ms IS NULL AND disabled_ms IS NULL;
CREATE INDEX users_out ON users (id) WHERE disabled_ms IS NOT NULL;
CREATE INDEX users_to_empty ON users (deleted_ms) WHERE deleted_ms IS NOT NULL AND emptied_ms IS NULL;

ALTER TABLE sessions ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN used_ms INTEGER;
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN opened_with TEXT NOT NULL DEFAULT '';
UPDATE sessions SET id = '0' || lower(hex(randomblob(12))) || '0';
CREATE UNIQUE INDEX sessions_by_id ON sessions (id);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  owner TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
  note TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  uses_max INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  revoked_ms INTEGER
) STRICT;
CREATE INDEX invitations_by_expiry ON invitations (expires_ms);
)sql"};

}  // namespace atelier::store::migration

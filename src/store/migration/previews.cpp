#include "store/migrations.hpp"

namespace atelier::store::migration {

// What is shown of assets in place of them, by what they are of: two assets of the same bytes share theirs. A row
// without a digest says that there is none, and why. An asset's state is that of what everybody sees of it, kept with
// it so that lists need no second look and what is still to be made is found at once.
const Migration kPreviews{16, "previews", R"sql(
CREATE TABLE previews (
  original TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  problem TEXT NOT NULL,
  media_type TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (original, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE assets ADD COLUMN preview_state TEXT NOT NULL DEFAULT 'pending'
  CHECK (preview_state IN ('none', 'pending', 'ready', 'refused'));
ALTER TABLE assets ADD COLUMN preview_problem TEXT NOT NULL DEFAULT '';
UPDATE assets SET preview_state = 'none' WHERE kind = 'document';
CREATE INDEX assets_without_previews ON assets (id) WHERE preview_state = 'pending' AND deleted_ms IS NULL;
)sql"};

}  // namespace atelier::store::migration

#include "store/migrations.hpp"

namespace atelier::store::migration {

// Which files a published render shows, so that one can ask of a file who shows it.
const Migration kRenderFiles{7, "render_files", R"sql(
CREATE TABLE render_files (
  digest TEXT NOT NULL,
  run TEXT NOT NULL REFERENCES renders (run),
  PRIMARY KEY (digest, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX render_files_by_run ON render_files (run);
INSERT OR IGNORE INTO render_files (digest, run)
  SELECT json_extract(file.value, '$.digest'), renders.run FROM renders, json_each(renders.result, '$.files') AS file WHERE renders.result IS NOT NULL;
CREATE INDEX productions_deleted ON productions (deleted_ms) WHERE deleted_ms IS NOT NULL;
CREATE INDEX renders_of_production ON renders (production);
)sql"};

}  // namespace atelier::store::migration

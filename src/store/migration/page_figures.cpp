#include "store/migrations.hpp"

namespace atelier::store::migration {

// What browsers measured of pages (watch/page/page_windows.hpp): how often a figure fell into which bucket, by hour for
// two days and by day for longer. A window is read as one range of one tier.
const Migration kPageFigures{12, "page figures", R"sql(
CREATE TABLE page_figures (
  tier INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  metric TEXT NOT NULL,
  page TEXT NOT NULL,
  device TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (tier, slot, metric, page, device, bucket)
) STRICT, WITHOUT ROWID;
)sql"};

}  // namespace atelier::store::migration

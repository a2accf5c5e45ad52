#include "store/migrations.hpp"

namespace atelier::store::migration {

// When which version of the studio was started: figures of one are compared with those of the one before.
const Migration kStarts{10, "starts", R"sql(
CREATE TABLE starts (
  number INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  version TEXT NOT NULL,
  build TEXT NOT NULL
) STRICT;
)sql"};

}  // namespace atelier::store::migration

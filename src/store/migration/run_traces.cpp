#include "store/migrations.hpp"

namespace atelier::store::migration {

// In which trace a run was asked for, so that what it does after a restart is found in the same one.
const Migration kRunTraces{22, "run traces", R"sql(
ALTER TABLE runs ADD COLUMN trace TEXT;
)sql"};

}  // namespace atelier::store::migration

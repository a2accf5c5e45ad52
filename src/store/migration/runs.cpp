#include "store/migrations.hpp"

namespace atelier::store::migration {

// The graph engine's tables.
const Migration kRuns{3, "runs", R"sql(
)sql"};

}  // namespace atelier::store::migration

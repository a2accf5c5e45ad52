#pragma once

#include "base/id.hpp"
#include "base/task.hpp"
#include "store/asset_uses.hpp"

namespace atelier::studio {

// Takes up what changed since, some of it; true: there is more. Two at once do no harm.
Task<Result<bool>> follow_asset_uses(store::Database* database);

// Of an asset, with all that was said and written before: by how many threads and productions it is shown or used.
Task<Result<store::AssetUseCounts>> count_asset_uses(store::Database* database, AssetId id);

}  // namespace atelier::studio

#pragma once

#include <vector>

#include "base/task.hpp"
#include "store/database.hpp"
#include "watch/alert/look.hpp"

namespace atelier::watch {

// Queues that lie in studio.db: how long they are, and since when their first waits.
Task<Result<std::vector<QueueState>>> read_queues(store::Database* database, UnixMs now_ms);

}  // namespace atelier::watch

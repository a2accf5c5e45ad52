#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "watch/alert/look.hpp"

namespace atelier::watch {

// Queues that lie in studio.db: how long they are, and since when their first waits.
Task<Result<std::vector<QueueState>>> read_queues(store::Database* database, UnixMs now_ms);
// Those in the memory of this process.
std::vector<QueueState> living_queues(UnixMs now_ms);

// How long queues are and how old their first is, as metrics: for the history, and for who looks at them all.
class QueueGauges {
 public:
  static constexpr std::string_view kWaiting = "atelier_queue_waiting_items", kOldest = "atelier_queue_oldest_seconds";

  // Known from the start, whether or not anybody looks at a queue.
  explicit QueueGauges(Metrics& metrics);
  // A queue that is there no more is empty.
  void set(const std::vector<QueueState>& queues, UnixMs now_ms);

 private:
  Metrics& metrics_;
  std::set<std::string> known_;
};

}  // namespace atelier::watch

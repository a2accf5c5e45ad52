#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace atelier::store {

struct WorkPoolReport {
  std::string name;
  std::size_t thread_count = 0, busy_count = 0;
  std::size_t queued_count = 0, queue_max = 0;
};

// What all work pools of this process do at this moment, those of databases and blobs too; those of one name together.
// By name. Thread-safe.
std::vector<WorkPoolReport> report_work_pools();

}  // namespace atelier::store

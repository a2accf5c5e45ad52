#pragma once

#include <optional>
#include <vector>

#include "base/task.hpp"
#include "store/database.hpp"
#include "watch/objective/objective.hpp"

namespace atelier::watch {

// When which version of the studio was started, in telemetry.db: kept as long as figures are, and at most 1000.
class Starts {
 public:
  explicit Starts(store::Database& telemetry) : database_(telemetry) {}

  // Stores one, and deletes what is old.
  Task<Result<>> add(DeployMark mark);
  // The newest first, at most `count_max`.
  Task<Result<std::vector<DeployMark>>> read(std::int64_t count_max);

 private:
  store::Database& database_;
};

// Since when the newest of the marks (newest first) is what runs, and whether another was there before; nullopt: there
// are no marks, or all are of one build.
std::optional<UnixMs> running_since(const std::vector<DeployMark>& marks);

}  // namespace atelier::watch

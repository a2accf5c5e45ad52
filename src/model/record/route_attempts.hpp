#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/task.hpp"
#include "model/record/call_record.hpp"
#include "store/database.hpp"

// Which candidates of a route were tried, and which answered: kept for a day in slots of ten minutes, so that asking
// reads no call.
namespace atelier::model {

// Calls added up on their way to route_attempts. Calls that found no room in the log's queue are missing: shares are
// those of the rest. Not thread-safe.
class RouteAttempts {
 public:
  void add(const CallRecord& record);
  // What adds them to the table; one each.
  std::vector<store::Statement> statements() const;
  // What deletes slots that no question reaches any more.
  static store::Statement trim(UnixMs now_ms);

 private:
  using Kind = std::tuple<std::string, std::string, std::int64_t>;  // route, candidate, slot
  struct Sum {
    std::int64_t attempts = 0, answered = 0;
  };
  std::map<Kind, Sum> sums_;
};

struct RouteShare {
  struct Window {
    std::int64_t attempts = 0;
    std::int64_t answered = 0;  // attempts whose answer came to its end and was the call's
  };
  std::string route, candidate;
  Window hour = {}, day = {};  // to within a slot
};

store::Statement route_shares_statement(std::string first, std::string last, UnixMs now_ms);
// Of the routes named from `first` to `last`, both included, by route and candidate; those that were not tried for a
// day are missing. `telemetry` outlives it.
Task<Result<std::vector<RouteShare>>> read_route_shares(store::Database* telemetry, std::string first, std::string last,
                                                        UnixMs now_ms);

}  // namespace atelier::model

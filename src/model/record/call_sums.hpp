#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "model/record/call_record.hpp"
#include "store/database.hpp"

namespace atelier::model {

// Calls added up by day, key and model, on their way to usage_days. Bounded. Not thread-safe.
class CallSums {
 public:
  explicit CallSums(std::size_t count_max) : count_max_(count_max) {}

  // False: there is no room for one more kind of call, and it was not counted.
  bool add(const CallRecord& record);
  // Empties the other; gives how many calls found no room.
  std::int64_t take(CallSums& other);
  bool empty() const noexcept { return sums_.empty(); }
  void clear() { sums_.clear(); }
  // What adds them to the table; one each.
  std::vector<store::Statement> statements() const;

 private:
  using Kind = std::tuple<std::int64_t, UserId, KeyId, std::string, std::string>;  // day, owner, key, provider, model
  struct Sum {
    std::int64_t calls = 0, failed = 0, aborted = 0, cached = 0, unpriced = 0;
    std::int64_t input = 0, cached_read = 0, cached_write = 0, output = 0, reasoning = 0, other_media = 0;
    Picodollars cost = 0;
    void add(const Sum& more) noexcept;
  };
  bool add(Kind kind, const Sum& sum);
  const std::size_t count_max_;
  std::map<Kind, Sum> sums_;
};

}  // namespace atelier::model

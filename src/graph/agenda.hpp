#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace atelier::graph {

// What is to be done when. Of one loop; somebody else waits for the time to come.
class Agenda {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Entry = std::pair<TimePoint, std::uint64_t>;

  Entry add(TimePoint when, std::function<void()> what);
  // Fine for one that was done already.
  void remove(const Entry& entry) { entries_.erase(entry); }
  std::optional<TimePoint> next() const;
  // Does what is due, also what that adds if it is due, oldest first.
  void run_due(TimePoint now);
  void clear() { entries_.clear(); }

 private:
  std::map<Entry, std::function<void()>> entries_;
  std::uint64_t last_ = 0;
};

}  // namespace atelier::graph

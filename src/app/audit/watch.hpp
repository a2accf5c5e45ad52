#pragma once

#include <vector>

#include "app/audit/caller.hpp"
#include "app/audit/finding.hpp"

namespace atelier::app::audit {

// What the studio says of its own process, once a second while a scenario goes on.
class ProcessWatch {
 public:
  explicit ProcessWatch(Caller admin) : admin_(std::move(admin)), began_(std::chrono::steady_clock::now()) {}
  // Until cancelled.
  Task<Result<>> run();
  // Once, now.
  Task<Result<>> look();
  // Figures of memory and descriptors: highest and slope, where there were enough points. Slopes have a budget only
  // where the scenario was long enough for them to mean something.
  void add_figures(Outcome& outcome) const;
  double highest_resident_bytes() const;

 private:
  struct Point {
    double seconds, resident_bytes, descriptors, cpu_seconds;
  };
  const Caller admin_;
  const std::chrono::steady_clock::time_point began_;
  std::vector<Point> points_;  // bounded by the length of a scenario
};

}  // namespace atelier::app::audit

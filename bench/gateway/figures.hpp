#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace atelier::bench {

// Times in nanoseconds, all of them kept: what is asked is exact.
class Figures {
 public:
  void add(std::int64_t ns) { times_ns_.push_back(ns); }
  std::size_t count() const noexcept { return times_ns_.size(); }
  // In microseconds, `share` of 1; 0 where there are none.
  double quantile_us(double share) {
    if (times_ns_.empty()) return 0;
    const auto at =
        std::min(times_ns_.size() - 1, static_cast<std::size_t>(share * static_cast<double>(times_ns_.size())));
    std::nth_element(times_ns_.begin(), times_ns_.begin() + static_cast<std::ptrdiff_t>(at), times_ns_.end());
    return static_cast<double>(times_ns_[at]) / 1e3;
  }

 private:
  std::vector<std::int64_t> times_ns_;
};

}  // namespace atelier::bench

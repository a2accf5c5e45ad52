#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace atelier::watch {

// How often a person's pages may report: twenty at once, then one in three seconds. People share a place where their
// ids hash alike, so that memory is bounded. Thread-safe.
class ReportGate {
 public:
  explicit ReportGate(const Clock& clock) : clock_(clock) {}
  bool admits(UserId who);

 private:
  static constexpr double kBurst = 20;
  static constexpr std::chrono::seconds kEvery{3};
  struct Bucket {
    double left = kBurst;
    std::chrono::steady_clock::time_point filled_at;
  };
  const Clock& clock_;
  std::mutex mutex_;
  std::array<Bucket, 256> buckets_;
};

}  // namespace atelier::watch

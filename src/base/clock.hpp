#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace atelier {

using std::chrono::milliseconds;

// Milliseconds since 1970 UTC, as the database stores them. Never used to measure a length of time.
using UnixMs = std::int64_t;

// Two clocks: the wall's, which may step, and a steady one for lengths and deadlines. Tests use ManualClock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMs wall_ms() const noexcept = 0;
  virtual std::chrono::steady_clock::time_point now() const noexcept = 0;
};

// Lives as long as the process.
const Clock& system_clock() noexcept;

// Moved by one thread, read by any.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMs wall_ms = 1'700'000'000'000) noexcept : wall_ms_(wall_ms) {}
  UnixMs wall_ms() const noexcept override { return wall_ms_; }
  std::chrono::steady_clock::time_point now() const noexcept override { return now_; }
  // Both clocks move.
  void advance(std::chrono::milliseconds by) noexcept {
    wall_ms_ += by.count();
    now_ = now() + by;
  }
  // The wall clock alone steps, as NTP or a person would make it.
  void step_wall(std::chrono::milliseconds by) noexcept { wall_ms_ += by.count(); }

 private:
  std::atomic<UnixMs> wall_ms_;
  std::atomic<std::chrono::steady_clock::time_point> now_{std::chrono::steady_clock::time_point(std::chrono::hours(1))};
};

// "2026-11-21T07:48:00.123Z"
std::string format_rfc3339(UnixMs time_ms);

}  // namespace atelier

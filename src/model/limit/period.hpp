#pragma once

#include <string>

#include "base/clock.hpp"

namespace atelier::model {

// A day or a month in UTC: half-open, [begins_ms, ends_ms).
struct Period {
  std::string name;  // "2026-11-21", "2026-11"
  UnixMs begins_ms = 0, ends_ms = 0;
  bool holds(UnixMs time_ms) const noexcept { return time_ms >= begins_ms && time_ms < ends_ms; }
};

Period day_of(UnixMs time_ms);
Period month_of(UnixMs time_ms);
// Days since 1970-01-01, and back: "2026-11-21".
std::int64_t day_number(UnixMs time_ms) noexcept;
std::string day_name(std::int64_t day_number);

}  // namespace atelier::model

#pragma once

#include <string_view>

namespace atelier {

// A place where tests kill the process as kill -9 would: ATELIER_CRASH_AT=<name>:<n> does so when the point of that
// name is passed for the nth time. Costs one test of a flag otherwise.
extern const bool kCrashPointsArmed;
void pass_crash_point(std::string_view name);
inline void crash_point(std::string_view name) {
  if (kCrashPointsArmed) [[unlikely]]
    pass_crash_point(name);
}

}  // namespace atelier

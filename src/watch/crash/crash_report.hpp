#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "watch/error/occurrence.hpp"

namespace atelier::watch {

// A report is lines of "<name> <value>" behind "atelier crash 1": version, build (hexadecimal), time (seconds since
// 1970), uptime (seconds), signal (a number), address (that was not to be had), request (ids, the newest first), frame
// (addresses relative to the executable, innermost first), end. One that breaks off is read as far as it goes; nullopt
// is for what is none.
std::optional<Occurrence> read_crash_report(std::string_view text);

// The reports that earlier processes left in the folder, at most kCrashReportsMax of them. Blocks. A file is to be
// deleted once its crash is kept; what is no report has no crash.
inline constexpr std::size_t kCrashReportsMax = 16;
struct LeftReport {
  std::string path;
  std::optional<Occurrence> crash;
};
std::vector<LeftReport> find_crash_reports(const std::string& folder);

}  // namespace atelier::watch

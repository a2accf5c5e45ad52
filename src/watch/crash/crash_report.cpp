#include "watch/crash/crash_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "watch/error/stack.hpp"

namespace atelier::watch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "atelier crash 1";
constexpr std::string_view kMessage = "the studio crashed";
constexpr std::size_t kReportBytesMax = 16 << 10;
constexpr std::size_t kRequestsMax = 16;
constexpr UnixMs kTimeMax_s = 253'402'300'799;  // of the year 9999

std::string_view signal_name(std::int64_t number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "signal";
  }
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_line(Occurrence& crash, std::string_view name, std::string_view value) {
  const auto number = parse_integer(value);
  if (name == "version")
    crash.version = as_kept(value);
  else if (name == "build")
    crash.build_id = as_kept(value);
  else if (name == "time" && number && *number >= 0 && *number <= kTimeMax_s)
    crash.time_ms = *number * 1000;
  else if (name == "signal" && number)
    crash.code = signal_name(*number);
  else if ((name == "uptime" || name == "address") && crash.fields.size() < kFieldsMax)
    crash.fields.emplace_back(name == "uptime" ? "uptime_seconds" : "address", as_kept(value));
  else if (name == "request" && crash.fields.size() < kFieldsMax) {
    if (crash.request_id.empty()) crash.request_id = as_kept(value);
    crash.fields.emplace_back(fmt::format("request_{}", crash.fields.size()), as_kept(value));
  } else if (name == "frame" && crash.stack.size() < kFramesMax) {
    if (const auto address = parse_hex(value)) crash.stack.push_back(*address);
  }
}

// A crash is the same where the same build was in the same functions: three of them, since the innermost may be that by
// which we end the process ourselves.
std::string place_of(const Occurrence& crash) {
  std::string place = crash.build_id.substr(0, 12);
  for (std::size_t i = 0; i < std::min<std::size_t>(crash.stack.size(), 3); ++i) place += offset_text(crash.stack[i]);
  return place;
}

}  // namespace

std::optional<Occurrence> read_crash_report(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return std::nullopt;
  Occurrence crash;
  crash.severity = Severity::fatal;
  crash.origin = ErrorOrigin::crash;
  crash.message = kMessage;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t space = std::min(line.find(' '), line.size());
    read_line(crash, line.substr(0, space), trim(line.substr(space)));
    at = end + 1;
  }
  crash.place = place_of(crash);
  return crash;
}

std::vector<LeftReport> find_crash_reports(const std::string& folder) {
  std::vector<LeftReport> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("crash-") || !name.ends_with(".report")) continue;
    if (found.size() >= kCrashReportsMax) break;  // the others at the next start
    std::ifstream file(entry.path(), std::ios::binary);
    std::string text(kReportBytesMax, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    found.push_back({.path = entry.path(), .crash = read_crash_report(text)});
  }
  return found;
}

}  // namespace atelier::watch

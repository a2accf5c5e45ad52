#include "app/options.hpp"

#include <array>

namespace atelier::app {

std::span<const SettingInfo* const> all_settings() {
  static constexpr std::array<const SettingInfo*, 23> kAll = {
      &kListen,          &kAllowedHosts,  &kLoops,           &kConnectionsMax,  &kPeerConnectionsMax,
      &kHeaderTimeoutMs, &kIdleTimeoutMs, &kStallTimeoutMs,  &kStopTimeoutMs,   &kUploadMiB,
      &kRequireKey,      &kDataDir,       &kDerivedQuotaMiB, &kDerivedAgeHours, &kEventsKept,
      &kRunsKeptDays,
      &kMediaWorkers,    &kFontDir,       &kStrictSandbox, &kFindLocalServers, &kExtraCaFile,   &kLogLevel,        &kLogFormat};
  return kAll;
}

}  // namespace atelier::app

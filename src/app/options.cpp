#include "app/options.hpp"

#include <array>
#include <utility>

namespace atelier::app {

std::span<const SettingInfo* const> all_settings() {
  static constexpr std::array<const SettingInfo*, 54> kAll = {&kListen,           &kAllowedHosts,
                                                              &kPublicUrl,        &kCertificate,
                                                              &kCertificateKey,   &kLoops,
                                                              &kConnectionsMax,   &kPeerConnectionsMax,
                                                              &kHeaderTimeoutMs,  &kIdleTimeoutMs,
                                                              &kStallTimeoutMs,   &kStopTimeoutMs,
                                                              &kUploadMiB,        &kRequireKey,
                                                              &kSealingKeyFile,   &kDataDir,
                                                              &kDerivedQuotaMiB,  &kDerivedAgeHours,
                                                              &kEventsKept,       &kRunsKeptDays,
                                                              &kTrashDays,        &kMediaWorkers,
                                                              &kFontDir,          &kStrictSandbox,
                                                              &kFindLocalServers, &kExtraCaFile,
                                                              &kReachable,        &kPriceFiles,
                                                              &kCallsKeptDays,    &kResponsesKeptDays,
                                                              &kResponsesKeptMiB, &kAnswerCacheMiB,
                                                              &kKeepTexts,        &kChatRetentionDays,
                                                              &kTitleModel,       &kSuggestModel,
                                                              &kSummaryModel,     &kObjectivesFile,
                                                              &kAlertStallMs,     &kAlertMemoryMiB,
                                                              &kAlertGrowthMiB,   &kAlertGrowthMinutes,
                                                              &kAlertDiskFreeMiB, &kAlertNoticesMax,
                                                              &kSmtpUrl,          &kSmtpPasswordFile,
                                                              &kMailFrom,         &kMailTo,
                                                              &kMeasures,         &kTracesPerSecond,
                                                              &kOtlpEndpoint,     &kSentryDsn,
                                                              &kLogLevel,         &kLogFormat};
  return kAll;
}

std::unexpected<Error> in_setting(Error error, const SettingInfo& setting) {
  if (error.code == ErrorCode::invalid_argument || error.code == ErrorCode::not_found ||
      error.code == ErrorCode::forbidden) {
    error.reason = "setting_invalid";
    error.where = setting.name;
  }
  return std::unexpected(std::move(error));
}

}  // namespace atelier::app

#include "app/alert_room.hpp"

#include <sys/statvfs.h>

#include <cstdlib>
#include <fstream>

#include "app/options.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "watch/alert/queues.hpp"

namespace atelier::app {
namespace {

constexpr std::size_t kErrorsTold = 10;  // traces that failed

std::optional<watch::DiskSpace> space_in(const std::string& folder) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0 || disk.f_blocks == 0) return std::nullopt;
  return watch::DiskSpace{.free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize,
                          .total_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize};
}

std::vector<watch::CandidateHealth> health_of(const model::Models& models) {
  std::vector<watch::CandidateHealth> all;
  const auto now = system_clock().now();
  for (const model::CandidatePtr& candidate : models.candidates()) {
    const model::Breaker::Snapshot breaker = candidate->breaker.snapshot(now);
    if (breaker.state == model::BreakerState::closed) continue;
    all.push_back({.provider = candidate->provider->name,
                   .model = candidate->model,
                   .is_open = true,
                   .is_account = breaker.is_account,
                   .last_error = candidate->record.snapshot().last_error});
  }
  return all;
}

Task<Result<std::vector<std::string>>> failed_traces(watch::Traces* traces, UnixMs from_ms) {
  watch::Traces::Query query;
  query.from_ms = from_ms;
  query.to_ms = system_clock().wall_ms() + 1;
  query.has_failed = true;
  query.count_max = kErrorsTold;
  auto found = co_await traces->entries(std::move(query));
  if (!found) co_return error_of(found);
  std::vector<std::string> ids;
  for (const watch::StoredSpan& span : *found) ids.push_back(span.trace);
  co_return ids;
}

watch::Alerts::Parts parts_of(const AlertRoom::Parts& parts, watch::AlertTeller& teller) {
  watch::Alerts::Parts wanted{.telemetry = parts.models.telemetry(),
                              .history = parts.history,
                              .metrics = parts.metrics,
                              .clock = system_clock()};
  wanted.disk = [folder = parts.data_folder] { return space_in(folder); };
  wanted.candidates = [models = &parts.models.chat().models()] { return health_of(*models); };
  wanted.queues = [database = &parts.database] { return watch::read_queues(database, system_clock().wall_ms()); };
  wanted.objectives = [objectives = &parts.objectives] { return objectives->states(); };
  wanted.tell_now = [told = &teller](const watch::Notice& notice) { told->tell_now(notice); };
  wanted.keep = [told = &teller](watch::Notice notice) { return told->keep(std::move(notice)); };
  if (parts.mailer != nullptr)
    wanted.mail = [mailer = parts.mailer](watch::Notice notice) { return mailer->send(std::move(notice)); };
  wanted.traces = [traces = &parts.traces](UnixMs from_ms) { return failed_traces(traces, from_ms); };
  return wanted;
}

watch::Alerts::Options options_of(const Settings& settings) {
  watch::Alerts::Options options;
  options.limits.loop_stall_seconds = settings.get(kAlertStallMs) / 1'000.0;
  options.limits.disk_free_bytes = std::uint64_t{settings.get(kAlertDiskFreeMiB)} << 20;
  options.limits.memory_bytes = std::uint64_t{settings.get(kAlertMemoryMiB)} << 20;
  if (options.limits.memory_bytes > 0) options.limits.memory_share = 1;
  options.limits.growth_bytes_per_hour = static_cast<double>(std::uint64_t{settings.get(kAlertGrowthMiB)} << 20);
  options.limits.quota_bytes = std::uint64_t{settings.get(kDerivedQuotaMiB)} << 20;
  options.noticer.per_hour_max = settings.get(kAlertNoticesMax);
  return options;
}

// Beside the settings, since those are shown by `atelier settings`.
Result<std::string> smtp_password(const Settings& settings) {
  const std::string file = settings.get(kSmtpPasswordFile);
  if (file.empty()) {
    const char* password = std::getenv("SMTP_PASSWORD");
    return std::string(password == nullptr ? "" : password);
  }
  std::ifstream stream(file);
  std::string password;
  if (!std::getline(stream, password))
    return fail(ErrorCode::invalid_argument, "there is no password in the file " + file,
                {.reason = "setting_invalid", .where = std::string(kSmtpPasswordFile.name)});
  return std::string(trim(password));
}

  options.limits.growth_window = std::chrono::minutes(settings.get(kAlertGrowthMinutes));
  options.limits.warm_up = options.limits.growth_window / 2;
}  // namespace

Result<std::unique_ptr<watch::AlertMailer>> make_alert_mailer(const Settings& settings) {
  auto password = smtp_password(settings);
  if (!password) return error_of(password);
  return watch::AlertMailer::make({.url = settings.get(kSmtpUrl),
                                   .password = std::move(*password),
                                   .from = settings.get(kMailFrom),
                                   .to = settings.get(kMailTo),
                                   .public_url = settings.get(kPublicUrl),
                                   .extra_ca_file = settings.get(kExtraCaFile)},
                                  system_clock());
}

AlertRoom::AlertRoom(const Parts& parts)
    : teller_({.database = parts.database, .events = parts.events, .people = parts.people, .clock = system_clock()}),
      alerts_(parts_of(parts, teller_), options_of(parts.settings)) {}

void AlertRoom::spawn_upkeep(TaskGroup& group) { group.spawn(alerts_.run()); }

}  // namespace atelier::app

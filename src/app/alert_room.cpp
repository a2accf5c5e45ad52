#include "app/alert_room.hpp"

#include <sys/statvfs.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "app/options.hpp"
#include "base/async.hpp"
#include "base/text.hpp"
#include "watch/alert/queues.hpp"

namespace atelier::app {
namespace {

constexpr std::size_t kErrorsTold = 10;  // traces that failed
constexpr std::size_t kSlowTold = 10, kSlowOfOneName = 3, kSlowLookedAt = 200;

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

// Streams last as long as a page is open.
bool is_stream(std::string_view entry) { return entry.ends_with("/events"); }

// A few of each name: what is always slow does not hide what was slow just then.
std::vector<watch::AlertTraces::Slow> slowest_of(const std::vector<watch::StoredSpan>& spans) {
  std::vector<watch::AlertTraces::Slow> slowest;
  std::map<std::string_view, std::size_t> counts;
  for (const watch::StoredSpan& span : spans) {
    if (slowest.size() == kSlowTold) break;
    if (is_stream(span.name) || ++counts[span.name] > kSlowOfOneName) continue;
    slowest.push_back({.trace = span.trace, .name = span.name, .took_us = span.took_us});
  }
  return slowest;
}

Task<Result<watch::AlertTraces>> traces_between(watch::Traces* traces, UnixMs from_ms, UnixMs to_ms) {
  watch::Traces::Query query{.from_ms = from_ms, .to_ms = to_ms, .has_failed = true, .count_max = kErrorsTold};
  auto failed = co_await traces->entries(query);
  if (!failed) co_return error_of(failed);
  query.has_failed = false;
  query.order = watch::Traces::Order::slowest;
  query.count_max = kSlowLookedAt;
  auto slow = co_await traces->entries(std::move(query));
  if (!slow) co_return error_of(slow);
  watch::AlertTraces found{.slowest = slowest_of(*slow)};
  for (const watch::StoredSpan& span : *failed) found.failed.push_back(span.trace);
  co_return found;
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
  wanted.traces = [traces = &parts.traces](UnixMs from_ms, UnixMs to_ms) {
    return traces_between(traces, from_ms, to_ms);
  };
  return wanted;
}

watch::Alerts::Options options_of(const Settings& settings) {
  watch::Alerts::Options options;
  options.limits.loop_stall_seconds = settings.get(kAlertStallMs) / 1'000.0;
  options.limits.disk_free_bytes = std::uint64_t{settings.get(kAlertDiskFreeMiB)} << 20;
  options.limits.memory_bytes = std::uint64_t{settings.get(kAlertMemoryMiB)} << 20;
  if (options.limits.memory_bytes > 0) options.limits.memory_share = 1;
  options.limits.growth_bytes_per_hour = static_cast<double>(std::uint64_t{settings.get(kAlertGrowthMiB)} << 20);
  options.limits.growth_window = std::chrono::minutes(settings.get(kAlertGrowthMinutes));
  options.limits.warm_up = options.limits.growth_window / 2;
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

Error mail_fault(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = {}, .where = {}}).error();
}

// What links in a mail begin with: where the internet reaches the studio, else where a browser beside it does.
std::string address_of(const Settings& settings) {
  std::string url = settings.get(kPublicUrl);
  if (!url.empty()) return url;
  std::string listen = settings.get(kListen);
  for (const std::string_view any : {"0.0.0.0:", "[::]:"})
    if (listen.starts_with(any)) listen.replace(0, any.size(), "localhost:");
  return (settings.get(kCertificate).empty() ? "http://" : "https://") + listen;
}

}  // namespace

Result<std::unique_ptr<watch::AlertMailer>> make_alert_mailer(const Settings& settings) {
  auto password = smtp_password(settings);
  if (!password) return error_of(password);
  const std::string url = settings.get(kSmtpUrl);
  if (url.empty() && !settings.get(kMailTo).empty())
    return in_setting(mail_fault("mail of alerts needs a server that sends it"), kSmtpUrl);
  if (url.find('@') != std::string::npos && password->empty())
    return in_setting(mail_fault("there is no password for its user: set SMTP_PASSWORD, or name a file of it"),
                      kSmtpPasswordFile);
  return watch::AlertMailer::make({.url = url,
                                   .password = std::move(*password),
                                   .from = settings.get(kMailFrom),
                                   .to = settings.get(kMailTo),
                                   .public_url = address_of(settings),
                                   .extra_ca_file = settings.get(kExtraCaFile)},
                                  system_clock());
}

AlertRoom::AlertRoom(const Parts& parts)
    : teller_({.database = parts.database, .events = parts.events, .people = parts.people, .clock = system_clock()}),
      alerts_(parts_of(parts, teller_), options_of(parts.settings)) {}

void AlertRoom::spawn_upkeep(TaskGroup& group) { group.spawn(alerts_.run()); }

}  // namespace atelier::app

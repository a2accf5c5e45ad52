#include "app/error_room.hpp"

#include <filesystem>

#include "base/async.hpp"
#include "watch/crash/crash_handler.hpp"
#include "watch/crash/crash_report.hpp"

namespace atelier::app {

ErrorRoom::ErrorRoom(Parts parts)
    : parts_(std::move(parts)),
      witness_(system_clock(), parts_.metrics),
      inbox_(parts_.models.telemetry(), witness_, system_clock(), parts_.metrics),
      page_windows_(parts_.models.telemetry(), parts_.metrics, system_clock()),
      page_figures_(parts_.metrics, page_windows_),
      report_gate_(system_clock()),
      tap_(log::add_tap(witness_)) {
  if (!parts_.sentry) return;
  sentry_ = std::make_unique<watch::SentrySender>(parts_.models.client(), *parts_.sentry, system_clock(),
                                                  parts_.metrics, watch::SentrySender::Options());
  inbox_.on_occurrence([this](const watch::Occurrence& occurrence) { sentry_->send(occurrence); });
}

void ErrorRoom::spawn_upkeep(TaskGroup& group) {
  for (std::size_t i = 0; i < parts_.loops.size(); ++i)
    asio::post(parts_.loops.executor(i), [] { watch::cover_this_thread(); });
  group.spawn(tell_crashes());
  group.spawn(inbox_.run());
  group.spawn(page_windows_.run());
  if (sentry_) group.spawn(sentry_->run());
}

Task<Result<>> ErrorRoom::tell_crashes() {
  const std::vector<watch::LeftReport> reports = watch::find_crash_reports(parts_.data_folder);
  if (reports.empty()) co_return Result<>{};
  for (const watch::LeftReport& report : reports)
    if (report.crash) witness_.add(*report.crash);
  auto written = co_await inbox_.write(watch::ErrorWitness::Which::all);
  // Told again at the next start, then.
  if (!written) co_return written;
  for (const watch::LeftReport& report : reports) {
    std::error_code error;
    std::filesystem::remove(report.path, error);
  }
  log::info("the process before this one crashed", {{"reports", reports.size()}});
  co_return Result<>{};
}

}  // namespace atelier::app

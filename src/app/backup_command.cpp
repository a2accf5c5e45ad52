#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/options.hpp"
#include "app/studio_client.hpp"
#include "store/backup.hpp"
#include "store/data_folder.hpp"

namespace atelier::app {

int run_backup(const Arguments& arguments) {
  auto studio = StudioClient::open(arguments);
  if (!studio) return complain(studio.error());
  // Whoever owns the data folder writes the copy: its path must not depend on where that process stands.
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(arguments.positional[0], error);
  if (error) return complain(fail_errno(error.value(), "cannot find the current folder").error());
  auto report = (*studio)->call("POST", "/local/backup",
                                json::Object{{"folder", folder.string()}, {"telemetry", arguments.has("--telemetry")}});
  if (!report) return complain(report.error());
  std::puts(fmt::format("{}: {} and {} files, {:.1f} MiB, checked", folder.string(),
                        arguments.has("--telemetry") ? "both databases" : "the database",
                        report->at("blob_count").to_number<std::int64_t>(),
                        report->at("size_bytes").to_number<double>() / (1 << 20))
                .c_str());
  return kSuccess;
}

int run_restore(const Arguments& arguments) {
  auto settings = load_settings(arguments);
  if (!settings) return complain(settings.error());
  std::string target = settings->get(kDataDir);
  if (target.empty()) {
    auto fallback = store::default_data_folder();
    if (!fallback) return complain(fallback.error());
    target = *fallback;
  }
  auto report = store::restore(arguments.positional[0], target);
  if (!report) return complain(report.error());
  std::puts(fmt::format("{}: restored, {} files, {:.1f} MiB, checked", target, report->blob_count,
                        static_cast<double>(report->size_bytes) / (1 << 20))
                .c_str());
  return kSuccess;
}

}  // namespace atelier::app

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cstdio>
#include <thread>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/house.hpp"
#include "app/options.hpp"
#include "base/blocking.hpp"
#include "base/json.hpp"

namespace atelier::app {
namespace {

struct Finding {
  std::string subject;
  enum class Level { fine, note, wrong } level;
  std::string text;
};

void look_at_workers(media::Workers& workers, Executor executor, std::vector<Finding>& findings) {
  auto hello = run_blocking(executor, workers.describe());
  if (!hello) {
    findings.push_back({"media worker", Finding::Level::wrong, hello.error().describe()});
    return;
  }
  findings.push_back(
      {"media worker", Finding::Level::fine, fmt::format("answers, {} kinds of work", hello->tasks.size())});
  const media::SandboxReport& sandbox = hello->sandbox;
  findings.push_back({"sandbox", sandbox.missing.empty() ? Finding::Level::fine : Finding::Level::note,
                      sandbox.missing.empty()
                          ? fmt::format("whole: Landlock ABI {}, seccomp, limits", sandbox.landlock_abi)
                          : "incomplete, work goes on"});
  for (const std::string& missing : sandbox.missing) findings.push_back({"sandbox", Finding::Level::note, missing});
  findings.push_back({"fonts", hello->fonts_missing.empty() ? Finding::Level::fine : Finding::Level::note,
                      hello->fonts_missing.empty() ? "complete" : hello->fonts_missing});
}

void look_at_disk(const std::string& path, std::vector<Finding>& findings) {
  struct statvfs facts{};
  if (::statvfs(path.c_str(), &facts) != 0) return;
  const double free_gib = static_cast<double>(facts.f_bavail) * static_cast<double>(facts.f_frsize) / (1 << 30);
  findings.push_back({"disk", free_gib < 2 ? Finding::Level::note : Finding::Level::fine,
                      fmt::format("{:.1f} GiB free at {}", free_gib, path)});
}

}  // namespace

int run_doctor(const Arguments& arguments) {
  auto settings = load_settings(arguments);
  if (!settings) return complain(settings.error());
  std::vector<Finding> findings;
  findings.push_back({"machine", Finding::Level::fine, fmt::format("{} cores", std::thread::hardware_concurrency())});
  auto house = House::open(*settings);
  if (!house && house.error().reason == "data_folder_in_use") {
    // The owner is at work; the worker is looked at all the same, with one of our own.
    findings.push_back({"data folder", Finding::Level::note, house.error().message});
    net::Loops loops(1);
    media::WorkersSettings worker_settings;
    worker_settings.font_dir = settings->get(kFontDir);
    worker_settings.worker_count_max = 1;
    media::Workers workers(loops.executor(0), worker_settings);
    look_at_workers(workers, loops.executor(0), findings);
    run_blocking(loops.executor(0), workers.stop());
    loops.stop();
  } else if (!house) {
    findings.push_back({"data folder", Finding::Level::wrong, house.error().describe()});
  } else {
    const auto checked = (*house)->wait_for((*house)->database().check());
    findings.push_back({"data folder", Finding::Level::fine, (*house)->folder().path()});
    findings.push_back({"database", checked ? Finding::Level::fine : Finding::Level::wrong,
                        checked ? "whole" : checked.error().describe()});
    look_at_disk((*house)->folder().path(), findings);
    look_at_workers((*house)->workers(), (*house)->executor(), findings);
    (*house)->close();
  }

  bool is_well = true;
  json::Array list;
  constexpr const char* kWords[] = {"ok", "note", "wrong"};
  for (const Finding& finding : findings) {
    is_well = is_well && finding.level != Finding::Level::wrong;
    const char* word = kWords[static_cast<int>(finding.level)];
    if (arguments.has("--json"))
      list.push_back(json::Object{{"subject", finding.subject}, {"level", word}, {"text", finding.text}});
    else
      std::puts(fmt::format("{:<6} {:<13} {}", word, finding.subject, finding.text).c_str());
  }
  if (arguments.has("--json")) std::puts(json::write(list).c_str());
  return is_well ? kSuccess : kFailure;
}

}  // namespace atelier::app

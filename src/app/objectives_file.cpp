#include "app/objectives_file.hpp"

#include <cstdio>
#include <filesystem>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/options.hpp"
#include "store/file_system.hpp"

namespace atelier::app {
namespace {

constexpr std::size_t kObjectivesBytesMax = 256 << 10;

}  // namespace

Result<watch::ObjectiveDefinitions> load_objectives(const Settings& settings) {
  std::string path(settings.get(kObjectivesFile));
  const bool is_named = !path.empty();
  if (!is_named && !settings.file_name().empty())
    path = std::filesystem::path(settings.file_name()).replace_filename("objectives.toml").string();
  if (path.empty()) return watch::ObjectiveDefinitions::defaults();
  auto text = store::read_file(path, kObjectivesBytesMax);
  if (!text && !is_named && text.error().code == ErrorCode::not_found) return watch::ObjectiveDefinitions::defaults();
  if (!text)
    return fail(ErrorCode::invalid_argument, text.error().message,
                {.reason = "setting_invalid", .where = "watch.objectives_file"});
  return watch::ObjectiveDefinitions::parse(*text, path);
}

int run_settings_objectives(const Arguments&) {
  std::fputs(std::string(watch::default_objectives()).c_str(), stdout);
  return kSuccess;
}

}  // namespace atelier::app

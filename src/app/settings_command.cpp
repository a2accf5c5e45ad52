#include <fmt/format.h>

#include <cstdio>

#include "api/route.hpp"
#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/options.hpp"
#include "app/settings_json.hpp"
#include "base/json.hpp"

namespace atelier::app {

int run_settings(const Arguments& arguments) {
  auto settings = load_settings(arguments);
  if (!settings) return complain(settings.error());
  json::Array list;
  for (const Settings::Entry& entry : settings->all()) {
    const SettingInfo& info = *entry.info;
    if (arguments.has("--json")) {
      list.push_back(json::Object{{"name", info.name},
                                  {"value", to_json(entry.value)},
                                  {"source", entry.source},
                                  {"help", info.help},
                                  {"variable", environment_name(info.name)},
                                  {"reload", info.reload == Reload::live ? "live" : "at_start"}});
      continue;
    }
    const bool is_number =
        std::holds_alternative<std::int64_t>(info.fallback) || std::holds_alternative<double>(info.fallback);
    std::puts(fmt::format("# {}{}\n{} = {}   # {}\n", info.help,
                          is_number ? fmt::format(" ({} to {})", info.range.min, info.range.max) : "", info.name,
                          Settings::to_text(entry.value), entry.source)
                  .c_str());
  }
  if (arguments.has("--json")) std::puts(json::write(list).c_str());
  return kSuccess;
}

int run_openapi(const Arguments&) {
  std::puts(json::write(api::openapi()).c_str());
  return kSuccess;
}

}  // namespace atelier::app

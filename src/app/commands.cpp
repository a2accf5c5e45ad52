#include "app/commands.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "app/exit_code.hpp"
#include "app/options.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "base/version.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared here

namespace atelier::app {
namespace {

constexpr std::size_t kSettingsBytesMax = 1 << 20;

constexpr Flag kServeFlags[] = {
    {"--listen", "ADDRESS", "Address and port to listen on (127.0.0.1:8787)", "server.listen"}};
constexpr Flag kMakeFlags[] = {
    {"--output", "FILE", "Where the video goes (-o); the story's name with .mp4 unless given"},
    {"--title", "TEXT", "Its title"},
    {"--size", "SIZE", "1080x1920, 1920x1080 or 1080x1080"},
    {"--fps", "RATE", "24, 25, 30 or 60 frames a second"},
    {"--style", "STYLE", "Caption style: spotlight, plain, card or headline"},
    {"--voice", "VOICE", "A voice, such as slt or local/espeak-ng/fr"},
    {"--language", "TAG", "The story's language, such as en, de, zh, ar"},
    {"--speed", "FACTOR", "0.5 to 2"},
    {"--background", "KIND", "aurora, dunes, ink, bokeh, waves or auto"},
    {"--json", "", "One JSON object a line on stdout, for machines"},
};
constexpr Flag kKeyFlags[] = {
    {"--role", "ROLE", "admin or member (member)"},
    {"--models", "LIST", "Models it may call, comma-separated names or patterns (all)"},
    {"--routes", "LIST", "Routes it may call, comma-separated names or patterns (all)"},
    {"--expires", "TIME", "When it ends, such as 2027-01-31T00:00:00Z (never)"},
    {"--requests-per-minute", "N", "At most so many calls a minute"},
    {"--tokens-per-minute", "N", "At most so many tokens a minute"},
    {"--concurrent", "N", "At most so many calls at a time"},
    {"--day", "DOLLARS", "At most so much money a day, such as 2.50"},
    {"--month", "DOLLARS", "At most so much money a month"},
};
constexpr Flag kProviderFlags[] = {
    {"--preset", "KIND",
     "A known provider, or a protocol: openai_chat, openai_responses, anthropic, gemini, ollama (its name)"},
    {"--base-url", "URL", "Where it is (the known one's own)"},
    {"--key-stdin", "", "Read its key from standard input; it is stored sealed"},
};
constexpr Flag kRouteFlags[] = {
    {"--strategy", "NAME", "ordered, weighted, least_loaded, lowest_latency, lowest_cost or automatic (ordered)"},
    {"--cache", "SECONDS", "Keep answers for equal requests so long (not)"},
    {"--coalesce", "", "Let equal requests in flight share one answer"},
    {"--hedge", "", "Ask the next candidate too when the first is slow to begin"}};
constexpr Flag kUsageFlags[] = {{"--by", "WHAT", "day, model, key, day_and_model or day_and_key (day_and_model)"},
                                {"--json", "", "As JSON"}};
constexpr Flag kRotateFlags[] = {
    {"--keep-old", "", "Leave the old sealing keys in their file: backups made before need them"}};
constexpr Flag kBackupFlags[] = {
    {"--telemetry", "", "With the log of calls, what was measured and the index of search (telemetry.db)"}};
constexpr Flag kAuditFlags[] = {
    {"--quick", "", "All of it, smaller, in two minutes"},
    {"--scenario", "LIST", "Only these: headers, settings, page, streams, chat, generation, render"},
    {"--out", "DIR", "Where the report goes: audit.html, audit.md and audit.json (here)"},
    {"--compare", "FILE", "An earlier audit.json: what got better or worse"},
    {"--url", "URL", "A running studio, such as https://studio.example.org; without it one is started for the audit"},
    {"--local", "", "The studio that runs on the data folder, over its Unix socket"},
    {"--key", "KEY", "An admin's key, for a studio that asks for one; - reads it from standard input"},
    {"--model", "MODEL", "Of a running studio: the model to chat with, which costs what it costs"},
    {"--image-model", "MODEL", "Of a running studio: the model to make pictures with"},
    {"--double", "PATH", "The program that stands for providers (provider-double beside atelier)"},
    {"--seconds", "N", "How long each scenario under load lasts"},
    {"--users", "N", "How many people"},
    {"--streams", "N", "How many event streams"},
    {"--shorts", "N", "How many shorts"}};
constexpr Flag kJsonFlag[] = {{"--json", "", "As JSON"}};

constexpr Command kCommands[] = {
    {"serve", "", "Starts the studio: the page, the API and the engine.", kServeFlags, run_serve},
    {"make", "<story.md>", "Makes a short of a story. Needs no server; beside a running one it hands the work over.",
     kMakeFlags, run_make},
    {"keys create", "<name>", "Makes an access key and prints it once.", kKeyFlags, run_keys_create},
    {"keys list", "", "Lists access keys.", kJsonFlag, run_keys_list},
    {"keys revoke", "<id>", "Revokes an access key.", {}, run_keys_revoke},
    {"keys rotate-sealing-key", "", "Seals the stored keys of providers with a new key.", kRotateFlags,
     run_keys_rotate_sealing_key},
    {"models", "", "Lists models that can be called, and how they have been doing.", kJsonFlag, run_models},
    {"providers list", "", "Lists providers, stored and of the environment.", kJsonFlag, run_providers_list},
    {"providers set", "<name>", "Adds or changes a provider.", kProviderFlags, run_providers_set},
    {"providers remove", "<name>", "Removes a stored provider.", {}, run_providers_remove},
    {"routes list", "", "Lists routes.", kJsonFlag, run_routes_list},
    {"routes set", "<name> <provider/model[=weight],...>", "Adds or changes a route: a name for several models.",
     kRouteFlags, run_routes_set},
    {"routes remove", "<name>", "Removes a route.", {}, run_routes_remove},
    {"calls", "", "Lists the latest calls to models.", kJsonFlag, run_calls},
    {"usage", "", "What was used and paid in the last 30 days.", kUsageFlags, run_usage},
    {"check", "", "Asks every provider for its models: whether addresses and keys are right.", {}, run_check},
    {"settings objectives",
     "",
     "Prints the objectives and budgets that are built in, as a file to start from.",
     {},
     run_settings_objectives},
    {"settings", "", "Prints every setting, its value and where it came from.", kJsonFlag, run_settings},
    {"doctor", "", "Checks this machine and the data folder, and says what is missing.", kJsonFlag, run_doctor},
    {"audit", "", "Audits a studio: load, page, headers, settings; writes one report.", kAuditFlags, run_audit},
    {"backup", "<folder>", "Copies the studio, checked, into a new folder; also while a server runs.", kBackupFlags,
     run_backup},
    {"restore", "<folder>", "Makes the data folder from a backup; it must be empty.", {}, run_restore},
    {"openapi", "", "Prints the API's OpenAPI document.", {}, run_openapi},
};

std::string line_of(const Command& command) {
  return fmt::format("  atelier {:<26} {}\n", fmt::format("{} {}", command.name, command.arguments), command.help);
}

// The commands whose first word it is: "keys" is none, and "keys create" is. Empty where there are none.
std::string commands_of(std::string_view word) {
  std::string text;
  for (const Command& command : kCommands)
    if (command.name.starts_with(fmt::format("{} ", word))) text += line_of(command);
  return text;
}

void print_help() {
  std::string text = fmt::format("atelier {}: a generation studio on your own machine\n\n", kVersion);
  for (const Command& command : kCommands) text += line_of(command);
  text += "\n  atelier <command> --help     A command's flags\n  atelier --version            The version\n";
  std::fputs(text.c_str(), stdout);
}

std::string default_config_file() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder)
    return std::string(folder) + "/atelier/atelier.toml";
  if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.config/atelier/atelier.toml";
  return {};
}

Result<std::string> read_settings_file(const std::string& path, bool must_exist) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) {
    if (!must_exist && errno == ENOENT) return std::string();
    return fail_errno(errno, fmt::format("cannot open the settings file {}", path));
  }
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0) return fail_errno(errno, fmt::format("cannot read the settings file {}", path));
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kSettingsBytesMax)
      return fail(ErrorCode::invalid_argument, fmt::format("the settings file {} is over 1 MiB", path));
  }
}

// Variables that are ours but no settings.
bool is_reserved(std::string_view variable) {
  return variable == "ATELIER_CONFIG" || variable == "ATELIER_CRASH_AT" || variable == "ATELIER_BIN" ||
         variable == "ATELIER_MASTER_KEY";
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

int complain(const Error& error) {
  log::flush();
  std::fputs(fmt::format("atelier: {}\n", error.describe()).c_str(), stderr);
  if (error.reason == "usage" || error.reason == "setting_invalid" || error.reason == "access_key_missing")
    return kUsage;
  switch (error.code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::too_large:
    case ErrorCode::not_found:
    case ErrorCode::forbidden:
      return kBadInput;
    case ErrorCode::unavailable:
    case ErrorCode::rate_limited:
    case ErrorCode::storage_full:
    case ErrorCode::deadline_exceeded:
      return kUnavailable;
    case ErrorCode::cancelled:
      return kInterrupted;
    default:
      return kFailure;
  }
}

Result<Settings> load_settings(const Arguments& arguments) {
  SettingSources sources;
  const char* from_environment = std::getenv("ATELIER_CONFIG");
  const bool is_named = arguments.has("--config") || from_environment;
  sources.file_name = arguments.has("--config") ? *arguments.value("--config")
                      : from_environment        ? from_environment
                                                : default_config_file();
  if (!sources.file_name.empty()) {
    auto text = read_settings_file(sources.file_name, is_named);
    if (!text) {
      text.error().reason = "setting_invalid";
      return error_of(text);
    }
    sources.file_text = std::move(*text);
  }
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view pair(*variable);
    const std::size_t equals = pair.find('=');
    if (!pair.starts_with("ATELIER_") || equals == std::string_view::npos || is_reserved(pair.substr(0, equals)))
      continue;
    sources.environment.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  sources.flags = arguments.settings;
  auto settings = Settings::load(sources, all_settings());
  if (!settings) return settings;
  const std::string level = settings->get(kLogLevel), format = settings->get(kLogFormat);
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
  constexpr std::array<std::string_view, 3> kFormats = {"auto", "json", "text"};
  const auto level_at = std::find(kLevels.begin(), kLevels.end(), level);
  const auto format_at = std::find(kFormats.begin(), kFormats.end(), format);
  if (level_at == kLevels.end())
    return fail(ErrorCode::invalid_argument, fmt::format("log.level is \"{}\", not debug, info, warn or error", level),
                {.reason = "setting_invalid", .where = {}});
  if (format_at == kFormats.end())
    return fail(ErrorCode::invalid_argument, fmt::format("log.format is \"{}\", not auto, json or text", format),
                {.reason = "setting_invalid", .where = {}});
  log::configure({.least = static_cast<log::Level>(level_at - kLevels.begin()),
                  .format = static_cast<log::Format>(format_at - kFormats.begin()),
                  .fd = 2});
  return settings;
}

int run_command_line(const std::vector<std::string>& words) {
  std::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of the write
  std::signal(SIGXFSZ, SIG_IGN);  // a full quota is EFBIG of the write
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    print_help();
    return words.empty() ? kUsage : kSuccess;
  }
  if (words[0] == "--version") {
    std::puts(fmt::format("atelier {}", kVersion).c_str());
    return kSuccess;
  }
  for (const Command& command : kCommands) {
    const std::size_t name_words = command.name.find(' ') == std::string_view::npos ? 1 : 2;
    const std::string name = name_words == 2 && words.size() > 1 ? words[0] + " " + words[1] : words[0];
    if (name != command.name) continue;
    auto arguments = parse_arguments(command, std::span(words).subspan(name_words));
    if (!arguments) return complain(arguments.error());
    if (arguments->has("--help")) {
      std::fputs(help_of(command).c_str(), stdout);
      return kSuccess;
    }
    return command.run(*arguments);
  }
  if (const std::string those = commands_of(words[0]); !those.empty()) {
    const bool is_help = words.size() > 1 && (words[1] == "--help" || words[1] == "-h");
    std::fputs(those.c_str(), is_help ? stdout : stderr);
    return is_help ? kSuccess : kUsage;
  }
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) names.push_back(command.name);
  const auto meant = suggest(words[0], names);
  return complain(fail(ErrorCode::invalid_argument,
                       fmt::format("there is no command \"{}\"{}; atelier help lists them", printable(words[0], 64),
                                   meant ? fmt::format("; did you mean {}?", *meant) : ""),
                       {.reason = "usage", .where = {}})
                      .error());
}

}  // namespace atelier::app

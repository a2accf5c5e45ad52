#include "app/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace atelier::app {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = "usage", .where = {}});
}

std::vector<const Flag*> flags_of(const Command& command) {
  std::vector<const Flag*> flags;
  for (const Flag& flag : command.flags) flags.push_back(&flag);
  for (const Flag& flag : common_flags()) flags.push_back(&flag);
  return flags;
}

Result<const Flag*> find_flag(const Command& command, std::string_view name) {
  const std::vector<const Flag*> flags = flags_of(command);
  const auto found = std::find_if(flags.begin(), flags.end(), [&](const Flag* flag) { return flag->name == name; });
  if (found != flags.end()) return *found;
  std::vector<std::string_view> names;
  for (const Flag* flag : flags) names.push_back(flag->name);
  const auto meant = suggest(name, names);
  return refuse(fmt::format("atelier {} has no flag {}{}", command.name, printable(name, 64),
                            meant ? fmt::format("; did you mean {}?", *meant) : ""));
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view flag) const {
  const auto found = flags.find(flag);
  if (found == flags.end()) return std::nullopt;
  return found->second;
}

std::span<const Flag> common_flags() {
  static constexpr std::array kCommon = {
      Flag{"--config", "FILE", "Settings file; atelier.toml in the configuration folder unless given"},
      Flag{"--data-dir", "DIR", "Where everything is kept", "storage.data_dir"},
      Flag{"--set", "NAME=VALUE", "Any setting, by its name; may stand several times"},
      Flag{"--help", "", "This text"},
  };
  return kCommon;
}

Result<Arguments> parse_arguments(const Command& command, std::span<const std::string> words) {
  Arguments arguments{.command = &command, .positional = {}, .flags = {}, .settings = {}};
  bool takes_flags = true;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (takes_flags && word == "--") {
      takes_flags = false;
      continue;
    }
    if (takes_flags && word == "-h") {
      arguments.flags["--help"] = "";
      continue;
    }
    const std::string long_word = takes_flags && word == "-o" ? "--output" : word;
    if (!takes_flags || !long_word.starts_with("--")) {
      if (takes_flags && word.size() > 1 && word[0] == '-')
        return refuse(fmt::format("atelier {} has no flag {}", command.name, printable(word, 64)));
      arguments.positional.push_back(word);
      continue;
    }
    const std::size_t equals = long_word.find('=');
    const std::string name = long_word.substr(0, equals);
    auto flag = find_flag(command, name);
    if (!flag) return error_of(flag);
    std::string value;
    if (!(*flag)->value_name.empty()) {
      if (equals != std::string::npos)
        value = long_word.substr(equals + 1);
      else if (i + 1 < words.size())
        value = words[++i];
      else
        return refuse(fmt::format("{} needs a value: {} {}", name, name, (*flag)->value_name));
    } else if (equals != std::string::npos) {
      return refuse(fmt::format("{} takes no value", name));
    }
    if (name == "--set") {
      const std::size_t split = value.find('=');
      if (split == std::string::npos) return refuse("--set takes NAME=VALUE");
      arguments.settings.emplace_back(value.substr(0, split), value.substr(split + 1));
    } else if (!(*flag)->setting.empty()) {
      arguments.settings.emplace_back((*flag)->setting, value);
    } else {
      arguments.flags[name] = value;
    }
  }
  const auto wanted = static_cast<std::size_t>(std::ranges::count(command.arguments, '<'));
  if (arguments.positional.size() != wanted && !arguments.has("--help")) {
    if (wanted == 0) return refuse(fmt::format("atelier {} takes no argument", command.name));
    return refuse(fmt::format("atelier {} takes {}: {}", command.name, wanted == 1 ? "one argument" : "two arguments",
                              command.arguments));
  }
  return arguments;
}

std::string help_of(const Command& command) {
  std::string text = fmt::format("atelier {}{}{}\n\n{}\n", command.name, command.arguments.empty() ? "" : " ",
                                 command.arguments, command.help);
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      const std::string left =
          flag.value_name.empty() ? std::string(flag.name) : fmt::format("{} {}", flag.name, flag.value_name);
      text += fmt::format("  {:<24} {}\n", left, flag.help);
    }
  };
  text += "\n";
  add(command.flags);
  add(common_flags());
  return text;
}

}  // namespace atelier::app

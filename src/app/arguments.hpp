#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/setting.hpp"

namespace atelier::app {

// One flag of a command. `setting` is what it sets, if it stands for a setting; else the command reads it itself.
struct Flag {
  std::string_view name;        // "--listen"
  std::string_view value_name;  // "ADDRESS"; empty for a switch
  std::string_view help;
  std::string_view setting = {};
};

struct Command {
  std::string_view name;       // "keys create"
  std::string_view arguments;  // "<story.md>"
  std::string_view help;
  std::span<const Flag> flags;
  // The exit code (exit_code.hpp).
  int (*run)(const struct Arguments& arguments);
};

struct Arguments {
  const Command* command = nullptr;
  std::vector<std::string> positional;
  std::map<std::string, std::string, std::less<>> flags;  // "--output" -> value; a switch has ""
  std::vector<std::pair<std::string, std::string>> settings;

  bool has(std::string_view flag) const { return flags.contains(flag); }
  std::optional<std::string> value(std::string_view flag) const;
};

// Every command takes these too.
std::span<const Flag> common_flags();

// `words` are what follows the command's name. Errors name the flag and suggest the nearest.
Result<Arguments> parse_arguments(const Command& command, std::span<const std::string> words);

std::string help_of(const Command& command);

}  // namespace atelier::app

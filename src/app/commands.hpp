#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/arguments.hpp"
#include "base/error.hpp"
#include "base/setting.hpp"

namespace atelier::app {

// All commands of `atelier`, in the order help shows them.
std::span<const Command> commands();

// Finds the command, reads its flags and runs it. The exit code.
int run_command_line(const std::vector<std::string>& words);

// The settings in force for a command: file, environment, flags.
Result<Settings> load_settings(const Arguments& arguments);

// Writes "atelier: <message>" to stderr; the exit code that fits the error.
int complain(const Error& error);

// Each in the file of its name.
int run_serve(const Arguments& arguments);
int run_make(const Arguments& arguments);
int run_keys_create(const Arguments& arguments);
int run_keys_list(const Arguments& arguments);
int run_keys_revoke(const Arguments& arguments);
int run_keys_rotate_sealing_key(const Arguments& arguments);
// gateway_commands.cpp
int run_models(const Arguments& arguments);
int run_providers_list(const Arguments& arguments);
int run_providers_set(const Arguments& arguments);
int run_providers_remove(const Arguments& arguments);
int run_routes_list(const Arguments& arguments);
int run_routes_set(const Arguments& arguments);
int run_routes_remove(const Arguments& arguments);
int run_calls(const Arguments& arguments);
int run_usage(const Arguments& arguments);
int run_check(const Arguments& arguments);
int run_settings(const Arguments& arguments);
int run_settings_objectives(const Arguments& arguments);  // objectives_file.cpp
int run_doctor(const Arguments& arguments);
int run_audit(const Arguments& arguments);
int run_backup(const Arguments& arguments);
int run_restore(const Arguments& arguments);
int run_openapi(const Arguments& arguments);

}  // namespace atelier::app

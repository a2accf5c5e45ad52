#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace atelier::app::audit {

// Runs a program, without a shell, until it ends, and gives what it wrote to its output (32 MiB at most). Its own
// errors go nowhere. An exit code other than 0 is an error. Blocks; `more` is put into its environment.
Result<std::string> run_program(std::vector<std::string> words, std::vector<std::pair<std::string, std::string>> more,
                                std::chrono::seconds patience);

}  // namespace atelier::app::audit

#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/worker/process/options.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::process {

// Every task of every subject, in the order they are listed.
std::vector<TaskType> all_tasks();

// What must happen while files may still be opened: libraries find their modules, fonts are mapped.
Result<> start_libraries(const Options& options);

// What libraries read by name after that (voice data).
std::vector<std::string> read_only_paths();

}  // namespace atelier::media::process

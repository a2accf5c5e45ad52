#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/deadlines.hpp"

namespace atelier::net {

// Runs a task and cancels it at `until`: then `is_late`, and the task's own error is returned. The deadlines outlive
// it.
Task<Result<>> run_until(Deadlines* deadlines, Deadlines::TimePoint until, Task<Result<>> task, bool* is_late);

}  // namespace atelier::net

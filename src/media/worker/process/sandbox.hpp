#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/protocol/message.hpp"

namespace atelier::media::process {

struct SandboxOptions {
  int socket_fd = -1;  // the one socket that may be spoken on
  // Folders and files that may be read by name after the sandbox is closed (voice data). Those that do not exist are
  // left out. With none, or without Landlock, no file can be opened at all.
  std::vector<std::string> read_only_paths;
};

// Closes the sandbox around this process for good: rlimits, no_new_privs, Landlock, seccomp, then tries whether they
// hold. A layer that this kernel lacks is named in the report and the rest goes on; a layer that is there and does not
// hold is an Error, and the process must end. Call it while there is one thread.
Result<SandboxReport> enter_sandbox(const SandboxOptions& options);

// The layers, in the order they are closed.

// What may never be raised again. The control narrows the soft limits of memory, file size and CPU time per task.
Result<> limit_resources();

// Every right the running kernel knows is taken away, but reading below `read_only_paths`. The ABI; 0: not in this
// kernel.
Result<int> enter_landlock(std::span<const std::string> read_only_paths);

// System calls are allowed, answered with an error, or end the process. False: not in this kernel.
struct SeccompOptions {
  int socket_fd = -1;
  bool may_open_to_read = false;
};
Result<bool> enter_seccomp(const SeccompOptions& options);

// Tries what must be refused with an error. What ends the process cannot be tried from inside without ending it, and a
// child to try it in may not be made: tests/media/process does that with a worker for each call.
Result<> test_sandbox(const SandboxReport& report);

}  // namespace atelier::media::process

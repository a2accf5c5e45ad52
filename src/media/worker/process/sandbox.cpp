#include "media/worker/process/sandbox.hpp"

#include <sys/prctl.h>

#include <cerrno>

#include "media/protocol/limits.hpp"

namespace atelier::media::process {

Result<SandboxReport> enter_sandbox(const SandboxOptions& options) {
  SandboxReport report;
  if (auto done = limit_resources(); done)
    report.has_rlimits = true;
  else
    report.missing.push_back("limits of the process cannot be set: " + done.error().message);

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "cannot give up new privileges");
  report.has_no_new_privs = true;

  const auto abi = enter_landlock(options.read_only_paths);
  if (!abi) return error_of(abi);
  report.landlock_abi = *abi;
  // Without Landlock there is nothing between one file and another: then none is opened.
  const bool may_open_to_read = *abi > 0 && !options.read_only_paths.empty();
  if (*abi == 0)
    report.missing.push_back(
        "Landlock is not to be had here (Linux has it from 5.13 on, where it is not turned off): seccomp alone guards "
        "files, and refuses them all, so that voices of espeak-ng cannot be used");

  if constexpr (kIsSanitized) {
    report.missing.push_back("seccomp is off in this build, which has a sanitizer");
  } else {
    const auto filtered = enter_seccomp({.socket_fd = options.socket_fd, .may_open_to_read = may_open_to_read});
    if (!filtered) return error_of(filtered);
    report.has_seccomp = *filtered;
    if (!*filtered) report.missing.push_back("seccomp is not in this kernel: system calls are not filtered");
  }
  if (auto holds = test_sandbox(report); !holds) return error_of(holds);
  return report;
}

}  // namespace atelier::media::process

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.hpp"
#include "media/worker/process/sandbox.hpp"

namespace atelier::media::process {
namespace {

std::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorCode::internal, "the media worker's sandbox does not hold: " + what, {"sandbox_broken", ""});
}

bool opens(const char* path, int flags) { return UniqueFd(open(path, flags | O_CLOEXEC, 0600)).is_open(); }

bool maps_code() {
  void* const code = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return false;
  munmap(code, 4096);
  return true;
}

// EPERM from a call that has no way to fail like this tells that the filter answered it.
bool filter_answers() { return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == -1 && errno == EPERM; }

bool answers(long call, int error_number) { return syscall(call, 0, 0, 0, 0) == -1 && errno == error_number; }

}  // namespace

Result<> test_sandbox(const SandboxReport& report) {
  if (report.landlock_abi > 0 || report.has_seccomp) {
    if (opens("/etc/passwd", O_RDONLY)) return broken("/etc/passwd can be read");
    if (opens("/", O_RDONLY | O_DIRECTORY)) return broken("the root folder can be listed");
    if (opens("/tmp", O_TMPFILE | O_RDWR)) return broken("a file can be made in /tmp");
  }
  if (report.has_seccomp) {
    if (!filter_answers()) return broken("the seccomp filter does not answer");
    if (!answers(SYS_clone3, ENOSYS)) return broken("clone3 is not refused");
    if (!answers(SYS_openat2, ENOSYS)) return broken("openat2 is not refused");
    char name[16] = {};
    if (prctl(PR_GET_NAME, name, 0, 0, 0) != 0 || fcntl(0, F_GETFD) < 0)
      return broken("what must be allowed is refused");
    if (maps_code()) return broken("executable memory can be mapped");
  }
  if (report.has_rlimits) {
    rlimit core{};
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) return broken("core dumps are on");
  }
  return {};
}

}  // namespace atelier::media::process

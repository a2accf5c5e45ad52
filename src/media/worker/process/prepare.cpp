#include "media/worker/process/prepare.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/unique_fd.hpp"

namespace atelier::media::process {
namespace {

// The kernel should rather stop a worker than the server: its task is repeated, nobody else notices. Must be written
// while this process is still dumpable, since its /proc files are root's afterwards.
void offer_to_oom_killer() {
  const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr std::string_view kScore = "800";
  if (file.is_open()) (void)!write(file.get(), kScore.data(), kScore.size());
}

void close_other_fds(int kept) {
  constexpr unsigned kFirst = STDERR_FILENO + 1;
  if (kept < 0) {
    close_range(kFirst, ~0U, 0);
    return;
  }
  const auto fd = static_cast<unsigned>(kept);
  if (fd > kFirst) close_range(kFirst, fd - 1, 0);
  close_range(fd + 1, ~0U, 0);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  // Reaching the size limit or writing to a closed socket is an answer (EFBIG, EPIPE), not the end.
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  // Ctrl-C on a terminal is the control's affair; it stops its workers in order.
  signal(SIGINT, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void empty_environment() {
  clearenv();
  // What libraries would otherwise ask the system for. GLib looks the home up in the user database when HOME is unset,
  // which needs a socket.
  setenv("HOME", "/nonexistent", 1);
  setenv("LC_ALL", "C", 1);
}

Result<> silence(bool keeps_stdout) {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.is_open()) return fail_errno(errno, "cannot open /dev/null");
  if (dup2(null.get(), STDIN_FILENO) < 0) return fail_errno(errno, "cannot close the standard input");
  if (!keeps_stdout && dup2(null.get(), STDOUT_FILENO) < 0)
    return fail_errno(errno, "cannot close the standard output");
  return {};
}

}  // namespace

Result<> prepare_process(const Preparation& preparation) {
  setsid();  // fails only where this process leads a session already
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail_errno(errno, "cannot tie a media worker to its parent");
  if (preparation.parent_pid != 0 && getppid() != preparation.parent_pid)
    return fail(ErrorCode::unavailable, "the parent of this media worker is gone");
  offer_to_oom_killer();
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return fail_errno(errno, "cannot hide a media worker's memory");
  umask(077);
  if (auto done = silence(preparation.keeps_stdout); !done) return done;
  close_other_fds(preparation.socket_fd);
  reset_signals();
  empty_environment();
  // Encoders start many threads: an arena for each would fragment memory for nothing.
  mallopt(M_ARENA_MAX, 2);
  return {};
}

}  // namespace atelier::media::process

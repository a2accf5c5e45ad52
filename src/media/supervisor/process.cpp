#include "media/supervisor/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>

#include "media/protocol/limits.hpp"

namespace atelier::media {
namespace {

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { posix_spawn_file_actions_init(&value); }
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};
struct Attributes {
  posix_spawnattr_t value;
  Attributes() { posix_spawnattr_init(&value); }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

void set_up(FileActions& actions, int socket) {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions.value, stream, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions.value, socket, kWorkerSocketFd);
  posix_spawn_file_actions_addclosefrom_np(&actions.value, kWorkerSocketFd + 1);
}

void set_up(Attributes& attributes) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setsigdefault(&attributes.value, &all);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
}

// A whole small file of /proc.
std::string read_proc(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(16'384, '\0');
  const ssize_t size = file.is_open() ? read(file.get(), text.data(), text.size()) : -1;
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<> set_soft_limit(pid_t pid, __rlimit_resource resource, std::uint64_t value, const char* name) {
  rlimit limit{};
  if (prlimit(pid, resource, nullptr, &limit) != 0)
    return fail_errno(errno, std::string("cannot read a media worker's ") + name);
  limit.rlim_cur = std::min<rlim_t>(value, limit.rlim_max);
  if (prlimit(pid, resource, &limit, nullptr) != 0)
    return fail_errno(errno, std::string("cannot set a media worker's ") + name);
  return {};
}

}  // namespace

Result<Child> spawn_worker(const std::filesystem::path& executable, const std::vector<std::string>& arguments,
                           int socket) {
  FileActions actions;
  Attributes attributes;
  set_up(actions, socket);
  set_up(attributes);
  std::vector<char*> argv{const_cast<char*>(executable.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, executable.c_str(), &actions.value, &attributes.value, argv.data(), environment);
  if (error != 0)
    return fail(ErrorCode::unavailable, fmt::format("cannot start {}: {}", executable.string(), std::strerror(error)),
                {"worker_start_failed", ""});
  Child child{pid, UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)))};
  if (!child.pidfd.is_open()) {
    const int reason = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return fail_errno(reason, "cannot watch a media worker");
  }
  return child;
}

std::optional<Ending> reap(const Child& child) {
  siginfo_t status{};
  if (waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &status, WEXITED | WNOHANG) != 0)
    return Ending{};  // somebody else did
  if (status.si_pid == 0) return std::nullopt;
  return Ending{status.si_code != CLD_EXITED, status.si_status};
}

std::string to_string(const Ending& ending) {
  if (!ending.was_signal) return fmt::format("ended with exit code {}", ending.number);
  const char* name = sigabbrev_np(ending.number);
  return fmt::format("was stopped by signal {} (SIG{})", ending.number, name != nullptr ? name : "?");
}

// glibc 2.36 declares its own functions for pidfds without extern "C".
void kill_process(const Child& child) { syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0); }

std::optional<Usage> read_usage(pid_t pid) {
  const std::string text = read_proc(fmt::format("/proc/{}/stat", pid));
  // The command's name may hold spaces and brackets; the fields begin after the last one. Numbers as in proc(5).
  const std::size_t name_end = text.rfind(')');
  if (name_end == text.npos) return std::nullopt;
  constexpr std::size_t kUserTime = 14, kSystemTime = 15, kThreads = 20, kResident = 24;
  std::uint64_t fields[kResident + 1] = {};
  std::size_t at = name_end + 2;
  for (std::size_t number = 3; number <= kResident; ++number) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (at >= text.size()) return std::nullopt;
    fields[number] = parse_number(std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
  static const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  static const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return Usage{.resident_bytes = fields[kResident] * page_bytes,
               .cpu_ms = static_cast<std::int64_t>((fields[kUserTime] + fields[kSystemTime]) * 1'000 / ticks),
               .thread_count = static_cast<std::int64_t>(fields[kThreads])};
}

Result<> limit_process(pid_t pid, const TaskLimits& limits) {
  if (auto done = set_soft_limit(pid, RLIMIT_FSIZE, limits.file_bytes_max, "RLIMIT_FSIZE"); !done) return done;
  const auto usage = read_usage(pid);
  const std::int64_t cpu_ms = (usage ? usage->cpu_ms : 0) + limits.cpu_ms_max;
  if (auto done = set_soft_limit(pid, RLIMIT_CPU, static_cast<std::uint64_t>(cpu_ms) / 1'000 + 1, "RLIMIT_CPU"); !done)
    return done;
  if (kIsSanitized) return {};
  // Private writable memory, used or not: what is resident is polled. Threads' stacks count whole, hence the room.
  constexpr std::uint64_t kStackBytes = 512ULL * 1024 * 1024;
  return set_soft_limit(pid, RLIMIT_DATA, limits.memory_bytes_max + kStackBytes, "RLIMIT_DATA");
}

std::uint64_t oom_kill_count() {
  const std::string text = read_proc("/proc/vmstat");
  constexpr std::string_view kName = "\noom_kill ";
  const std::size_t at = text.find(kName);
  return at == text.npos ? 0 : parse_number(std::string_view(text).substr(at + kName.size()));
}

}  // namespace atelier::media

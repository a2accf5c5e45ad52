#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::media {

// A started child. It is this process's to reap, so its id stays its own until then.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable once it has ended
};

// Starts it with an empty environment, no standard streams, and `socket` as descriptor kWorkerSocketFd; nothing else is
// handed down.
Result<Child> spawn_worker(const std::filesystem::path& executable, const std::vector<std::string>& arguments,
                           int socket);

struct Ending {
  bool was_signal = false;
  int number = 0;  // of the signal, or the exit code
};
// Takes an ended child's status, so that no zombie stays. nullopt: it has not ended.
std::optional<Ending> reap(const Child& child);
// "was stopped by signal 11 (SIGSEGV)", "ended with exit code 3"
std::string to_string(const Ending& ending);

void kill_process(const Child& child);

// What the kernel counts of a running process, from /proc/<pid>/stat.
struct Usage {
  std::uint64_t resident_bytes = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t thread_count = 0;
};
std::optional<Usage> read_usage(pid_t pid);

struct TaskLimits {
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t file_bytes_max = 0;
  std::int64_t cpu_ms_max = 0;  // further CPU time from now on
};
// Sets another process's soft limits for its next task; it cannot raise them itself.
Result<> limit_process(pid_t pid, const TaskLimits& limits);

// How often this system's kernel killed a process for want of memory, since boot. 0 where it does not tell.
std::uint64_t oom_kill_count();

}  // namespace atelier::media

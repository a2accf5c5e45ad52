#include "app/audit/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/unique_fd.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared here

namespace atelier::app::audit {
namespace {

constexpr std::size_t kOutputBytesMax = 32 << 20;

// Ends the program, and whatever it started, if it has not ended by itself.
class Process {
 public:
  explicit Process(pid_t id) : id_(id) {}
  ~Process() {
    if (id_ <= 0) return;
    ::kill(-id_, SIGKILL);
    (void)wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

struct Spawning {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  Spawning() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
};

Result<std::string> read_all(int output, const std::string& name, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::string text;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{.fd = output, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0)
      return fail(ErrorCode::deadline_exceeded, fmt::format("{} took over {} s", name, patience.count()));
    char bytes[16 * 1024];
    const ssize_t count = ::read(output, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("cannot read what {} says", name));
    if (count == 0) return text;
    text.append(bytes, static_cast<std::size_t>(count));
    if (text.size() > kOutputBytesMax) return fail(ErrorCode::too_large, fmt::format("{} says too much", name));
  }
}

}  // namespace

Result<std::string> run_program(std::vector<std::string> words, std::vector<std::pair<std::string, std::string>> more,
                                std::chrono::seconds patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
  UniqueFd output(ends[0]), theirs(ends[1]);
  Spawning spawning;
  posix_spawn_file_actions_addopen(&spawning.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&spawning.actions, theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&spawning.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> added;
  for (const auto& [name, value] : more) added.push_back(fmt::format("{}={}", name, value));
  std::vector<char*> arguments, environment;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  for (std::string& variable : added) environment.push_back(variable.data());
  for (char** variable = environ; *variable; ++variable) environment.push_back(*variable);
  environment.push_back(nullptr);
  pid_t id = -1;
  const int error =
      ::posix_spawn(&id, arguments[0], &spawning.actions, &spawning.attributes, arguments.data(), environment.data());
  if (error != 0) return fail_errno(error, fmt::format("cannot start {}", words[0]));
  Process process(id);
  theirs.reset();
  auto text = read_all(output.get(), words[0], patience);
  if (!text) return text;
  const int status = process.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorCode::unavailable, fmt::format("{} ended with {}", words[0],
                                                    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
  return text;
}

}  // namespace atelier::app::audit

#include "app/audit/own_studio.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/text.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared here

namespace atelier::app::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartMax{20}, kEndMax{15};
constexpr std::size_t kLineBytesMax = 4096, kLogTailBytes = 600;

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { posix_spawn_file_actions_init(&value); }
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

// What is set for the operator's own studio is not for the audit's: its load would stand in their collector's figures.
std::vector<char*> environment_without_ours() {
  std::vector<char*> kept;
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("ATELIER_") && !text.starts_with("OTEL_")) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

std::string tail_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto size = static_cast<std::size_t>(file.tellg());
  const std::size_t from = size > kLogTailBytes ? size - kLogTailBytes : 0;
  file.seekg(static_cast<std::streamoff>(from));
  std::string text(size - from, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  return printable(text, kLogTailBytes);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(std::vector<std::string> words, const std::string& log,
                                            std::chrono::milliseconds patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
  std::unique_ptr<Child> child(new Child());
  child->output_ = ends[0];
  FileActions actions;
  posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.value, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions.value, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<char*> environment = environment_without_ours();
  const int error =
      ::posix_spawn(&child->id_, arguments[0], &actions.value, nullptr, arguments.data(), environment.data());
  ::close(ends[1]);
  if (error != 0) {
    child->id_ = -1;
    return fail_errno(error, fmt::format("cannot start {}", words[0]));
  }
  const std::string name = fs::path(words[0]).filename().string();
  if (auto read = child->read_url(name, patience); !read) {
    child.reset();
    const std::string said = tail_of(log);
    return fail(read.error().code, said.empty() ? read.error().message : read.error().message + ": " + said);
  }
  return child;
}

Result<> Child::read_url(const std::string& name, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::string line;
  while (line.find('\n') == std::string::npos && line.size() < kLineBytesMax) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{.fd = output_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0)
      return fail(ErrorCode::deadline_exceeded, fmt::format("{} did not say where it is", name));
    char bytes[512];
    const ssize_t count = ::read(output_, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(ErrorCode::unavailable, fmt::format("{} ended at once", name));
    line.append(bytes, static_cast<std::size_t>(count));
  }
  const std::size_t at = line.find("http");
  if (at == std::string::npos)
    return fail(ErrorCode::unavailable, fmt::format("{} said \"{}\" and no address", name, printable(line, 80)));
  url_ = line.substr(at, line.find_first_of(" \r\n", at) - at);
  return {};
}

Child::~Child() {
  if (id_ > 0) {
    ::kill(id_, SIGTERM);
    const auto end = std::chrono::steady_clock::now() + kEndMax;
    int status = 0;
    while (::waitpid(id_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) {
        ::kill(id_, SIGKILL);
        ::waitpid(id_, &status, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  if (output_ >= 0) ::close(output_);
}

Result<std::unique_ptr<OwnStudio>> OwnStudio::start(Options options) {
  std::unique_ptr<OwnStudio> own(new OwnStudio());
  std::string name = (fs::temp_directory_path() / "atelier-audit-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, "cannot make a folder for a studio");
  own->folder_ = name;
  const auto in_folder = [&](const char* file) { return (own->folder_ / file).string(); };
  if (!options.double_program.empty()) {
    auto provider = Child::start({options.double_program}, in_folder("double.log"), kStartMax);
    if (!provider) return error_of(provider);
    own->double_ = std::move(*provider);
  }
  const std::size_t connections = options.streams_max + 1'000;
  std::ofstream(own->folder_ / "atelier.toml") << "# The audit's own.\n";
  std::vector<std::string> words{
      options.program,          "serve", "--listen", "127.0.0.1:0", "--data-dir", own->data_folder(), "--config",
      in_folder("atelier.toml")};
  for (std::string setting :
       {fmt::format("server.connections_max={}", std::max<std::size_t>(connections, 10'000)),
        fmt::format("server.connections_per_peer_max={}", connections), std::string("models.find_local=false"),
        std::string("log.level=warn"), "access.sealing_key_file=" + in_folder("sealing.key")}) {
    words.emplace_back("--set");
    words.push_back(std::move(setting));
  }
  auto studio = Child::start(std::move(words), in_folder("studio.log"), kStartMax);
  if (!studio) return error_of(studio);
  own->studio_ = std::move(*studio);
  return own;
}

OwnStudio::~OwnStudio() {
  studio_.reset();
  double_.reset();
  std::error_code ec;
  if (!folder_.empty()) fs::remove_all(folder_, ec);
}

std::string program_beside(std::string_view name) {
  std::error_code ec;
  const fs::path own = fs::read_symlink("/proc/self/exe", ec);
  if (ec) return {};
  const fs::path path = own.parent_path() / name;
  return ::access(path.c_str(), X_OK) == 0 ? path.string() : std::string();
}

std::string program_in_path(std::string_view name) {
  const char* const folders = std::getenv("PATH");
  for (std::string_view rest = folders ? folders : ""; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const fs::path path = fs::path(rest.substr(0, end)) / name;
    if (end > 0 && ::access(path.c_str(), X_OK) == 0) return path.string();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace atelier::app::audit

#include "store/data_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/log.hpp"
#include "base/text.hpp"
#include "store/file_system.hpp"

namespace atelier::store {
namespace {

constexpr std::size_t kLockTextMax = 256;

Result<> check_folder(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0)
    return fail_errno(errno, fmt::format("cannot examine the data folder {}", path));
  if (!S_ISDIR(facts.st_mode))
    return fail(ErrorCode::invalid_argument, fmt::format("the data folder {} is no folder", path));
  if ((facts.st_mode & 0077) != 0)
    log::warn("other users of this machine may look into the data folder", {{"path", path}});
  const auto kind = file_system_at(path);
  if (!kind) return error_of(kind);
  if (kind->fitness == FileSystemFitness::unfit)
    return fail(
        ErrorCode::invalid_argument,
        fmt::format(
            "the data folder {} lies on a network file system ({}), where its locks do not hold: choose a local folder",
            path, kind->name),
        {.reason = "network_file_system", .where = {}});
  return {};
}

std::string lock_text() {
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", kLockTextMax);
  return fmt::format("{} {}\n", ::getpid(), boot ? trim(*boot) : "unknown");
}

std::unexpected<Error> in_use(const std::string& path, int lock) {
  char text[kLockTextMax] = {};
  const ssize_t size = ::pread(lock, text, sizeof text - 1, 0);
  const std::string_view owner = size > 0 ? std::string_view(text, static_cast<std::size_t>(size)) : std::string_view();
  const std::string pid = printable(owner.substr(0, owner.find(' ')), 20);
  return fail(ErrorCode::conflict,
              fmt::format("the data folder {0} is in use by process {1}: commands beside a running server reach it "
                          "over {0}/server.sock; otherwise "
                          "stop that process or choose another folder",
                          path, pid.empty() ? "(unknown)" : pid),
              {.reason = "data_folder_in_use", .where = {}});
}

}  // namespace

Result<DataFolder> DataFolder::open(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return fail(ErrorCode::invalid_argument, "the data folder has no name");
  if (auto made = make_directories(path); !made) return error_of(std::move(made));
  if (auto fits = check_folder(path); !fits) return error_of(std::move(fits));
  const std::string lock_path = path + "/lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return fail_errno(errno, fmt::format("cannot open {}", lock_path));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return in_use(path, lock.get());
    return fail_errno(errno, fmt::format("cannot lock {}", lock_path));
  }
  const std::string text = lock_text();
  // Only people read it: a full disk must not keep the studio from starting.
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), text.data(), text.size(), 0) < 0)
    log::warn("cannot write who owns the data folder", {{"path", lock_path}});
  return DataFolder(std::move(path), std::move(lock));
}

Result<std::string> default_data_folder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/')
    return std::string(data) + "/atelier";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return std::string(home) + "/.local/share/atelier";
  return fail(ErrorCode::invalid_argument, "no data folder: set --data-dir, XDG_DATA_HOME or HOME");
}

}  // namespace atelier::store

#include "store/file_system.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/unique_fd.hpp"

namespace atelier::store {
namespace {

// Numbers from linux/magic.h and the file systems' own headers.
constexpr std::array<std::pair<std::int64_t, FileSystemKind>, 10> kKinds = {{
    {0x6969, {"nfs", FileSystemFitness::unfit}},
    {0x517b, {"smb", FileSystemFitness::unfit}},
    {0xff534d42, {"cifs", FileSystemFitness::unfit}},
    {0xfe534d42, {"smb2", FileSystemFitness::unfit}},
    {0x5346414f, {"afs", FileSystemFitness::unfit}},
    {0x00c36400, {"ceph", FileSystemFitness::unfit}},
    {0x01021997, {"9p", FileSystemFitness::doubtful}},
    {0x65735546, {"fuse", FileSystemFitness::doubtful}},
    {0x01021994, {"tmpfs", FileSystemFitness::doubtful}},
    {0x794c7630, {"overlay", FileSystemFitness::doubtful}},
}};

Result<> sync_path(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("cannot open {}", path));
  if (::fsync(fd.get()) != 0) {
    auto failed = fail_errno(errno, fmt::format("cannot sync {}", path));
    failed.error().code = ErrorCode::storage_failed;
    return failed;
  }
  return {};
}

Result<> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, fmt::format("cannot write {}", path));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

FileSystemKind file_system_kind(std::int64_t magic) noexcept {
  for (const auto& [number, kind] : kKinds)
    if (number == magic) return kind;
  return {"local", FileSystemFitness::good};
}

Result<FileSystemKind> file_system_at(const std::string& path) {
  struct statfs facts = {};
  if (::statfs(path.c_str(), &facts) != 0)
    return fail_errno(errno, fmt::format("cannot examine the file system of {}", path));
  return file_system_kind(static_cast<std::int64_t>(facts.f_type) & 0xffffffff);
}

Result<std::uint64_t> free_bytes_at(const std::string& path) {
  struct statvfs facts = {};
  if (::statvfs(path.c_str(), &facts) != 0)
    return fail_errno(errno, fmt::format("cannot examine the file system of {}", path));
  return std::uint64_t{facts.f_bavail} * facts.f_frsize;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail_errno(errno, fmt::format("cannot make the folder {}", path));
}

Result<> make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (const std::string parent = path.substr(0, slash); !exists(parent))
      if (auto made = make_directory(parent); !made) return made;
  return make_directory(path);
}

Result<> sync_directory(const std::string& path) { return sync_path(path, O_RDONLY | O_DIRECTORY); }
Result<> sync_file(const std::string& path) { return sync_path(path, O_RDONLY); }

Result<> rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail_errno(errno, fmt::format("cannot rename {} to {}", from, to));
}

bool exists(const std::string& path) noexcept { return ::access(path.c_str(), F_OK) == 0; }

std::uint64_t size_of_file(const std::string& path) noexcept {
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

Result<> write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".new";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("cannot make {}", temporary));
  Result<> done = write_all(fd.get(), bytes, temporary);
  fd.reset();
  if (done) done = sync_file(temporary);
  if (done) done = rename_file(temporary, path);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_directory(parent_of(path));
}

Result<std::string> read_file(const std::string& path, std::size_t size_bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("cannot open {}", path));
  std::string bytes;
  std::array<char, 65'536> buffer;
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("cannot read {}", path));
    if (count == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(count) > size_bytes_max)
      return fail(ErrorCode::too_large, fmt::format("{} has more than {} bytes", path, size_bytes_max));
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace atelier::store

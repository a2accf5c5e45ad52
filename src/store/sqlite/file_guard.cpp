#include "store/sqlite/file_guard.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.hpp"
#include "store/file_system.hpp"

namespace atelier::store::sqlite {
namespace {

constexpr std::string_view kMark = "open\n";

Result<> check_file_system(const std::string& path) {
  const auto kind = file_system_at(parent_of(path));
  if (!kind) return error_of(kind);
  if (kind->fitness == FileSystemFitness::unfit)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} lies on a network file system ({}), where its locks do not hold: choose a local folder",
                            path, kind->name),
                {.reason = "network_file_system", .where = {}});
  if (kind->fitness == FileSystemFitness::doubtful)
    log::warn("the database lies on a file system that may not keep it", {{"path", path}, {"file_system", kind->name}});
  return {};
}

Result<> check_wal(const std::string& path, bool was_open) {
  const std::string wal = path + "-wal";
  if (was_open && exists(path) && size_of_file(path) > 0 && !exists(wal))
    return fail(ErrorCode::storage_failed,
                fmt::format("{0} was in use when its process ended, and {1}, which holds the latest writes, is "
                            "missing. Put it back or restore a "
                            "backup. To go on without those writes, remove {0}-open",
                            path, wal),
                {.reason = "wal_missing", .where = {}});
  if (!was_open && size_of_file(wal) > 0)
    return fail(
        ErrorCode::storage_failed,
        fmt::format(
            "{0} was closed properly, yet {1} holds writes, as if from another copy. Move {1} away; if the two belong "
            "together, make an empty file {0}-open",
            path, wal),
        {.reason = "wal_of_another", .where = {}});
  return {};
}

}  // namespace

Result<FileGuard> FileGuard::acquire(std::string path) {
  if (auto fits = check_file_system(path); !fits) return error_of(std::move(fits));
  const std::string lock_path = path + "-lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return fail_errno(errno, fmt::format("cannot open {}", lock_path));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::conflict, fmt::format("{} is open already", path),
                {.reason = "database_in_use", .where = {}});
  FileGuard guard(std::move(path), std::move(lock));
  guard.was_unclean_ = exists(guard.path_ + "-open");
  if (auto fits = check_wal(guard.path_, guard.was_unclean_); !fits) return error_of(std::move(fits));
  return guard;
}

Result<> FileGuard::mark_open() {
  if (exists(path_ + "-open")) return {};
  return write_file(path_ + "-open", kMark);
}

void FileGuard::mark_closed() {
  // Should this fail, the next start looks more closely than it needs to.
  ::unlink((path_ + "-open").c_str());
}

}  // namespace atelier::store::sqlite

#include "studio/library/upload_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/async.hpp"

namespace atelier::studio {
namespace {

Result<> write_at(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) return fail_errno(errno, "cannot open an upload's file");
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "cannot write an upload");
    offset += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<> UploadFiles::prepare() const {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno(errno, "cannot make the folder of uploads");
  return {};
}

Task<Result<std::uint64_t>> UploadFiles::size_of(store::UploadId id) {
  auto work = [path = path_of(id)](std::size_t) -> Result<std::uint64_t> {
    struct stat facts = {};
    if (::lstat(path.c_str(), &facts) == 0) return static_cast<std::uint64_t>(facts.st_size);
    if (errno == ENOENT) return std::uint64_t{0};
    return fail_errno(errno, "cannot look at an upload's file");
  };
  co_return co_await store::run_in(&pool_, std::move(work));
}

Task<Result<>> UploadFiles::append(store::UploadId id, std::uint64_t offset, std::string bytes) {
  auto work = [path = path_of(id), offset, piece = std::move(bytes)](std::size_t) {
    return write_at(path, offset, piece);
  };
  co_return co_await store::run_in(&pool_, std::move(work));
}

Task<Result<>> UploadFiles::sync(store::UploadId id) {
  auto work = [path = path_of(id)](std::size_t) -> Result<> {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.is_open()) return fail_errno(errno, "cannot open an upload's file");
    if (::fdatasync(fd.get()) != 0) return fail_errno(errno, "cannot sync an upload");
    return {};
  };
  co_return co_await store::run_in(&pool_, std::move(work));
}

Task<Result<>> UploadFiles::remove(store::UploadId id) {
  auto work = [path = path_of(id)](std::size_t) -> Result<> {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "cannot remove an upload");
    return {};
  };
  co_return co_await store::run_in(&pool_, std::move(work));
}

}  // namespace atelier::studio

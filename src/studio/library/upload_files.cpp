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

// What is taken is written and hashed, and only then kept: of a piece that could not be written nothing is known.
std::optional<UploadFiles::Hashed> UploadFiles::take_hashed(store::UploadId id, std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  auto node = hashed_.extract(id);
  if (size_bytes == 0) return Hashed();
  if (!node || node.mapped().size_bytes != size_bytes) return std::nullopt;
  return std::move(node.mapped());
}

void UploadFiles::keep_hashed(store::UploadId id, Hashed hashed) {
  const std::lock_guard lock(mutex_);
  hashed_.insert_or_assign(id, std::move(hashed));
  // Ids are in the order of their time: the one that was begun first is read again when it is whole.
  if (hashed_.size() > kHashedMax) hashed_.erase(hashed_.begin());
}

std::optional<Digest> UploadFiles::take_digest(store::UploadId id, std::uint64_t size_bytes) {
  auto hashed = take_hashed(id, size_bytes);
  if (!hashed) return std::nullopt;
  return hashed->hash.finish();
}

Task<Result<>> UploadFiles::append(store::UploadId id, std::uint64_t offset, std::string bytes, Checksum* checksum) {
  auto hashed = take_hashed(id, offset);
  auto work = [path = path_of(id), offset, checksum, so_far = hashed ? &*hashed : nullptr,
               piece = std::move(bytes)](std::size_t) -> Result<> {
    if (auto written = write_at(path, offset, piece); !written) return written;
    if (checksum != nullptr) checksum->update(piece);
    if (so_far == nullptr) return {};
    so_far->hash.update(piece);
    so_far->size_bytes += piece.size();
    return {};
  };
  auto written = co_await store::run_in(&pool_, std::move(work));
  if (written && hashed) keep_hashed(id, std::move(*hashed));
  co_return written;
}

Task<Result<>> UploadFiles::cut(store::UploadId id, std::uint64_t size_bytes) {
  (void)take_hashed(id, size_bytes + 1);  // it went further than that
  auto work = [path = path_of(id), size_bytes](std::size_t) -> Result<> {
    if (::truncate(path.c_str(), static_cast<off_t>(size_bytes)) != 0 && errno != ENOENT)
      return fail_errno(errno, "cannot drop a piece of an upload");
    return {};
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
  (void)take_hashed(id, 0);
  auto work = [path = path_of(id)](std::size_t) -> Result<> {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "cannot remove an upload");
    return {};
  };
  co_return co_await store::run_in(&pool_, std::move(work));
}

}  // namespace atelier::studio

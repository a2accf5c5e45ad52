#include "store/blob/reserve_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "store/file_system.hpp"

namespace atelier::store::blob {
namespace {

constexpr std::uint64_t kPlentyBytes = std::uint64_t{1} << 30;

}  // namespace

void ReserveFile::restore() {
  const std::lock_guard lock(mutex_);
  if (size_bytes_ == 0 || size_of_file(path_) >= size_bytes_) return;
  const auto free_bytes = free_bytes_at(parent_of(path_));
  if (!free_bytes || *free_bytes < kPlentyBytes) return;
  const UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.is_open() || ::fallocate(fd.get(), 0, 0, static_cast<off_t>(size_bytes_)) == 0) return;
  // A file system without fallocate would have to be written in full: no reserve there.
  ::unlink(path_.c_str());
}

void ReserveFile::release() {
  const std::lock_guard lock(mutex_);
  if (::unlink(path_.c_str()) == 0)
    log::error("the disk is full: freed the reserve", {{"path", path_}, {"bytes", size_bytes_}});
}

}  // namespace atelier::store::blob

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace atelier {

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

UniqueFd UniqueFd::duplicate() const noexcept { return UniqueFd(fd_ < 0 ? -1 : ::fcntl(fd_, F_DUPFD_CLOEXEC, 0)); }

}  // namespace atelier

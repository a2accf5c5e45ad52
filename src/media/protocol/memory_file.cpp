#include "media/protocol/memory_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace atelier::media {

Result<UniqueFd> make_memory_file() {
  UniqueFd fd(memfd_create("atelier-media", MFD_CLOEXEC));
  if (!fd.is_open()) return fail_errno(errno, "cannot make a memory file for a media task");
  return fd;
}

Result<> write_file(int fd, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t step = pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return fail_errno(step < 0 ? errno : EIO, "cannot write a media task's file");
    done += static_cast<std::size_t>(step);
  }
  return {};
}

Result<std::string> read_file(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t step = pread(fd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (step < 0 && errno == EINTR) continue;
    if (step < 0) return fail_errno(errno, "cannot read a media task's file");
    if (step == 0) return fail(ErrorCode::invalid_argument, "a media task's file is shorter than was said");
    done += static_cast<std::size_t>(step);
  }
  return bytes;
}

Result<std::uint64_t> size_of_file(int fd) {
  struct stat facts{};
  if (fstat(fd, &facts) != 0) return fail_errno(errno, "cannot look at a media task's file");
  return static_cast<std::uint64_t>(facts.st_size);
}

}  // namespace atelier::media

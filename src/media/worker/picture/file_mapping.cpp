#include "media/worker/picture/file_mapping.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace atelier::media::picture {

Result<FileMapping> FileMapping::open(int fd, std::string_view what, std::size_t size_bytes_max) {
  if (fd < 0) return fail(ErrorCode::invalid_argument, fmt::format("no {} was given", what));
  struct stat facts{};
  if (::fstat(fd, &facts) != 0) return fail_errno(errno, fmt::format("cannot examine the {}", what));
  if (!S_ISREG(facts.st_mode)) return fail(ErrorCode::invalid_argument, fmt::format("the {} is not a file", what));
  if (facts.st_size == 0) return fail(ErrorCode::invalid_argument, fmt::format("the {} is empty (0 bytes)", what));
  const auto size_bytes = static_cast<std::size_t>(facts.st_size);
  if (size_bytes > size_bytes_max)
    return fail(ErrorCode::too_large,
                fmt::format("the {} has {} bytes; at most {} are allowed", what, size_bytes, size_bytes_max));
  void* data = ::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return fail_errno(errno, fmt::format("cannot map the {}", what));
  return FileMapping(static_cast<const std::uint8_t*>(data), size_bytes);
}

FileMapping::FileMapping(FileMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

FileMapping::~FileMapping() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_bytes_);
}

Result<> write_whole(int fd, std::span<const std::uint8_t> bytes) {
  if (fd < 0) return fail(ErrorCode::invalid_argument, "no output was given");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written == 0 ? EIO : errno, "cannot write the output");
    done += static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace atelier::media::picture

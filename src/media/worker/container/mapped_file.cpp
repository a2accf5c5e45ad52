#include "media/worker/container/mapped_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

namespace atelier::media::container {

Result<MappedFile> MappedFile::open(int fd) {
  struct stat facts{};
  if (fstat(fd, &facts) != 0) return fail_errno(errno, "cannot look at an input file");
  if (facts.st_size == 0) return MappedFile(nullptr, 0);
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* const data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return fail_errno(errno, "cannot map an input file");
  return MappedFile(data, size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace atelier::media::container

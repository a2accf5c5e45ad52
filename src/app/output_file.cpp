#include "app/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/hash.hpp"

namespace atelier::app {

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return fail(ErrorCode::invalid_argument, fmt::format("{} is a folder", path.string()));
  std::filesystem::path temporary = path;
  temporary.replace_filename(fmt::format(".{}.{}.part", path.filename().string(), hex(random_bytes(4))));
  UniqueFd fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("cannot write {}", path.string()));
  return OutputFile(path, std::move(temporary), std::move(fd));
}

OutputFile::~OutputFile() {
  if (fd_.is_open()) ::unlink(temporary_.c_str());
}

Result<> OutputFile::commit() {
  if (::fsync(fd_.get()) != 0) return fail_errno(errno, fmt::format("cannot write {}", path_.string()));
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    return fail_errno(errno, fmt::format("cannot put {} in place", path_.string()));
  fd_.reset();
  return {};
}

}  // namespace atelier::app

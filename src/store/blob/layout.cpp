#include "store/blob/layout.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/id.hpp"
#include "store/file_system.hpp"

namespace atelier::store::blob {
namespace {

constexpr std::size_t kReadBytes = 256 * 1'024;

std::string_view folder_name(BlobKind kind) noexcept { return kind == BlobKind::original ? "original" : "derived"; }

Result<std::size_t> read_at(int fd, char* buffer, std::size_t size, std::uint64_t offset) {
  while (true) {
    const ssize_t count = ::pread(fd, buffer, size, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return fail_errno(errno, "cannot read a blob");
  }
}

}  // namespace

Result<> Layout::prepare() const {
  for (const std::string_view name : {"", "/original", "/derived", "/tmp", "/quarantine"})
    if (auto made = make_directory(fmt::format("{}{}", directory_, name)); !made) return made;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory_ + "/tmp", error), end; !error && entry != end;
       entry.increment(error))
    ::unlink(entry->path().c_str());
  if (error) return fail_errno(error.value(), fmt::format("cannot sweep {}/tmp", directory_));
  return sync_directory(directory_);
}

std::string Layout::folder_of(BlobKind kind, std::uint8_t first_byte) const {
  return fmt::format("{}/{}/{:02x}", directory_, folder_name(kind), first_byte);
}

std::string Layout::path_of(BlobKind kind, const Digest& digest) const {
  return fmt::format("{}/{}", folder_of(kind, digest.bytes[0]), std::string_view(digest.hex()).substr(2));
}

std::string Layout::new_temporary() const { return fmt::format("{}/tmp/{}", directory_, Ulid::make().to_string()); }
std::string Layout::quarantine_path_of(const Digest& digest) const {
  return fmt::format("{}/quarantine/{}", directory_, digest.hex());
}

std::optional<Digest> Layout::digest_of(std::uint8_t first_byte, std::string_view file_name) {
  if (file_name.size() != 62) return std::nullopt;
  return Digest::parse(fmt::format("{:02x}{}", first_byte, file_name));
}

Result<> move_durably(const std::string& from, const std::string& to) {
  const std::string folder = parent_of(to);
  if (!exists(folder)) {
    if (auto made = make_directory(folder); !made) return made;
    if (auto synced = sync_directory(parent_of(folder)); !synced) return synced;
  }
  if (auto renamed = rename_file(from, to); !renamed) return renamed;
  return sync_directory(folder);
}

Result<BlobInfo> hash_file(int fd) { return hash_file(fd, UINT64_MAX); }

Result<BlobInfo> hash_file(int fd, std::uint64_t size_bytes_max) {
  Sha256 hash;
  BlobInfo info;
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const auto count = read_at(fd, buffer.data(), buffer.size(), info.size_bytes);
    if (!count) return error_of(count);
    if (*count == 0) break;
    info.size_bytes += *count;
    if (info.size_bytes > size_bytes_max)
      return fail(ErrorCode::too_large, fmt::format("a file has more than the {} bytes it may have", size_bytes_max));
    hash.update({buffer.data(), *count});
  }
  info.digest = hash.finish();
  return info;
}

Result<std::string> read_whole(int fd, std::uint64_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto count = read_at(fd, bytes.data() + done, bytes.size() - done, done);
    if (!count) return error_of(count);
    if (*count == 0) break;
    done += *count;
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace atelier::store::blob

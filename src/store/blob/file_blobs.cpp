#include "store/blob/file_blobs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"
#include "store/file_system.hpp"

namespace atelier::store::blob {
namespace {

std::unexpected<Error> missing(const Digest& digest) {
  return fail(ErrorCode::not_found, fmt::format("there is no blob {}", digest.hex()),
              {.reason = "blob_not_found", .where = {}});
}

}  // namespace

Temporary::~Temporary() {
  if (!path.empty()) ::unlink(path.c_str());
}

FileBlobs::FileBlobs(FileBlobOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      index_(Layout(options_.directory)),
      reserve_(index_.layout().reserve_path(), options_.reserve_bytes) {}

std::unexpected<Error> FileBlobs::noticed(Error error) {
  if (error.code == ErrorCode::storage_full) reserve_.release();
  return std::unexpected(std::move(error));
}

Result<std::unique_ptr<Temporary>> FileBlobs::create() {
  auto file = std::make_unique<Temporary>(index_.layout().new_temporary());
  file->fd.reset(::open(file->path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file->fd.is_open()) return noticed(fail_errno(errno, "cannot make a file for a blob").error());
  return file;
}

Result<> FileBlobs::append(const Temporary& file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return noticed(fail_errno(errno, "cannot write a blob").error());
    offset += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// What was hashed on its way is it, unless the file has another size.
Result<BlobInfo> FileBlobs::look_at(const Temporary& file, std::uint64_t size_bytes_max,
                                    const std::optional<BlobInfo>& known) {
  struct stat facts = {};
  if (known && known->size_bytes <= size_bytes_max && ::fstat(file.fd.get(), &facts) == 0 &&
      static_cast<std::uint64_t>(facts.st_size) == known->size_bytes)
    return *known;
  return hash_file(file.fd.get(), size_bytes_max);
}

Result<WrittenBlob> FileBlobs::finish(Temporary& file, BlobKind kind, std::uint64_t size_bytes_max,
                                      const std::optional<BlobInfo>& known) {
  const auto info = look_at(file, size_bytes_max, known);
  if (!info) return error_of(info);
  if (::fchmod(file.fd.get(), 0400) != 0) return fail_errno(errno, "cannot protect a blob");
  if (::fsync(file.fd.get()) != 0) {
    // After this the kernel may call pages clean that it never wrote: the file is dropped, whatever the reason.
    const int error_number = errno;
    auto failed = fail_errno(error_number, "cannot sync a blob");
    if (error_number != ENOSPC && error_number != EDQUOT) failed.error().code = ErrorCode::storage_failed;
    return noticed(std::move(failed.error()));
  }
  return adopt(file, kind, *info);
}

Result<WrittenBlob> FileBlobs::take_over(const std::string& path, BlobKind kind, std::uint64_t size_bytes_max,
                                         const std::optional<BlobInfo>& known) {
  Temporary file(path);
  file.fd.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.fd.is_open()) {
    const int error_number = errno;
    file.path.clear();
    return fail_errno(error_number, "cannot open a file for a blob");
  }
  auto info = finish(file, kind, size_bytes_max, known);
  if (!info) {
    (void)::fchmod(file.fd.get(), 0600);
    file.path.clear();
  }
  return info;
}

Result<WrittenBlob> FileBlobs::adopt(Temporary& file, BlobKind kind, const BlobInfo& info) {
  auto [slice, lock] = index_.lock(info.digest);
  const UnixMs now_ms = clock_.wall_ms();
  if (const auto found = slice.entries.find(info.digest); found != slice.entries.end()) {
    Entry& known = found->second;
    const std::string path = index_.layout().path_of(known.kind, info.digest);
    if (exists(path) && size_of_file(path) == info.size_bytes) {
      if (kind == BlobKind::original && known.kind == BlobKind::derived) {
        if (auto moved = move_durably(path, index_.layout().path_of(kind, info.digest)); !moved)
          return noticed(std::move(moved).error());
        index_.change_kind(known, kind);
      }
      index_.touch(info.digest, known, now_ms);
      return WrittenBlob{info, Index::pin(known)};
    }
    index_.erase(slice, info.digest);
  }
  if (auto moved = move_durably(file.path, index_.layout().path_of(kind, info.digest)); !moved)
    return noticed(std::move(moved).error());
  file.path.clear();
  index_.insert(slice, info.digest,
                {.size_bytes = info.size_bytes, .last_used_ms = now_ms, .noted_used_ms = 0, .kind = kind});
  Entry& entry = slice.entries.at(info.digest);
  index_.touch(info.digest, entry, now_ms);
  return WrittenBlob{info, Index::pin(entry)};
}

std::vector<BlobPin> FileBlobs::pin(const std::vector<Digest>& digests) {
  const UnixMs now_ms = clock_.wall_ms();
  std::vector<BlobPin> pins(digests.size());
  for (std::size_t i = 0; i < digests.size(); ++i) {
    auto [slice, lock] = index_.lock(digests[i]);
    const auto found = slice.entries.find(digests[i]);
    if (found == slice.entries.end()) continue;
    index_.touch(digests[i], found->second, now_ms);
    pins[i] = Index::pin(found->second);
  }
  return pins;
}

Result<OpenBlob> FileBlobs::open(const Digest& digest) {
  auto [slice, lock] = index_.lock(digest);
  const auto found = slice.entries.find(digest);
  if (found == slice.entries.end()) return missing(digest);
  Entry& entry = found->second;
  UniqueFd fd(::open(index_.layout().path_of(entry.kind, digest).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open() && errno == ENOENT) {
    log::warn("a blob's file has vanished", {{"digest", digest.hex()}});
    index_.erase(slice, digest);
    return missing(digest);
  }
  if (!fd.is_open()) return fail_errno(errno, fmt::format("cannot open blob {}", digest.hex()));
  index_.touch(digest, entry, clock_.wall_ms());
  return OpenBlob{.info = {digest, entry.size_bytes}, .fd = std::move(fd), .pin = Index::pin(entry)};
}

Result<std::string> FileBlobs::read(const Digest& digest, std::uint64_t size_bytes_max) {
  auto blob = open(digest);
  if (!blob) return error_of(std::move(blob));
  if (blob->info.size_bytes > size_bytes_max)
    return fail(ErrorCode::too_large,
                fmt::format("blob {} has {} bytes, more than {}", digest.hex(), blob->info.size_bytes, size_bytes_max));
  auto bytes = read_whole(blob->fd.get(), blob->info.size_bytes);
  if (!bytes) return bytes;
  const bool is_damaged = bytes->size() != blob->info.size_bytes ||
                          (bytes->size() <= options_.verify_bytes_max && sha256(*bytes) != digest);
  if (is_damaged) {
    quarantine(blob->info);
    return corrupt(digest);
  }
  return bytes;
}

Result<> FileBlobs::verify(const Digest& digest) {
  auto blob = open(digest);
  if (!blob) return error_of(std::move(blob));
  const auto info = hash_file(blob->fd.get());
  if (!info) return error_of(info);
  if (info->digest == digest) return {};
  quarantine(blob->info);
  return corrupt(digest);
}

std::unexpected<Error> FileBlobs::corrupt(const Digest& digest) {
  return fail(ErrorCode::storage_failed,
              fmt::format("blob {} is damaged on the disk and was put in quarantine", digest.hex()),
              {.reason = "blob_corrupt", .where = {}});
}

void FileBlobs::quarantine(const BlobInfo& info) {
  auto [slice, lock] = index_.lock(info.digest);
  const auto found = slice.entries.find(info.digest);
  if (found == slice.entries.end()) return;
  log::error("a blob is damaged", {{"digest", info.digest.hex()}, {"size_bytes", info.size_bytes}});
  // If it cannot be moved it is at least not known any more until the next start.
  (void)move_durably(index_.layout().path_of(found->second.kind, info.digest),
                     index_.layout().quarantine_path_of(info.digest));
  index_.erase(slice, info.digest);
}

Result<> FileBlobs::keep(const Digest& digest) {
  auto [slice, lock] = index_.lock(digest);
  const auto found = slice.entries.find(digest);
  if (found == slice.entries.end()) return missing(digest);
  if (found->second.kind == BlobKind::original) return {};
  const Layout& layout = index_.layout();
  if (auto moved = move_durably(layout.path_of(BlobKind::derived, digest), layout.path_of(BlobKind::original, digest));
      !moved)
    return noticed(std::move(moved).error());
  index_.change_kind(found->second, BlobKind::original);
  return {};
}

Result<bool> FileBlobs::remove(const Digest& digest, UnixMs since_ms) {
  auto [slice, lock] = index_.lock(digest);
  const auto found = slice.entries.find(digest);
  if (found == slice.entries.end()) return missing(digest);
  if (found->second.last_used_ms > since_ms) return false;
  if (!found->second.pin.expired())
    return fail(ErrorCode::conflict, fmt::format("blob {} is in use", digest.hex()),
                {.reason = "blob_in_use", .where = {}});
  const std::string path = index_.layout().path_of(found->second.kind, digest);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail_errno(errno, fmt::format("cannot remove blob {}", digest.hex()));
  index_.erase(slice, digest);
  return true;
}

std::vector<StoredBlob> FileBlobs::list(std::uint8_t first_byte) {
  auto [slice, lock] = index_.lock(first_byte);
  std::vector<StoredBlob> blobs;
  blobs.reserve(slice.entries.size());
  for (const auto& [digest, entry] : slice.entries)
    blobs.push_back({{digest, entry.size_bytes}, entry.kind, entry.last_used_ms});
  return blobs;
}

void FileBlobs::take_stock() {
  for (int byte = 0; byte < 256; ++byte) (void)index_.lock(static_cast<std::uint8_t>(byte));
}

bool FileBlobs::claim_eviction() {
  return index_.usage().derived_bytes > options_.derived_quota_bytes && !is_evicting_.exchange(true);
}

Result<std::uint64_t> FileBlobs::evict() {
  const std::lock_guard lock(eviction_mutex_);
  auto freed_bytes = evict_derived();
  is_evicting_ = false;
  reserve_.restore();
  return freed_bytes;
}

Result<std::uint64_t> FileBlobs::evict_derived() {
  std::vector<StoredBlob> derived;
  std::uint64_t held_bytes = 0;
  for (int byte = 0; byte < 256; ++byte)
    for (const StoredBlob& blob : list(static_cast<std::uint8_t>(byte)))
      if (blob.kind == BlobKind::derived) {
        held_bytes += blob.info.size_bytes;
        derived.push_back(blob);
      }
  std::sort(derived.begin(), derived.end(),
            [](const StoredBlob& left, const StoredBlob& right) { return left.last_used_ms < right.last_used_ms; });
  const UnixMs oldest_ms =
      clock_.wall_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(options_.derived_age_max).count();
  // Once over the quota it goes well below it, so that the next write does not evict again.
  const std::uint64_t wanted_bytes =
      held_bytes > options_.derived_quota_bytes ? options_.derived_quota_bytes / 5 * 4 : held_bytes;
  std::uint64_t freed_bytes = 0;
  for (const StoredBlob& blob : derived) {
    if (blob.last_used_ms >= oldest_ms && held_bytes - freed_bytes <= wanted_bytes) break;
    const auto removed = remove(blob.info.digest, blob.last_used_ms);
    if (removed && *removed) freed_bytes += blob.info.size_bytes;
    if (!removed && removed.error().code != ErrorCode::conflict && removed.error().code != ErrorCode::not_found)
      return error_of(removed);
  }
  return freed_bytes;
}

}  // namespace atelier::store::blob

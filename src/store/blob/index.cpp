#include "store/blob/index.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

namespace atelier::store::blob {
namespace {

// A use is noted at the file at most so often: an approximate order of use is all that eviction needs.
constexpr UnixMs kNoteEveryMs = 10 * 60 * 1'000;

struct FolderDeleter {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

void note_use(const std::string& path, UnixMs time_ms) noexcept {
  timespec times[2];
  times[0] = times[1] = {.tv_sec = time_ms / 1'000, .tv_nsec = time_ms % 1'000 * 1'000'000};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
}

}  // namespace

Index::Locked Index::lock(std::uint8_t first_byte) {
  Slice& slice = slices_[first_byte];
  Locked locked{slice, std::unique_lock(slice.mutex)};
  if (!std::exchange(slice.is_read, true)) {
    read_folder(slice, BlobKind::original, first_byte);
    read_folder(slice, BlobKind::derived, first_byte);
  }
  return locked;
}

void Index::read_folder(Slice& slice, BlobKind kind, std::uint8_t first_byte) {
  const std::unique_ptr<DIR, FolderDeleter> folder(::opendir(layout_.folder_of(kind, first_byte).c_str()));
  if (folder == nullptr) return;
  while (const dirent* file = ::readdir(folder.get())) {
    const auto digest = Layout::digest_of(first_byte, file->d_name);
    struct stat facts = {};
    if (!digest || ::fstatat(::dirfd(folder.get()), file->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(facts.st_mode))
      continue;
    const UnixMs used_ms = std::int64_t{facts.st_mtim.tv_sec} * 1'000 + facts.st_mtim.tv_nsec / 1'000'000;
    insert(slice, *digest,
           {.size_bytes = static_cast<std::uint64_t>(facts.st_size),
            .last_used_ms = used_ms,
            .noted_used_ms = used_ms,
            .kind = kind});
  }
}

void Index::insert(Slice& slice, const Digest& digest, Entry entry) {
  if (slice.entries.emplace(digest, entry).second) count(entry, 1);
}

void Index::erase(Slice& slice, const Digest& digest) {
  const auto found = slice.entries.find(digest);
  if (found == slice.entries.end()) return;
  count(found->second, -1);
  slice.entries.erase(found);
}

void Index::change_kind(Entry& entry, BlobKind kind) {
  count(entry, -1);
  entry.kind = kind;
  count(entry, 1);
}

void Index::touch(const Digest& digest, Entry& entry, UnixMs now_ms) {
  entry.last_used_ms = std::max(entry.last_used_ms, now_ms);
  if (now_ms - entry.noted_used_ms < kNoteEveryMs) return;
  entry.noted_used_ms = now_ms;
  note_use(layout_.path_of(entry.kind, digest), now_ms);
}

BlobPin Index::pin(Entry& entry) {
  // Letting go takes no lock, so that it may happen on a loop.
  BlobPin pin = entry.pin.lock();
  if (pin == nullptr) {
    pin = std::make_shared<const char>('\0');
    entry.pin = pin;
  }
  return pin;
}

void Index::count(const Entry& entry, int sign) noexcept {
  std::atomic<std::uint64_t>& bytes = entry.kind == BlobKind::original ? original_bytes_ : derived_bytes_;
  const auto direction = static_cast<std::uint64_t>(static_cast<std::int64_t>(sign));
  bytes.fetch_add(entry.size_bytes * direction, std::memory_order_relaxed);
  blob_count_.fetch_add(direction, std::memory_order_relaxed);
}

BlobStore::Usage Index::usage() const noexcept {
  return {.original_bytes = original_bytes_.load(std::memory_order_relaxed),
          .derived_bytes = derived_bytes_.load(std::memory_order_relaxed),
          .blob_count = blob_count_.load(std::memory_order_relaxed)};
}

}  // namespace atelier::store::blob

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "store/blob/layout.hpp"
#include "store/blob_store.hpp"

namespace atelier::store::blob {

// What is known of one blob. The files are the truth; this remembers what would need a look at each of them.
struct Entry {
  std::uint64_t size_bytes = 0;
  UnixMs last_used_ms = 0;
  UnixMs noted_used_ms = 0;            // as the file's own time says it
  std::weak_ptr<const void> pin = {};  // alive while somebody needs the blob to stay
  BlobKind kind = BlobKind::original;
};

// The entries of all digests with one first byte, and the lock under which their files are made, moved and removed. A
// slice is read from its two folders when it is first touched.
struct Slice {
  std::mutex mutex;
  std::unordered_map<Digest, Entry> entries;
  bool is_read = false;
};

class Index {
 public:
  explicit Index(Layout layout) : layout_(std::move(layout)) {}
  const Layout& layout() const noexcept { return layout_; }

  // The slice of a digest, locked and read. Blocks on the disk: for pool threads only.
  struct Locked {
    Slice& slice;
    std::unique_lock<std::mutex> lock;
  };
  Locked lock(std::uint8_t first_byte);
  Locked lock(const Digest& digest) { return lock(digest.bytes[0]); }

  // All under the slice's lock.
  void insert(Slice& slice, const Digest& digest, Entry entry);
  void erase(Slice& slice, const Digest& digest);
  void change_kind(Entry& entry, BlobKind kind);
  // Remembers the use, and notes it at the file when the last note is old.
  void touch(const Digest& digest, Entry& entry, UnixMs now_ms);
  static BlobPin pin(Entry& entry);

  BlobStore::Usage usage() const noexcept;

 private:
  void read_folder(Slice& slice, BlobKind kind, std::uint8_t first_byte);
  void count(const Entry& entry, int sign) noexcept;

  const Layout layout_;
  std::array<Slice, 256> slices_;
  std::atomic<std::uint64_t> original_bytes_ = 0, derived_bytes_ = 0, blob_count_ = 0;
};

}  // namespace atelier::store::blob

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/task.hpp"
#include "base/unique_fd.hpp"

namespace atelier::store {

struct BlobInfo {
  Digest digest;
  std::uint64_t size_bytes = 0;
};

// Originals and finished work stay until nobody refers to them; derived blobs (previews, step results) can be made
// again and live under a quota, least recently used first out.
enum class BlobKind : std::uint8_t { original, derived };

// While it lives the blob is not evicted or collected, whether or not the descriptor is still open.
using BlobPin = std::shared_ptr<const void>;  // shared by whoever needs the blob to stay

// Pinned from the moment it is visible, so that it is there for whoever wrote it.
struct WrittenBlob : BlobInfo {
  BlobPin pin;
};

// A blob being written. Nothing is visible until finish(); dropping it leaves nothing behind.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  // An open, empty file a worker process may write into (read and write). Owned by the writer.
  virtual int fd() const noexcept = 0;
  // Appends. For bytes that come through the control process, such as uploads.
  virtual Task<Result<>> append(std::string bytes) = 0;
  // Syncs and renames. If the blob exists already, the new copy is dropped. What was appended was hashed on its way; a
  // file whose fd() was asked for is read and hashed now.
  virtual Task<Result<WrittenBlob>> finish() = 0;
};

// An open blob. While it lives the blob is not evicted or collected.
struct OpenBlob {
  BlobInfo info;
  UniqueFd fd;  // read-only
  BlobPin pin = {};
};

// One entry of a listing.
struct StoredBlob {
  BlobInfo info;
  BlobKind kind = BlobKind::original;
  UnixMs last_used_ms = 0;  // opened, read, or found again by a writer
};

// Bytes under their SHA-256. Thread-safe. Blocking file work runs on an own pool, never on a loop.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // Refuses (too_large) when more than `size_bytes_max` is written; storage_full when the disk has no room.
  virtual Task<Result<std::unique_ptr<BlobWriter>>> create(BlobKind kind, std::uint64_t size_bytes_max) = 0;
  // Convenience for small ones.
  virtual Task<Result<WrittenBlob>> put(BlobKind kind, std::string bytes) = 0;
  // Takes over a whole file of the same file system, such as an upload that came in pieces over days: hashed, synced
  // and renamed, or dropped where its bytes are there already. On an error it stays where it is. `known`: what it was
  // found to be while it was written, so that it is not read again; believed of a file of that size.
  virtual Task<Result<WrittenBlob>> adopt(BlobKind kind, std::string path, std::uint64_t size_bytes_max,
                                          std::optional<BlobInfo> known = std::nullopt) = 0;
  // not_found when evicted or never there: a cached result that names it is then no result.
  virtual Task<Result<OpenBlob>> open(Digest digest) = 0;
  virtual Task<Result<std::string>> read(Digest digest, std::uint64_t size_bytes_max) = 0;
  virtual Task<Result<bool>> contains(Digest digest) = 0;
  // Pins them all, in their order; null for one that is not there. Counts as a use.
  virtual Task<Result<std::vector<BlobPin>>> pin(std::vector<Digest> digests) = 0;
  // A derived blob becomes an original (a finished video is kept).
  virtual Task<Result<>> keep(Digest digest) = 0;
  // Removes one nobody refers to any more. ErrorCode::conflict while it is open or pinned.
  virtual Task<Result<>> remove(Digest digest) = 0;
  // As remove(), but only if nobody used it after that moment; false when somebody did. This is how a collector that
  // read who refers to what does not race a writer that finds the same bytes again.
  virtual Task<Result<bool>> remove_unused_since(Digest digest, UnixMs since_ms) = 0;
  // All blobs whose digest begins with this byte: 256 calls list everything in slices of bounded size.
  virtual Task<Result<std::vector<StoredBlob>>> list(std::uint8_t first_byte) = 0;
  // Reads the whole blob and compares its digest; a damaged one is put in quarantine and the answer is storage_failed,
  // reason blob_corrupt.
  virtual Task<Result<>> verify(Digest digest) = 0;
  // Evicts derived blobs over quota or age, down to 80 % of the quota; returns bytes freed. Writes over the quota do so
  // by themselves, but not before the first call: until then whoever needs old blobs has time to pin them.
  virtual Task<Result<std::uint64_t>> evict() = 0;

  struct Usage {
    std::uint64_t original_bytes = 0;
    std::uint64_t derived_bytes = 0;
    std::uint64_t blob_count = 0;
  };
  virtual Usage usage() const = 0;
};

struct FileBlobOptions {
  std::string directory;
  std::uint64_t derived_quota_bytes = std::uint64_t{5} << 30;
  std::chrono::hours derived_age_max{24 * 7};
  std::size_t thread_count = 2;
  std::size_t queue_max = 1'024;
  // Verifies the digest of blobs up to this size whenever they are read whole.
  std::uint64_t verify_bytes_max = 1 << 20;
  // Kept free for closing down properly on a full disk; made only where there is plenty of room. 0 for none.
  std::uint64_t reserve_bytes = std::uint64_t{64} << 20;
};
// Sweeps leftovers of a crash, then is ready. Blocks; called at start.
Result<std::unique_ptr<BlobStore>> open_file_blobs(FileBlobOptions options, const Clock& clock);

}  // namespace atelier::store

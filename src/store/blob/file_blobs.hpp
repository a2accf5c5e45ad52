#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "store/blob/index.hpp"
#include "store/blob/reserve_file.hpp"
#include "store/blob_store.hpp"
#include "store/work_pool.hpp"

namespace atelier::store::blob {

// A temporary file; removed unless it was renamed away.
struct Temporary {
  explicit Temporary(std::string given_path) : path(std::move(given_path)) {}
  ~Temporary();
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  std::string path;
  UniqueFd fd;
};

// The blocking half: every function runs on the pool's threads.
class FileBlobs {
 public:
  FileBlobs(FileBlobOptions options, const Clock& clock);

  Result<std::unique_ptr<Temporary>> create();
  Result<> append(const Temporary& file, std::uint64_t offset, std::string_view bytes);
  // `known`: what it is, if it was hashed while it was written.
  Result<WrittenBlob> finish(Temporary& file, BlobKind kind, std::uint64_t size_bytes_max,
                             const std::optional<BlobInfo>& known = std::nullopt);
  // finish() of a file of somebody else's, which stays as it is on an error.
  Result<WrittenBlob> take_over(const std::string& path, BlobKind kind, std::uint64_t size_bytes_max,
                                const std::optional<BlobInfo>& known);
  Result<OpenBlob> open(const Digest& digest);
  Result<std::string> read(const Digest& digest, std::uint64_t size_bytes_max);
  std::vector<BlobPin> pin(const std::vector<Digest>& digests);
  Result<> keep(const Digest& digest);
  // False when it was used after `since_ms`.
  Result<bool> remove(const Digest& digest, UnixMs since_ms);
  Result<> verify(const Digest& digest);
  std::vector<StoredBlob> list(std::uint8_t first_byte);
  Result<std::uint64_t> evict();
  // Reads all folders, so that usage() is right.
  void take_stock();
  // True when the quota is overrun, evict() was called before and nobody is seeing to it yet: then evict() follows.
  bool claim_eviction();

  Index& index() noexcept { return index_; }

 private:
  static Result<BlobInfo> look_at(const Temporary& file, std::uint64_t size_bytes_max,
                                  const std::optional<BlobInfo>& known);
  Result<WrittenBlob> adopt(Temporary& file, BlobKind kind, const BlobInfo& info);
  Result<std::uint64_t> evict_derived();
  void quarantine(const BlobInfo& info);
  std::unexpected<Error> corrupt(const Digest& digest);
  // Gives the reserve back if the disk is full; hands the error on.
  std::unexpected<Error> noticed(Error error);

  const FileBlobOptions options_;
  const Clock& clock_;
  Index index_;
  ReserveFile reserve_;
  std::atomic<bool> is_evicting_ = true;  // nobody may, before the first who is told to
  std::mutex eviction_mutex_;             // one at a time: the second then finds little left to do
};

}  // namespace atelier::store::blob

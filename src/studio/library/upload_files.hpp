#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/checksum.hpp"
#include "base/hash.hpp"
#include "base/unique_fd.hpp"
#include "store/uploads.hpp"
#include "store/work_pool.hpp"

namespace atelier::studio {

// The files of uploads that are not whole yet, each under its id, hashed while they are written. Blocking work runs on
// a pool. Thread-safe; of one upload one call at a time.
class UploadFiles {
 public:
  UploadFiles(std::string folder, store::WorkPool& pool) : folder_(std::move(folder)), pool_(pool) {}
  // Makes the folder. Blocks; called at start.
  Result<> prepare() const;

  std::string path_of(store::UploadId id) const { return folder_ + "/" + id.to_string(); }
  // How much is there; 0 where there is no file.
  Task<Result<std::uint64_t>> size_of(store::UploadId id);
  // Writes behind what is there, making the file where there is none. `checksum` is fed with the bytes too; null for
  // none.
  Task<Result<>> append(store::UploadId id, std::uint64_t offset, std::string bytes, Checksum* checksum);
  // Drops what is behind that place.
  Task<Result<>> cut(store::UploadId id, std::uint64_t size_bytes);
  // The hash of a file that is whole, if it was hashed from its beginning to there; once. Not after a restart, nor
  // where very many were begun since.
  std::optional<Digest> take_digest(store::UploadId id, std::uint64_t size_bytes);
  // What was written stays, whatever happens.
  Task<Result<>> sync(store::UploadId id);
  Task<Result<>> remove(store::UploadId id);

 private:
  // The hash of a file so far.
  struct Hashed {
    Sha256 hash;
    std::uint64_t size_bytes = 0;
  };
  std::optional<Hashed> take_hashed(store::UploadId id, std::uint64_t size_bytes);
  void keep_hashed(store::UploadId id, Hashed hashed);

  static constexpr std::size_t kHashedMax = 1'024;  // of a few hundred bytes each
  const std::string folder_;
  store::WorkPool& pool_;
  std::mutex mutex_;
  std::map<store::UploadId, Hashed> hashed_;
};

}  // namespace atelier::studio

#pragma once

#include <string>

#include "base/hash.hpp"
#include "store/blob_store.hpp"

// Where blobs lie: original/ab/cdef... and derived/ab/cdef..., tmp/ for what is being written, quarantine/ for what is
// damaged. A blob is in one of the two first; keeping it is a rename.
namespace atelier::store::blob {

class Layout {
 public:
  explicit Layout(std::string directory) : directory_(std::move(directory)) {}
  // Makes the folders and removes what a crash left in tmp/.
  Result<> prepare() const;
  const std::string& directory() const noexcept { return directory_; }
  std::string folder_of(BlobKind kind, std::uint8_t first_byte) const;
  std::string path_of(BlobKind kind, const Digest& digest) const;
  std::string new_temporary() const;
  std::string quarantine_path_of(const Digest& digest) const;
  std::string reserve_path() const { return directory_ + "/reserve"; }
  // The digest of a file in the folder of `first_byte`, if its name is one.
  static std::optional<Digest> digest_of(std::uint8_t first_byte, std::string_view file_name);

 private:
  std::string directory_;
};

// Moves a file to a place in a folder that may not exist yet; both folders' entries are durable afterwards.
Result<> move_durably(const std::string& from, const std::string& to);

// SHA-256 of the whole file, read from its beginning whatever the descriptor's position.
Result<BlobInfo> hash_file(int fd);
// As above; stops with too_large past the limit.
Result<BlobInfo> hash_file(int fd, std::uint64_t size_bytes_max);
Result<std::string> read_whole(int fd, std::uint64_t size_bytes);

}  // namespace atelier::store::blob

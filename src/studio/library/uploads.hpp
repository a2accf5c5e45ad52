#pragma once

#include <chrono>
#include <mutex>
#include <set>
#include <string>

#include "store/blob_store.hpp"
#include "studio/library/library.hpp"
#include "studio/library/upload_files.hpp"

namespace atelier::studio {

// Uploads that come in pieces and go on where they were broken off, after a restart as well: how much of one is there
// is the size of its file. A whole one becomes an asset, as with Library::upload. Thread-safe.
class Uploads {
 public:
  struct Parts {
    store::Database& database;
    store::BlobStore& blobs;
    Library& library;
    UploadFiles& files;
    const Clock& clock;
  };
  struct Options {
    std::uint64_t size_bytes_max = std::uint64_t{4} << 30;  // of one
    std::int64_t open_max = 32;                             // of one owner
    std::uint64_t open_bytes_max = std::uint64_t{16} << 30;
    std::chrono::hours life{24};  // since its last piece
  };
  Uploads(Parts parts, Options options) : parts_(parts), options_(options) {}

  struct Upload {
    store::UploadRow row;
    std::uint64_t offset_bytes = 0;  // so much is there
  };
  // `name` is for people. Errors: empty, too large (too_large), too many or too much open (rate_limited).
  Task<Result<Upload>> create(Principal principal, std::string name, std::uint64_t size_bytes);
  // Whether there is one of the principal's.
  Task<Result<store::UploadRow>> look(Principal principal, store::UploadId id);
  // One that is whole and no asset yet, since a crash or a full disk came in between, becomes one now.
  Task<Result<Upload>> find(Principal principal, store::UploadId id);
  // What a piece must be, as whoever sends it says.
  struct PieceChecksum {
    ChecksumKind kind = ChecksumKind::sha1;
    std::string value;  // size_of(kind) bytes
  };
  // Takes pieces until the source ends or fails; what came until then is kept. With a checksum all of it is kept, or
  // nothing. Errors: conflict where the upload is at another offset (upload_offset) or takes a piece at the moment
  // (upload_busy); too_large past its size; checksum_mismatch; of the last piece also those of a file that cannot be
  // used, with which the upload is over.
  Task<Result<Upload>> append(Principal principal, store::UploadId id, std::uint64_t offset_bytes, UploadSource source,
                              std::optional<PieceChecksum> checksum);
  Task<Result<>> remove(Principal principal, store::UploadId id);
  // Removes some whose time is over; true: there may be more.
  Task<Result<bool>> sweep_some();

  const Options& options() const noexcept { return options_; }

 private:
  class Hold;
  Task<Result<std::uint64_t>> take(store::UploadRow row, std::uint64_t offset_bytes, UploadSource source,
                                   Checksum* checksum);
  Task<Result<std::uint64_t>> take_whole(store::UploadRow row, std::uint64_t offset_bytes, UploadSource source,
                                         PieceChecksum checksum);
  Task<Result<Upload>> settle(Principal principal, store::UploadRow row);
  Task<Result<>> forget(store::UploadId id);
  Task<Result<>> write(store::Statement statement);

  const Parts parts_;
  const Options options_;
  std::mutex mutex_;
  std::set<store::UploadId> held_;  // those that take a piece now
};

}  // namespace atelier::studio

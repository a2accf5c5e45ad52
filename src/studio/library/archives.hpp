#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "store/blob_store.hpp"
#include "store/work_pool.hpp"
#include "studio/library/library.hpp"

namespace atelier::studio {

// So many files an archive may have: each is a hundred bytes of memory until its end.
inline constexpr std::size_t kArchiveFilesMax = 100'000;

inline constexpr std::size_t kArchiveIdsMax = 10'000;

// What of a library an archive has: those of `ids`, or, where there are none, of a list but for `except`.
struct ArchiveWish {
  std::vector<AssetId> ids = {};
  std::vector<AssetId> except = {};
  store::AssetQuery query = {};
  std::string words = {};
};

// Takes an archive's next bytes; returns once they are on their way.
using ArchiveSink = std::function<Task<Result<>>(std::string bytes)>;

// Files of a library in one zip archive, made while it is sent: what is in memory is a piece of one file, and the
// archive's directory. Thread-safe.
class Archives {
 public:
  // Files are read on `pool`.
  Archives(Library& library, store::BlobStore& blobs, store::WorkPool& pool)
      : library_(library), blobs_(blobs), pool_(pool) {}

  // The first that would be in it; refused where there is nothing: an archive cannot be refused once it is begun.
  Task<Result<store::Asset>> look(Principal principal, ArchiveWish wish);
  // Names are the assets', with an ending that fits, each once. A file that cannot be read is left out, and named in a
  // file of the archive. Ends at kArchiveFilesMax files, and says so in that file too.
  Task<Result<>> write(Principal principal, ArchiveWish wish, ArchiveSink sink);

 private:
  class Writing;
  Task<Result<store::AssetPage>> next_page(Principal principal, const ArchiveWish* wish, std::string after);

  Library& library_;
  store::BlobStore& blobs_;
  store::WorkPool& pool_;
};

}  // namespace atelier::studio

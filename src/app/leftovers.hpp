#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/blob_store.hpp"
#include "store/database.hpp"

namespace atelier::app {

struct LeftoverParts {
  store::Database& database;
  store::BlobStore& blobs;
  const Clock& clock;
};

// How long what was deleted may be undone, and still be played where it is open.
inline constexpr std::chrono::hours kDeletedKept{24};

// Forgets assets, and productions with their renders, that were deleted longer ago than that; a few hundred at a time.
// Their files are left to sweep_files().
Task<Result<>> forget_deleted(LeftoverParts parts);

// Removes those originals whose digests begin with this byte that no asset and no render shows and that nobody used for
// a day; 256 calls go through them all. Returns how many. A run that reads one has it pinned.
Task<Result<std::int64_t>> sweep_files(LeftoverParts parts, std::uint8_t first_byte);

}  // namespace atelier::app

#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace atelier::store {

struct BackupReport {
  std::uint64_t blob_count = 0;
  std::uint64_t size_bytes = 0;  // of the databases and all blobs
  bool has_telemetry = false;
};

// A copy of a whole studio in a folder of its own: studio.db, the original blobs (what is derived can be made again),
// and manifest.json with the digest of each, written last: a folder without it is no backup. Taken while the studio
// works. telemetry.db goes along unless it is null; it is the older of the two, as after a power cut. `target` must not
// exist or be empty. Blobs are linked where both folders share a file system, copied elsewhere.
Task<Result<BackupReport>> back_up(Database* database, Database* telemetry, std::string blobs_directory,
                                   std::string target, const Clock* clock);

// Makes a data folder from a backup: every digest is compared and the database checked before anything is in place.
// `target` must not exist or be empty. The event log gets a new epoch, so that clients of the old one read afresh.
// Blocks.
Result<BackupReport> restore(const std::string& backup, const std::string& target);

// Gives the event log of a closed studio.db another epoch. Blocks.
Result<> renew_epoch(const std::string& database_path);

}  // namespace atelier::store

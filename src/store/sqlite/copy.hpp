#pragma once

#include <string>

#include "base/error.hpp"

namespace atelier::store::sqlite {

// One consistent snapshot of a database that may be in use, as a file of its own: made under a temporary name, synced,
// checked, then renamed to `target`. Replaces what is there.
Result<> copy_database(const std::string& path, const std::string& vfs, const std::string& target);

// Reads the whole file: storage_failed with reason storage_corrupt and SQLite's first complaints.
Result<> check_database(const std::string& path, const std::string& vfs);

}  // namespace atelier::store::sqlite

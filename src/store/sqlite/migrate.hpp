#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "store/sqlite/connection.hpp"

namespace atelier::store::sqlite {

// Brings the file behind the writer's connection to the last of the migrations, in one transaction. A file that holds a
// schema already is copied first, to "<path>.before-<version>". A newer schema is refused with both numbers.
Result<> migrate(Connection& writer, const std::vector<Migration>& migrations);

// Sets what only a new file can be given (page reclaiming, our mark in its header), and turns on the WAL. Refuses a
// file that is some other program's.
Result<> prepare_file(Connection& writer);

}  // namespace atelier::store::sqlite

#pragma once

#include <string_view>

#include "base/error.hpp"

struct sqlite3;

namespace atelier::store::sqlite {

struct Failure {
  Error error;
  bool is_fatal = false;  // the file or the disk is damaged, or a sync failed: stop writing
  bool is_full = false;   // no room; works again once there is
};

// What an SQLite result code means to our callers. `connection` may be null.
Failure describe_failure(sqlite3* connection, int code, std::string_view path, std::string_view doing);

}  // namespace atelier::store::sqlite

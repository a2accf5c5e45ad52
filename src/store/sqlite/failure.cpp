#include "store/sqlite/failure.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace atelier::store::sqlite {
namespace {

struct Kind {
  ErrorCode code = ErrorCode::internal;
  std::string_view reason;
  bool is_fatal = false;
};

bool is_no_room(int error_number) noexcept {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

Kind kind_of_io(int code, int error_number) noexcept {
  switch (code) {
    case SQLITE_IOERR_NOMEM:
      return {ErrorCode::unavailable, "out_of_memory"};
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
      // One page cannot be read; what else there is still can.
      return {ErrorCode::storage_failed, "storage_unreadable"};
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMOPEN:
      // SQLite itself maps ENOSPC alone to SQLITE_FULL; quotas and RLIMIT_FSIZE arrive here.
      if (is_no_room(error_number)) return {ErrorCode::storage_full, ""};
      return {ErrorCode::storage_failed, "storage_write_failed", true};
    default:
      // Above all a failed sync: the kernel may have dropped what it could not write, and the next sync would say yes.
      return {ErrorCode::storage_failed, "storage_sync_failed", true};
  }
}

Kind kind_of_constraint(int code) noexcept {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {ErrorCode::conflict, "already_exists"};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {ErrorCode::conflict, "referenced_row"};
    default:
      return {ErrorCode::internal, "constraint"};
  }
}

Kind kind_of(int code, int error_number) noexcept {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return kind_of_constraint(code);
    case SQLITE_FULL:
      return {ErrorCode::storage_full, ""};
    case SQLITE_IOERR:
      return kind_of_io(code, error_number);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::storage_failed, "storage_corrupt", true};
    case SQLITE_READONLY:
      return {ErrorCode::storage_failed, "storage_read_only", true};
    case SQLITE_CANTOPEN:
      if (error_number == EMFILE || error_number == ENFILE) return {ErrorCode::unavailable, "no_descriptors"};
      return {ErrorCode::storage_failed, "storage_cannot_open"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable, "storage_busy"};
    case SQLITE_NOMEM:
      return {ErrorCode::unavailable, "out_of_memory"};
    case SQLITE_INTERRUPT:
      return {ErrorCode::deadline_exceeded, "query_too_long"};
    case SQLITE_TOOBIG:
      return {ErrorCode::too_large, ""};
    default:
      return {};
  }
}

// "UNIQUE constraint failed: users.name" names the column after the colon; other messages are told as they are.
std::string_view column_of(std::string_view message) noexcept {
  const std::size_t colon = message.find(": ");
  return colon == std::string_view::npos ? std::string_view() : message.substr(colon + 2);
}

}  // namespace

Failure describe_failure(sqlite3* connection, int code, std::string_view path, std::string_view doing) {
  const int error_number = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  const Kind kind = kind_of(code, error_number);
  const std::string_view said = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  Failure failure;
  failure.is_fatal = kind.is_fatal;
  failure.is_full = kind.code == ErrorCode::storage_full;
  failure.error.code = kind.code;
  failure.error.reason = kind.reason;
  if (kind.reason == "already_exists") {
    failure.error.where = column_of(said);
    failure.error.message = fmt::format("{} exists already", failure.error.where);
  } else if (failure.is_full) {
    failure.error.message = fmt::format("{}: no room left on the disk ({})", path, doing);
  } else if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    const std::string system = error_number != 0 ? ": " + std::generic_category().message(error_number) : "";
    failure.error.message = fmt::format("{}: {} ({}, code {}){}", path, said, doing, code, system);
  } else {
    failure.error.message = fmt::format("{}: {} ({})", path, said, doing);
  }
  if (kind.code == ErrorCode::unavailable) failure.error.retry_after_ms = 100;
  return failure;
}

}  // namespace atelier::store::sqlite

#include "store/sqlite/copy.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "store/file_system.hpp"
#include "store/sqlite/connection.hpp"

namespace atelier::store::sqlite {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

Result<> make_copy(const std::string& path, const std::string& vfs, const std::string& target) {
  auto source = Connection::open({.path = path, .access = Access::snapshot, .vfs = vfs});
  if (!source) return error_of(std::move(source));
  // Reads in one snapshot however long it takes, and unlike the step-wise copy need not begin anew when others write.
  if (auto copied = (*source)->execute("VACUUM INTO " + quoted(target)); !copied) return copied;
  if (auto synced = sync_file(target); !synced) return synced;
  return check_database(target, vfs);
}

}  // namespace

Result<> check_database(const std::string& path, const std::string& vfs) {
  auto connection = Connection::open({.path = path, .access = Access::reader, .vfs = vfs});
  if (!connection) return error_of(std::move(connection));
  auto answer = (*connection)->ask("PRAGMA quick_check(1)");
  if (!answer) return error_of(std::move(answer));
  if (*answer == "ok") return {};
  return fail(ErrorCode::storage_failed, fmt::format("{} is damaged: {}", path, *answer),
              {.reason = "storage_corrupt", .where = {}});
}

Result<> copy_database(const std::string& path, const std::string& vfs, const std::string& target) {
  const std::string temporary = target + ".partial";
  ::unlink(temporary.c_str());
  Result<> done = make_copy(path, vfs, temporary);
  if (done) done = rename_file(temporary, target);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_directory(parent_of(target));
}

}  // namespace atelier::store::sqlite

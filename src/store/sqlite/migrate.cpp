#include "store/sqlite/migrate.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/log.hpp"
#include "store/file_system.hpp"
#include "store/sqlite/copy.hpp"

namespace atelier::store::sqlite {
namespace {

Result<std::int64_t> ask_number(Connection& connection, const std::string& sql) {
  auto text = connection.ask(sql);
  if (!text) return error_of(std::move(text));
  std::int64_t number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

Result<> apply(Connection& writer, const std::vector<Migration>& migrations, std::int64_t current) {
  for (const Migration& migration : migrations) {
    if (std::int64_t{migration.version} <= current) continue;
    if (auto done = writer.execute(std::string(migration.sql)); !done) {
      Error error = std::move(done).error();
      error.message = fmt::format("schema step {} ({}): {}", migration.version, migration.name, error.message);
      return std::unexpected(std::move(error));
    }
  }
  return writer.execute(fmt::format("PRAGMA user_version={}", migrations.back().version));
}

}  // namespace

Result<> prepare_file(Connection& writer) {
  const auto application = ask_number(writer, "PRAGMA application_id");
  if (!application) return error_of(application);
  const auto table_count = ask_number(writer, "SELECT count(*) FROM sqlite_schema");
  if (!table_count) return error_of(table_count);
  const bool is_new = *application == 0 && *table_count == 0;
  if (!is_new && *application != kApplicationId)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is the database of another program (application id {})", writer.path(), *application),
                {.reason = "not_ours", .where = {}});
  if (is_new)
    if (auto set =
            writer.execute(fmt::format("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id={}", kApplicationId));
        !set)
      return set;
  const auto mode = writer.ask("PRAGMA journal_mode=WAL");
  if (!mode) return error_of(mode);
  if (*mode != "wal")
    return fail(ErrorCode::storage_failed,
                fmt::format("{} cannot use a write-ahead log here (got {})", writer.path(), *mode));
  return sync_directory(parent_of(writer.path()));
}

Result<> migrate(Connection& writer, const std::vector<Migration>& migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i)
    ensure(migrations[i].version == i + 1, "schema steps are numbered 1, 2, 3 without gaps");
  const auto current = ask_number(writer, "PRAGMA user_version");
  if (!current) return error_of(current);
  const auto wanted = static_cast<std::int64_t>(migrations.size());
  if (*current > wanted)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} has schema {}, and this program knows schemas up to {}: start a newer one",
                            writer.path(), *current, wanted),
                {.reason = "schema_too_new", .where = {}});
  if (*current == wanted) return {};
  if (*current > 0) {
    const std::string copy = fmt::format("{}.before-{}", writer.path(), wanted);
    if (auto copied = copy_database(writer.path(), {}, copy); !copied) return copied;
    log::info("copied the database before changing its schema", {{"copy", copy}, {"from", *current}, {"to", wanted}});
  }
  if (auto begun = writer.run("BEGIN IMMEDIATE"); !begun) return begun;
  auto applied = apply(writer, migrations, *current);
  if (applied) applied = writer.run("COMMIT");
  if (!applied && writer.is_in_transaction()) (void)writer.run("ROLLBACK");
  return applied;
}

}  // namespace atelier::store::sqlite

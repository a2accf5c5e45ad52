#include <atomic>

#include "base/async.hpp"
#include "base/histogram.hpp"
#include "base/log.hpp"
#include "store/database.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/copy.hpp"
#include "store/sqlite/file_guard.hpp"
#include "store/sqlite/migrate.hpp"
#include "store/sqlite/writer.hpp"
#include "store/work_pool.hpp"

namespace atelier::store {
namespace sqlite {
namespace {

using Connections = std::vector<std::unique_ptr<Connection>>;

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(SqliteOptions options, FileGuard guard, std::unique_ptr<Connection> writer, Connections readers)
      : options_(std::move(options)),
        guard_(std::move(guard)),
        readers_(std::move(readers)),
        writer_(std::move(writer), {.name = options_.is_rebuildable ? "telemetry writes" : "database writes",
                                    .queue_max = options_.queue_max,
                                    .group_statements_max = options_.group_statements_max,
                                    .yields = options_.is_rebuildable}),
        read_pool_({.name = "db-reader", .thread_count = readers_.size(), .queue_max = options_.queue_max}),
        copy_pool_({.name = "db-copier", .thread_count = 1, .queue_max = 16}) {}
  ~SqliteDatabase() override { close(); }

  Task<Result<std::vector<Rows>>> write(std::vector<Statement> batch) override;
  Task<Result<std::vector<Rows>>> read_all(std::vector<Statement> batch) override;
  Task<Result<>> back_up_to(std::string path) override;
  Task<Result<>> check() override;
  bool needs_check() const noexcept override { return guard_.was_unclean(); }
  DatabaseStatistics statistics() const override { return writer_.statistics(); }
  void close() override;

 private:
  Result<std::vector<Rows>> read_in(Connection& connection, const std::vector<Statement>& batch);

  const SqliteOptions options_;
  FileGuard guard_;
  Connections readers_;  // one per thread of the pool
  Writer writer_;
  WorkPool read_pool_;
  WorkPool copy_pool_;  // long reads of the whole file
  std::atomic<bool> is_closed_ = false;
};

Task<Result<std::vector<Rows>>> SqliteDatabase::write(std::vector<Statement> batch) {
  if (batch.empty()) co_return std::vector<Rows>();
  if (auto place = writer_.reserve(); !place) co_return error_of(std::move(place));
  WriteRequest request(std::move(batch));
  co_await suspend(request, [this, waiting = &request] { writer_.push(*waiting); });
  co_return std::move(request.answer);
}

Task<Result<std::vector<Rows>>> SqliteDatabase::read_all(std::vector<Statement> batch) {
  return run_in(&read_pool_, [this, statements = std::move(batch)](std::size_t thread_index) {
    return read_in(*readers_[thread_index], statements);
  });
}

Result<std::vector<Rows>> SqliteDatabase::read_in(Connection& connection, const std::vector<Statement>& batch) {
  const auto begun_at = std::chrono::steady_clock::now();
  connection.limit_until(begun_at + options_.read_time_max);
  std::vector<Rows> answers;
  answers.reserve(batch.size());
  // A single statement is a snapshot by itself.
  const bool has_transaction = batch.size() > 1;
  if (has_transaction)
    if (auto begun = connection.run("BEGIN"); !begun) return error_of(std::move(begun));
  Result<> done;
  for (const Statement& statement : batch) {
    auto rows = connection.run(statement);
    if (!rows) {
      done = error_of(std::move(rows));
      break;
    }
    answers.push_back(std::move(*rows));
  }
  connection.limit_until(std::chrono::steady_clock::time_point::max());
  if (connection.is_in_transaction()) (void)connection.run("COMMIT");
  if (options_.read_seconds)
    options_.read_seconds->observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_at).count());
  if (!done) return error_of(std::move(done));
  return answers;
}

Task<Result<>> SqliteDatabase::back_up_to(std::string path) {
  return run_in(&copy_pool_, [this, target = std::move(path)](std::size_t) {
    return copy_database(options_.path, options_.vfs, target);
  });
}

Task<Result<>> SqliteDatabase::check() {
  return run_in(&copy_pool_, [this](std::size_t) { return check_database(options_.path, options_.vfs); });
}

void SqliteDatabase::close() {
  if (is_closed_.exchange(true)) return;
  copy_pool_.close();
  read_pool_.close();
  readers_.clear();
  // The writer closes last: by then no reader holds the log, and it can be emptied.
  if (writer_.close()) guard_.mark_closed();
  guard_.release();
}

Result<Connections> open_readers(const SqliteOptions& options) {
  Connections readers;
  for (std::size_t i = 0; i < std::max<std::size_t>(options.reader_count, 1); ++i) {
    auto reader = Connection::open(
        {.path = options.path, .access = Access::reader, .cache_kib = options.reader_cache_kib, .vfs = options.vfs});
    if (!reader) return error_of(std::move(reader));
    readers.push_back(std::move(*reader));
  }
  return readers;
}

}  // namespace
}  // namespace sqlite

Result<std::unique_ptr<Database>> open_sqlite(SqliteOptions options, std::vector<Migration> migrations) {
  auto guard = sqlite::FileGuard::acquire(options.path);
  if (!guard) return error_of(std::move(guard));
  auto writer = sqlite::Connection::open({.path = options.path,
                                          .access = sqlite::Access::writer,
                                          .is_rebuildable = options.is_rebuildable,
                                          .cache_kib = options.writer_cache_kib,
                                          .vfs = options.vfs});
  if (!writer) return error_of(std::move(writer));
  if (auto prepared = sqlite::prepare_file(**writer); !prepared) return error_of(std::move(prepared));
  // Makes the WAL, and replays one that was left.
  if (auto begun = (*writer)->execute("BEGIN IMMEDIATE; COMMIT"); !begun) return error_of(std::move(begun));
  if (auto marked = guard->mark_open(); !marked) {
    // What can be rebuilt may go unchecked after a power cut; a full disk must not keep the server from starting.
    if (!options.is_rebuildable) return error_of(std::move(marked));
    log::warn("the database could not be marked as open", {{"path", options.path}, {"error", marked.error().message}});
  }
  if (!migrations.empty())
    if (auto migrated = sqlite::migrate(**writer, migrations); !migrated) return error_of(std::move(migrated));
  auto readers = sqlite::open_readers(options);
  if (!readers) return error_of(std::move(readers));
  if (guard->was_unclean())
    log::info("the database was not closed properly last time and has recovered", {{"path", options.path}});
  return std::make_unique<sqlite::SqliteDatabase>(std::move(options), std::move(*guard), std::move(*writer),
                                                  std::move(*readers));
}

}  // namespace atelier::store

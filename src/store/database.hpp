#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/task.hpp"

namespace atelier {
class Histogram;
}

namespace atelier::store {

// SQL that stands in the source: only a literal converts, so text from outside can never become SQL, and backends may
// key their prepared statements by its address. Written in the dialect that SQLite and Postgres share, with $1, $2...
class Sql {
 public:
  template <std::size_t Size>
  consteval Sql(const char (&literal)[Size]) : text_(literal, Size - 1) {}  // NOLINT(google-explicit-constructor)
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

struct Blob {
  Bytes bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

// What must hold of the rows a statement changed (or returned); otherwise its whole batch is undone and fails with
// ErrorCode::conflict. This is how a fence, a revision or a unique claim is checked without a round trip.
enum class Expect : std::uint8_t { any, exactly_one, at_least_one };

struct Statement {
  Statement(Sql statement, std::vector<Value> values = {}, Expect expected = Expect::any)
      : sql(statement), parameters(std::move(values)), expect(expected) {}
  Sql sql;
  std::vector<Value> parameters;
  Expect expect;
};

// The rows one statement gave, in order. Columns are read by index from 0; reading a column as another type than it has
// is our bug, except that NULL reads as 0, "" or nullopt.
class Rows {
 public:
  std::size_t size() const noexcept { return column_count_ == 0 ? 0 : values_.size() / column_count_; }
  bool empty() const noexcept { return size() == 0; }
  const Value& at(std::size_t row, std::size_t column) const;
  std::int64_t integer(std::size_t row, std::size_t column) const;
  double number(std::size_t row, std::size_t column) const;
  const std::string& text(std::size_t row, std::size_t column) const;
  const Bytes& bytes(std::size_t row, std::size_t column) const;
  bool is_null(std::size_t row, std::size_t column) const;
  // Rows changed by an INSERT, UPDATE or DELETE.
  std::int64_t changed_count = 0;

  // For backends.
  void start(std::size_t column_count) { column_count_ = column_count; }
  void push(Value value) { values_.push_back(std::move(value)); }

 private:
  std::size_t column_count_ = 0;
  std::vector<Value> values_;
};

struct DatabaseStatistics {
  std::uint64_t batch_count = 0;        // batches committed
  std::uint64_t transaction_count = 0;  // transactions that carried them; fewer, since waiting batches share one
  std::uint64_t queued_count = 0;       // batches waiting now
  std::uint64_t wal_bytes = 0;
};

// One database. Thread-safe: any loop may await; the answer comes back on the awaiting coroutine's own loop.
// A full queue answers ErrorCode::unavailable with retry_after_ms. After a failed sync every write answers
// storage_failed until the process is started anew; a full disk answers storage_full and recovers by itself.
class Database {
 public:
  virtual ~Database() = default;

  // All statements or none, in order, in one transaction (shared with other callers' batches, each in a savepoint of
  // its own). Returns after the commit is durable. Once queued a batch is carried out even if the caller goes away.
  // A unique constraint that breaks is ErrorCode::conflict; it names table and column.
  virtual Task<Result<std::vector<Rows>>> write(std::vector<Statement> batch) = 0;

  // One consistent snapshot for all the statements. Never waits for a writer. Sees every write already answered.
  virtual Task<Result<std::vector<Rows>>> read_all(std::vector<Statement> batch) = 0;

  // A checked copy in one file, taken while writes go on.
  virtual Task<Result<>> back_up_to(std::string path) = 0;

  // Reads the whole file and says what is wrong with it (storage_failed, reason storage_corrupt). Runs beside reads and
  // writes; to be spawned after start when needs_check().
  virtual Task<Result<>> check() = 0;
  // Whether the file was not closed properly last time.
  virtual bool needs_check() const noexcept = 0;

  virtual DatabaseStatistics statistics() const = 0;

  // Waits for what was queued, then closes. Afterwards every call answers unavailable. Blocks; called at shutdown, on
  // no loop that is still awaited, and before the loops are destroyed: answers still go to them.
  virtual void close() = 0;

  // read_all() of one statement.
  Task<Result<Rows>> read(Statement statement);
};

// A numbered step of the schema. Only ever added to, never changed once released.
struct Migration {
  std::uint32_t version;  // 1, 2, 3 ... without gaps
  std::string_view name;
  std::string_view sql;  // several statements
};

struct SqliteOptions {
  std::string path;
  // NORMAL instead of FULL: for what can be rebuilt (telemetry.db).
  bool is_rebuildable = false;
  std::size_t reader_count = 2;
  std::size_t queue_max = 65'536;            // batches
  std::size_t group_statements_max = 4'096;  // of one transaction
  std::size_t writer_cache_kib = 8'192;
  std::size_t reader_cache_kib = 2'048;
  std::chrono::milliseconds read_time_max{5'000};  // a longer read would keep the WAL from being emptied
  std::string vfs = {};                            // SQLite's VFS by name; tests put a faulty disk there
  Histogram* read_seconds = nullptr;               // sees how long each question took; outlives the database
};

// Opens or makes the file, takes a backup copy beside it before migrating (path + ".before-<version>"), applies what is
// missing, and refuses a schema newer than ours with its number. Blocks; called at start, before loops run.
Result<std::unique_ptr<Database>> open_sqlite(SqliteOptions options, std::vector<Migration> migrations);

// The migrations of studio.db: every folder's tables, in one list, since they share one version number.
std::vector<Migration> studio_migrations();

}  // namespace atelier::store

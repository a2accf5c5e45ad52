#include "store/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/log.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/full_text.hpp"

namespace atelier::store::sqlite {
namespace {

constexpr std::int64_t kWalBytesKept = 64 << 20;
constexpr std::chrono::milliseconds kBusyTimeout{5'000};
// How many of SQLite's virtual instructions run between two looks at the clock; about 0.1 ms.
constexpr int kInstructionsPerLook = 20'000;

int past_deadline(void* deadline) noexcept {
  return std::chrono::steady_clock::now() >= *static_cast<std::chrono::steady_clock::time_point*>(deadline) ? 1 : 0;
}

// Ends a statement's run whatever happened, so that it holds no lock and can run again.
class Run {
 public:
  explicit Run(sqlite3_stmt* statement) noexcept : statement_(statement) {}
  ~Run() { sqlite3_reset(statement_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  sqlite3_stmt* statement_;
};

int bind_value(sqlite3_stmt* statement, int index, const Value& value) noexcept {
  // SQLITE_STATIC: the caller's values live until the statement is reset, and each run binds all of them anew.
  switch (value.index()) {
    case 1:
      return sqlite3_bind_int64(statement, index, std::get<1>(value));
    case 2:
      return sqlite3_bind_double(statement, index, std::get<2>(value));
    case 3: {
      const std::string& text = std::get<3>(value);
      return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    case 4: {
      const Bytes& bytes = std::get<4>(value).bytes;
      return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    default:
      return sqlite3_bind_null(statement, index);
  }
}

Value read_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return Blob{size == 0 ? Bytes() : Bytes(bytes, size)};
    }
    default:
      return std::monostate{};
  }
}

std::size_t size_of(const Value& value) noexcept {
  if (const auto* text = std::get_if<std::string>(&value)) return sizeof value + text->size();
  if (const auto* blob = std::get_if<Blob>(&value)) return sizeof value + blob->bytes.size();
  return sizeof value;
}

Result<> check_expectation(const Statement& statement, const Rows& rows) {
  if (statement.expect == Expect::any) return {};
  const auto count = rows.empty() ? rows.changed_count : static_cast<std::int64_t>(rows.size());
  const bool holds = statement.expect == Expect::exactly_one ? count == 1 : count >= 1;
  if (holds) return {};
  return fail(ErrorCode::conflict,
              fmt::format("expected {} row, found {}: it was changed meanwhile, read again",
                          statement.expect == Expect::exactly_one ? "exactly one" : "at least one", count));
}

}  // namespace

void ConnectionDeleter::operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
void StatementDeleter::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

Connection::~Connection() { prepared_.clear(); }

Result<std::unique_ptr<Connection>> Connection::open(ConnectionOptions options) {
  auto connection = std::unique_ptr<Connection>(new Connection(std::move(options)));
  const ConnectionOptions& chosen = connection->options_;
  const int mode = chosen.access == Access::writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(chosen.path.c_str(), &handle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                   chosen.vfs.empty() ? nullptr : chosen.vfs.c_str());
  connection->connection_.reset(handle);
  if (code != SQLITE_OK) return connection->failed(code, "opening");
  if (auto done = connection->configure(); !done) return error_of(done);
  return connection;
}

Result<> Connection::configure() {
  sqlite3* handle = connection_.get();
  sqlite3_busy_timeout(handle, static_cast<int>(kBusyTimeout.count()));
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // Whoever closes last would checkpoint: only the writer may, and not after a failed sync.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // VACUUM INTO attaches the file it makes.
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, options_.access == Access::snapshot ? 1 : 0);
  sqlite3_progress_handler(handle, kInstructionsPerLook, options_.access == Access::reader ? past_deadline : nullptr,
                           &deadline_);
  std::string pragmas = fmt::format(
      "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA "
      "cache_size=-{};",
      options_.cache_kib);
  if (options_.access == Access::reader) pragmas += "PRAGMA query_only=ON;";
  if (options_.access == Access::writer)
    // Debian builds SQLite to overwrite deleted rows with zeros; secrets are stored hashed, so that is not needed.
    pragmas += fmt::format(
        "PRAGMA synchronous={}; PRAGMA journal_size_limit={}; PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=OFF;",
        options_.is_rebuildable ? "NORMAL" : "FULL", kWalBytesKept);
  if (auto done = execute(pragmas); !done) return done;
  return add_weighted_score(handle);
}

std::unexpected<Error> Connection::failed(int code, std::string_view doing) {
  Failure failure = describe_failure(connection_.get(), code, options_.path, doing);
  is_broken_ = is_broken_ || failure.is_fatal;
  is_full_ = failure.is_full;
  return std::unexpected(std::move(failure.error));
}

void Connection::note_failure(int code, std::string_view doing, bool is_to_be_logged) {
  const Error error = failed(code, doing).error();
  if (is_to_be_logged)
    log::error("the database had a failure", {{"code", error.stable_code()}, {"error", error.message}});
}

Result<Connection::Prepared*> Connection::prepare(std::string_view sql) {
  if (const auto found = prepared_.find(sql.data()); found != prepared_.end()) return &found->second;
  sqlite3_stmt* handle = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, &rest);
  Prepared prepared;
  prepared.statement.reset(handle);
  if (code != SQLITE_OK) return failed(code, sql);
  if (handle == nullptr || std::string_view(rest).find_first_not_of(" \n\t;") != std::string_view::npos)
    return fail(ErrorCode::internal, fmt::format("not exactly one statement: {}", sql));
  const int parameter_count = sqlite3_bind_parameter_count(handle);
  for (int i = 1; i <= parameter_count; ++i) {
    // SQLite numbers $1, $2 ... by first appearance, so their indexes are asked for by name.
    const int index = sqlite3_bind_parameter_index(handle, fmt::format("${}", i).c_str());
    if (index == 0)
      return fail(ErrorCode::internal, fmt::format("parameters must be $1 to ${}: {}", parameter_count, sql));
    prepared.parameter_indexes.push_back(index);
  }
  prepared.column_count = static_cast<std::size_t>(sqlite3_column_count(handle));
  prepared.is_read_only = sqlite3_stmt_readonly(handle) != 0;
  return &prepared_.emplace(sql.data(), std::move(prepared)).first->second;
}

Result<> Connection::bind(const Prepared& prepared, const std::vector<Value>& values) {
  sqlite3_stmt* statement = prepared.statement.get();
  if (values.size() != prepared.parameter_indexes.size())
    return fail(ErrorCode::internal, fmt::format("{} values for {} parameters: {}", values.size(),
                                                 prepared.parameter_indexes.size(), sqlite3_sql(statement)));
  for (std::size_t i = 0; i < values.size(); ++i)
    if (const int code = bind_value(statement, prepared.parameter_indexes[i], values[i]); code != SQLITE_OK)
      return failed(code, sqlite3_sql(statement));
  return {};
}

Result<Rows> Connection::step_all(const Prepared& prepared) {
  sqlite3_stmt* statement = prepared.statement.get();
  Rows rows;
  rows.start(prepared.column_count);
  std::size_t size_bytes = 0;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    for (std::size_t column = 0; column < prepared.column_count; ++column) {
      Value value = read_value(statement, static_cast<int>(column));
      size_bytes += size_of(value);
      rows.push(std::move(value));
    }
    if (size_bytes > options_.result_bytes_max)
      return fail(ErrorCode::too_large, fmt::format("a query gives more than {} bytes", options_.result_bytes_max));
  }
  if (code != SQLITE_DONE) return failed(code, sqlite3_sql(statement));
  if (!prepared.is_read_only) rows.changed_count = sqlite3_changes64(connection_.get());
  return rows;
}

Result<Rows> Connection::run(const Statement& statement) {
  auto prepared = prepare(statement.sql.text());
  if (!prepared) return error_of(std::move(prepared));
  const Run run((*prepared)->statement.get());
  if (auto bound = bind(**prepared, statement.parameters); !bound) return error_of(std::move(bound));
  auto rows = step_all(**prepared);
  if (!rows) return rows;
  if (auto held = check_expectation(statement, *rows); !held) return error_of(std::move(held));
  return rows;
}

Result<> Connection::run(Sql sql) {
  auto prepared = prepare(sql.text());
  if (!prepared) return error_of(std::move(prepared));
  sqlite3_stmt* statement = (*prepared)->statement.get();
  const Run run(statement);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) return failed(code, sql.text());
  return {};
}

Result<> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed(code, std::string_view(sql).substr(0, 80));
  return {};
}

Result<std::string> Connection::ask(const std::string& sql) {
  sqlite3_stmt* handle = nullptr;
  int code = sqlite3_prepare_v2(connection_.get(), sql.c_str(), -1, &handle, nullptr);
  const StatementPtr statement(handle);
  if (code != SQLITE_OK) return failed(code, sql);
  code = sqlite3_step(handle);
  if (code == SQLITE_DONE) return std::string();
  if (code != SQLITE_ROW) return failed(code, sql);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle, 0));
  return std::string(text == nullptr ? "" : text);
}

bool Connection::is_in_transaction() const noexcept { return sqlite3_get_autocommit(connection_.get()) == 0; }
std::int64_t Connection::total_changed_count() const noexcept { return sqlite3_total_changes64(connection_.get()); }

}  // namespace atelier::store::sqlite

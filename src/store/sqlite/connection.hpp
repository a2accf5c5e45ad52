#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace atelier::store::sqlite {

struct ConnectionDeleter {
  void operator()(sqlite3* connection) const noexcept;
};
struct StatementDeleter {
  void operator()(sqlite3_stmt* statement) const noexcept;
};
using ConnectionPtr = std::unique_ptr<sqlite3, ConnectionDeleter>;
using StatementPtr = std::unique_ptr<sqlite3_stmt, StatementDeleter>;

// "atel", in the file's header: says whose database it is.
inline constexpr std::int32_t kApplicationId = 0x6174656c;

enum class Access : std::uint8_t {
  writer,    // makes the file if it is missing; the only connection that writes and checkpoints
  reader,    // read-only and query_only
  snapshot,  // read-only, but may VACUUM INTO another file
};

struct ConnectionOptions {
  std::string path;
  Access access = Access::reader;
  bool is_rebuildable = false;
  std::size_t cache_kib = 2'048;
  std::string vfs = {};  // empty for the system's own
  std::size_t result_bytes_max = std::size_t{256} << 20;
};

// One connection with its prepared statements. Used by one thread at a time; does not move once a statement ran.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(ConnectionOptions options);
  ~Connection();

  // Runs one statement to its end and checks what it expects.
  Result<Rows> run(const Statement& statement);
  // A statement of ours without parameters whose rows do not matter, such as "COMMIT".
  Result<> run(Sql sql);
  // Several statements that are not worth keeping, such as a migration's.
  Result<> execute(const std::string& sql);
  // The first column of the first row, for pragmas; "" when there is none.
  Result<std::string> ask(const std::string& sql);

  // A failed sync or a damaged file was met: what was written through this connection can no longer be trusted.
  bool is_broken() const noexcept { return is_broken_; }
  // Whether the last failure was a full disk.
  bool is_full() const noexcept { return is_full_; }
  bool is_in_transaction() const noexcept;
  // A call made on handle() failed: remembers what that means, and may log it since nobody waits for the answer.
  void note_failure(int code, std::string_view doing, bool is_to_be_logged);
  std::int64_t total_changed_count() const noexcept;
  // Statements that are still running at `until` fail with deadline_exceeded.
  void limit_until(std::chrono::steady_clock::time_point until) noexcept { deadline_ = until; }
  sqlite3* handle() const noexcept { return connection_.get(); }
  const std::string& path() const noexcept { return options_.path; }

 private:
  struct Prepared {
    StatementPtr statement;
    std::vector<int> parameter_indexes;  // of $1, $2 ...
    std::size_t column_count = 0;
    bool is_read_only = false;
  };
  explicit Connection(ConnectionOptions options) : options_(std::move(options)) {}
  Result<> configure();
  Result<Prepared*> prepare(std::string_view sql);
  Result<> bind(const Prepared& prepared, const std::vector<Value>& values);
  Result<Rows> step_all(const Prepared& prepared);
  // The error of the last call, and what it means for this connection.
  std::unexpected<Error> failed(int code, std::string_view doing);

  ConnectionOptions options_;
  ConnectionPtr connection_;
  // By the address of the literal, which lives as long as the process. As many as the sources hold.
  std::unordered_map<const char*, Prepared> prepared_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  bool is_broken_ = false;
  bool is_full_ = false;
};

}  // namespace atelier::store::sqlite

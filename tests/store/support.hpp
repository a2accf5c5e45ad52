#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/id.hpp"
#include "store/database.hpp"

namespace atelier::store {

// A folder of one test's own, removed with it.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("atelier-store-" + Ulid::make().to_string())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// Runs tasks side by side on a loop of their own until all have ended.
template <class T>
std::vector<T> run_all(std::vector<Task<T>> tasks) {
  asio::io_context loop(1);
  std::vector<std::optional<T>> answers(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    asio::co_spawn(loop.get_executor(), std::move(tasks[i]), [&answers, i](const std::exception_ptr& thrown, T answer) {
      if (thrown) std::rethrow_exception(thrown);
      answers[i].emplace(std::move(answer));
    });
  loop.run();
  std::vector<T> out;
  for (auto& answer : answers) out.push_back(std::move(answer.value()));
  return out;
}

template <class T>
T run(Task<T> task) {
  std::vector<Task<T>> tasks;
  tasks.push_back(std::move(task));
  return std::move(run_all(std::move(tasks)).front());
}

// A failure's description where a test wants success.
template <class T>
testing::AssertionResult is_ok(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(result.error().code) << ": " << result.error().describe();
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value()) << "succeeded, though it should have failed";
  return result ? ErrorCode::internal : result.error().code;
}

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One small table to write to.
inline std::vector<Migration> item_tables() {
  return {
      {1, "items", "CREATE TABLE items (id TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL, bytes BLOB) STRICT;"}};
}
inline Statement insert_item(std::string id, std::int64_t number) {
  return {"INSERT INTO items (id, number) VALUES ($1, $2)", {std::move(id), number}};
}
inline std::vector<Statement> batch_of(Statement statement) {
  std::vector<Statement> batch;
  batch.push_back(std::move(statement));
  return batch;
}
inline Result<std::vector<Rows>> insert_now(Database& database, std::string id, std::int64_t number) {
  return run(database.write(batch_of(insert_item(std::move(id), number))));
}
inline std::int64_t count_items(Database& database) {
  auto rows = run(database.read({"SELECT count(*) FROM items"}));
  EXPECT_TRUE(is_ok(rows));
  return rows ? rows->integer(0, 0) : -1;
}

}  // namespace atelier::store

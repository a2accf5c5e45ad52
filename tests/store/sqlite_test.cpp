// What is SQLite's own: its file, its schema, its log.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/file_system.hpp"
#include "store/migrations.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

std::vector<Migration> item_tables_with_colour() {
  auto migrations = item_tables();
  migrations.push_back({2, "colour", "ALTER TABLE items ADD COLUMN colour TEXT; UPDATE items SET colour = 'red';"});
  return migrations;
}

std::string ask(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  std::string answer;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr), SQLITE_OK);
  const auto keep = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, sql, keep, &answer, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
  return answer;
}

class SqliteFile : public testing::Test {
 protected:
  Result<std::unique_ptr<Database>> open(std::vector<Migration> migrations = item_tables()) {
    return open_sqlite({.path = path_}, std::move(migrations));
  }
  void make(int item_count = 3) {
    auto database = open();
    ASSERT_TRUE(is_ok(database));
    for (int i = 0; i < item_count; ++i) ASSERT_TRUE(is_ok(insert_now(**database, std::to_string(i), i)));
  }
  TemporaryFolder folder_;
  std::string path_ = folder_ / "a.db";
};

TEST_F(SqliteFile, ANewFileIsOursAndUsesAWriteAheadLog) {
  make();
  EXPECT_EQ(ask(path_, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(ask(path_, "PRAGMA application_id"), std::to_string(0x6174656c));
  EXPECT_EQ(ask(path_, "PRAGMA user_version"), "1");
  EXPECT_EQ(ask(path_, "PRAGMA auto_vacuum"), "2");
}

TEST_F(SqliteFile, WhatWasWrittenIsThereAfterClosing) {
  make();
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  EXPECT_FALSE((*database)->needs_check());
  EXPECT_EQ(count_items(**database), 3);
}

TEST_F(SqliteFile, ClosingEmptiesTheLog) {
  make();
  EXPECT_EQ(size_of_file(path_ + "-wal"), 0U);
}

TEST_F(SqliteFile, ANewerSchemaIsRefusedWithBothNumbers) {
  make();
  ask(path_, "PRAGMA user_version=7");
  const auto database = open();
  ASSERT_EQ(code_of(database), ErrorCode::invalid_argument);
  EXPECT_EQ(database.error().reason, "schema_too_new");
  EXPECT_NE(database.error().message.find("schema 7"), std::string::npos) << database.error().message;
  EXPECT_NE(database.error().message.find("up to 1"), std::string::npos) << database.error().message;
}

TEST_F(SqliteFile, AnOlderSchemaIsCopiedAsideAndThenChanged) {
  make();
  {
    auto database = open(item_tables_with_colour());
    ASSERT_TRUE(is_ok(database));
    auto rows = run((*database)->read({"SELECT count(*) FROM items WHERE colour = 'red'"}));
    ASSERT_TRUE(is_ok(rows));
    EXPECT_EQ(rows->integer(0, 0), 3);
  }
  EXPECT_EQ(ask(path_, "PRAGMA user_version"), "2");
  auto copy = open_sqlite({.path = path_ + ".before-2"}, item_tables());
  ASSERT_TRUE(is_ok(copy));
  EXPECT_EQ(count_items(**copy), 3);
}

TEST_F(SqliteFile, ASchemaStepThatFailsChangesNothingAndSaysWhich) {
  make();
  auto migrations = item_tables_with_colour();
  migrations.push_back({3, "wrong", "CREATE TABLE other (id TEXT) STRICT; SELECT * FROM nowhere;"});
  const auto failed = open(migrations);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().message.find("schema step 3 (wrong)"), std::string::npos) << failed.error().message;
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  EXPECT_EQ(count_items(**database), 3);
}

TEST_F(SqliteFile, AnotherProgramsDatabaseIsRefused) {
  ask(path_, "PRAGMA application_id=1; CREATE TABLE other (id TEXT)");
  const auto database = open();
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().reason, "not_ours");
}

TEST_F(SqliteFile, WhatIsNoDatabaseIsRefused) {
  write_text(path_, std::string(8'192, 'x'));
  EXPECT_EQ(code_of(open()), ErrorCode::storage_failed);
}

TEST_F(SqliteFile, AFileThatIsOpenAlreadyIsRefused) {
  auto first = open();
  ASSERT_TRUE(is_ok(first));
  const auto second = open();
  ASSERT_EQ(code_of(second), ErrorCode::conflict);
  EXPECT_EQ(second.error().reason, "database_in_use");
}

// As a crash leaves it: the log holds commits, and the mark says that it was open.
void copy_as_if_it_crashed(const std::string& path, const std::string& to) {
  for (const char* ending : {"", "-wal", "-open"}) std::filesystem::copy_file(path + ending, to + ending);
}

TEST_F(SqliteFile, AFileThatWasNotClosedRecoversFromItsLog) {
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  ASSERT_TRUE(is_ok(insert_now(**database, "a", 1)));
  copy_as_if_it_crashed(path_, folder_ / "b.db");
  auto recovered = open_sqlite({.path = folder_ / "b.db"}, item_tables());
  ASSERT_TRUE(is_ok(recovered));
  EXPECT_TRUE((*recovered)->needs_check());
  EXPECT_EQ(count_items(**recovered), 1);
  (*recovered)->close();
  recovered = open_sqlite({.path = folder_ / "b.db"}, item_tables());
  ASSERT_TRUE(is_ok(recovered));
  EXPECT_FALSE((*recovered)->needs_check());
}

TEST_F(SqliteFile, AMissingLogIsRefusedWithAnInstruction) {
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  ASSERT_TRUE(is_ok(insert_now(**database, "a", 1)));
  copy_as_if_it_crashed(path_, folder_ / "b.db");
  std::filesystem::remove(folder_ / "b.db-wal");
  const auto refused = open_sqlite({.path = folder_ / "b.db"}, item_tables());
  ASSERT_EQ(code_of(refused), ErrorCode::storage_failed);
  EXPECT_EQ(refused.error().reason, "wal_missing");
  EXPECT_NE(refused.error().message.find("b.db-wal"), std::string::npos);
}

TEST_F(SqliteFile, ALogFromAnotherCopyIsRefused) {
  make();
  write_text(path_ + "-wal", std::string(10'000, 'x'));
  const auto refused = open();
  ASSERT_EQ(code_of(refused), ErrorCode::storage_failed);
  EXPECT_EQ(refused.error().reason, "wal_of_another");
}

TEST_F(SqliteFile, AFlippedBitIsFoundByTheCheck) {
  make(2'000);
  std::string bytes = read_text(path_);
  ASSERT_GT(bytes.size(), 20'000U);
  for (std::size_t page = 2; page < bytes.size() / 4'096; ++page)
    bytes[page * 4'096 + 3] ^= 0x40;  // each page's cell count
  write_text(path_, bytes);
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  const auto checked = run((*database)->check());
  ASSERT_EQ(code_of(checked), ErrorCode::storage_failed);
  EXPECT_EQ(checked.error().reason, "storage_corrupt");
}

TEST_F(SqliteFile, ACopyTakenDuringHeavyWritingIsWhole) {
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    for (int i = 0; !is_over; ++i)
      EXPECT_TRUE(
          is_ok(run((*database)->write({insert_item(std::to_string(i), i), insert_item(std::to_string(i) + "+", i)}))));
  });
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(is_ok(run((*database)->back_up_to(folder_ / "copy.db"))));
    auto copy = open_sqlite({.path = folder_ / "copy.db"}, item_tables());
    ASSERT_TRUE(is_ok(copy));
    EXPECT_EQ(count_items(**copy) % 2, 0) << "half a batch";
    (*copy)->close();
    for (const char* ending : {"", "-wal", "-shm", "-lock"})
      std::filesystem::remove(folder_ / ("copy.db" + std::string(ending)));
  }
  is_over = true;
  writer.join();
}

TEST_F(SqliteFile, ACopyThatCannotBeMadeLeavesNothing) {
  make();
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  EXPECT_FALSE(run((*database)->back_up_to(folder_ / "no/such/folder/copy.db")).has_value());
}

TEST_F(SqliteFile, AReadThatLastsTooLongIsEnded) {
  auto database = open_sqlite({.path = path_, .read_time_max = std::chrono::milliseconds(20)}, item_tables());
  ASSERT_TRUE(is_ok(database));
  const auto endless = run(
      (*database)->read({"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"}));
  EXPECT_EQ(code_of(endless), ErrorCode::deadline_exceeded);
  EXPECT_EQ(count_items(**database), 0) << "the reader goes on";
}

TEST_F(SqliteFile, AFullQueueAnswersUnavailableWithATimeToRetry) {
  auto database = open_sqlite({.path = path_, .queue_max = 4}, item_tables());
  ASSERT_TRUE(is_ok(database));
  std::vector<Task<Result<std::vector<Rows>>>> writes;
  for (int i = 0; i < 50; ++i) writes.push_back((*database)->write(batch_of(insert_item(std::to_string(i), i))));
  int refused_count = 0;
  for (const auto& answer : run_all(std::move(writes))) {
    if (answer) continue;
    ++refused_count;
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(answer.error().retry_after_ms.has_value());
  }
  EXPECT_GT(refused_count, 0);
  EXPECT_EQ(count_items(**database), 50 - refused_count);
}

TEST_F(SqliteFile, TheLogIsCopiedIntoTheFileWhileWritesGoOn) {
  auto database = open();
  ASSERT_TRUE(is_ok(database));
  for (int i = 0; i < 400; ++i)
    ASSERT_TRUE(is_ok(run((*database)->write(batch_of({"INSERT INTO items (id, number, bytes) VALUES ($1, 1, $2)",
                                                       {std::to_string(i), Blob{Bytes(40'000, 'x')}}})))));
  EXPECT_LT((*database)->statistics().wal_bytes, std::uint64_t{9} << 20);
  EXPECT_GT(size_of_file(path_), std::uint64_t{8} << 20);
}

TEST(FileSystemKind, NetworkFileSystemsAreUnfitAndMemoryIsDoubtful) {
  EXPECT_EQ(file_system_kind(0x6969).fitness, FileSystemFitness::unfit);
  EXPECT_EQ(file_system_kind(0xff534d42).fitness, FileSystemFitness::unfit);
  EXPECT_EQ(file_system_kind(0x01021994).fitness, FileSystemFitness::doubtful);
  EXPECT_EQ(file_system_kind(0x794c7630).fitness, FileSystemFitness::doubtful);
  EXPECT_EQ(file_system_kind(0xef53).fitness, FileSystemFitness::good);
}

TEST(StudioMigrations, AreNumberedWithoutGapsAndMakeAStudio) {
  TemporaryFolder folder;
  const auto migrations = studio_migrations();
  for (std::size_t i = 0; i < migrations.size(); ++i) EXPECT_EQ(migrations[i].version, i + 1);
  auto database = open_sqlite({.path = folder / "studio.db"}, migrations);
  ASSERT_TRUE(is_ok(database));
  auto user = run((*database)->read({"SELECT role FROM users WHERE id = $1", {local_user().to_string()}}));
  ASSERT_TRUE(is_ok(user));
  ASSERT_EQ(user->size(), 1U);
  EXPECT_EQ(user->text(0, 0), "admin");
}

TEST(StudioMigrations, TablesAreStrictAndUsersRowsHaveAnOwner) {
  TemporaryFolder folder;
  auto database = open_sqlite({.path = folder / "studio.db"}, studio_migrations());
  ASSERT_TRUE(is_ok(database));
  auto tables =
      run((*database)->read({"SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT "
                             "strict AND name NOT LIKE 'sqlite_%'"}));
  ASSERT_TRUE(is_ok(tables));
  EXPECT_TRUE(tables->empty()) << tables->text(0, 0) << " is not STRICT";
  auto ownerless = run((*database)->read(
      {"SELECT m.name FROM sqlite_schema m WHERE m.type = 'table' AND m.name IN ('assets', 'productions', 'runs', "
       "'access_keys', 'sessions', 'events') AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) c "
       "WHERE c.name = 'owner' AND c.type = 'TEXT' AND c.\"notnull\" = 1)"}));
  ASSERT_TRUE(is_ok(ownerless));
  EXPECT_TRUE(ownerless->empty()) << ownerless->text(0, 0) << " has no owner";
}

}  // namespace
}  // namespace atelier::store

// The database on a disk that fails: what was answered stays, what failed says so, nothing is half there.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "tests/store/faulty_vfs.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

using Operation = FaultyDisk::Operation;
using Fault = FaultyDisk::Fault;

std::set<std::string> ids_in(Database& database) {
  std::set<std::string> ids;
  auto rows = run(database.read({"SELECT id FROM items"}));
  EXPECT_TRUE(is_ok(rows));
  if (rows)
    for (std::size_t i = 0; i < rows->size(); ++i) ids.insert(rows->text(i, 0));
  return ids;
}

std::vector<Statement> insert_with_bytes(int id, std::size_t size_bytes) {
  return batch_of({"INSERT INTO items (id, number, bytes) VALUES ($1, $2, $3)",
                   {std::to_string(id), std::int64_t{id}, Blob{Bytes(size_bytes, static_cast<char>('a' + id % 26))}}});
}

struct Plan {
  Operation operation;
  Fault fault;
  bool lasts;
};

// Writes with the n-th operation failing, for n = 1, 2, 3 ...; after each the file is opened on a sound disk.
void expect_nothing_lost(const Plan& plan) {
  int fault_count = 0;
  const bool is_only_full = plan.fault == Fault::full && plan.operation == Operation::write;
  const ErrorCode wanted = is_only_full ? ErrorCode::storage_full : ErrorCode::storage_failed;
  for (int n = 1; n <= 12; ++n) {
    SCOPED_TRACE(n);
    TemporaryFolder folder;
    FaultyDisk disk;
    std::set<std::string> answered, failed;
    {
      auto database = open_sqlite({.path = folder / "a.db", .vfs = disk.name()}, item_tables());
      ASSERT_TRUE(is_ok(database));
      disk.fail_nth(plan.operation, n, plan.fault, plan.lasts);
      for (int i = 0; i < 12; ++i) {
        const auto answer = run((*database)->write(insert_with_bytes(i, 3'000)));
        (answer ? answered : failed).insert(std::to_string(i));
        if (!answer) {
          EXPECT_EQ(answer.error().code, wanted) << answer.error().describe();
        }
      }
      // Reads go on, and show nothing that failed before the disk did.
      const std::set<std::string> seen = ids_in(**database);
      for (const std::string& id : answered) EXPECT_TRUE(seen.contains(id)) << id;
      (*database)->close();
      fault_count += disk.failed_count();
      disk.heal();
    }
    auto database = open_sqlite({.path = folder / "a.db"}, item_tables());
    ASSERT_TRUE(is_ok(database));
    EXPECT_TRUE(is_ok(run((*database)->check())));
    const std::set<std::string> kept = ids_in(**database);
    for (const std::string& id : answered) EXPECT_TRUE(kept.contains(id)) << "answered and lost: " << id;
    // A batch whose sync failed may be there or not; one that came after the failure must not.
    std::size_t unknown_count = 0;
    for (const std::string& id : failed) unknown_count += kept.contains(id) ? 1 : 0;
    EXPECT_LE(unknown_count, 1U);
  }
  EXPECT_GT(fault_count, 0) << "no operation failed: the test tests nothing";
}

TEST(SqliteOnAFaultyDisk, AWriteThatFailsOnceLosesNothingAnswered) {
  expect_nothing_lost({Operation::write, Fault::io_error, false});
}
TEST(SqliteOnAFaultyDisk, WritesThatFailFromThenOnLoseNothingAnswered) {
  expect_nothing_lost({Operation::write, Fault::io_error, true});
}
TEST(SqliteOnAFaultyDisk, ASyncThatFailsOnceLosesNothingAnswered) {
  expect_nothing_lost({Operation::sync, Fault::io_error, false});
}
TEST(SqliteOnAFaultyDisk, SyncsThatFailFromThenOnLoseNothingAnswered) {
  expect_nothing_lost({Operation::sync, Fault::io_error, true});
}
TEST(SqliteOnAFaultyDisk, ADiskFullOnceLosesNothingAnswered) {
  expect_nothing_lost({Operation::write, Fault::full, false});
}
TEST(SqliteOnAFaultyDisk, ADiskFullFromThenOnLosesNothingAnswered) {
  expect_nothing_lost({Operation::write, Fault::full, true});
}

TEST(SqliteOnAFaultyDisk, AFailedTruncationOfTheLogAtCloseLosesNothing) {
  TemporaryFolder folder;
  FaultyDisk disk;
  {
    auto database = open_sqlite({.path = folder / "a.db", .vfs = disk.name()}, item_tables());
    ASSERT_TRUE(is_ok(database));
    ASSERT_TRUE(is_ok(insert_now(**database, "a", 1)));
    disk.fail_nth(Operation::truncate, 1, Fault::io_error, true);
    (*database)->close();
    EXPECT_GT(disk.failed_count(), 0);
    disk.heal();
  }
  auto database = open_sqlite({.path = folder / "a.db"}, item_tables());
  ASSERT_TRUE(is_ok(database));
  EXPECT_EQ(count_items(**database), 1);
}

TEST(SqliteOnAFaultyDisk, AfterAFailedSyncNothingIsWrittenUntilItIsOpenedAnew) {
  TemporaryFolder folder;
  FaultyDisk disk;
  auto database = open_sqlite({.path = folder / "a.db", .vfs = disk.name()}, item_tables());
  ASSERT_TRUE(is_ok(database));
  ASSERT_TRUE(is_ok(insert_now(**database, "before", 1)));
  disk.fail_nth(Operation::sync, 1, Fault::io_error, false);
  EXPECT_EQ(code_of(insert_now(**database, "at", 1)), ErrorCode::storage_failed);
  // The disk works again, but what it kept of the failed sync is unknown.
  const auto later = insert_now(**database, "after", 1);
  ASSERT_EQ(code_of(later), ErrorCode::storage_failed);
  EXPECT_EQ(count_items(**database), 1) << "reads go on";
  (*database)->close();
  database = open_sqlite({.path = folder / "a.db"}, item_tables());
  ASSERT_TRUE(is_ok(database));
  EXPECT_TRUE((*database)->needs_check());
  EXPECT_TRUE(is_ok(run((*database)->check())));
  EXPECT_TRUE(is_ok(insert_now(**database, "anew", 1)));
  EXPECT_FALSE(ids_in(**database).contains("after"));
}

TEST(SqliteOnAFaultyDisk, AFullDiskIsSaidAndWritingGoesOnOnceThereIsRoom) {
  TemporaryFolder folder;
  FaultyDisk disk;
  auto database = open_sqlite({.path = folder / "a.db", .vfs = disk.name()}, item_tables());
  ASSERT_TRUE(is_ok(database));
  disk.fail_nth(Operation::write, 1, Fault::full, true);
  EXPECT_EQ(code_of(insert_now(**database, "a", 1)), ErrorCode::storage_full);
  EXPECT_EQ(count_items(**database), 0);
  disk.heal();
  EXPECT_TRUE(is_ok(insert_now(**database, "a", 1)));
  EXPECT_EQ(count_items(**database), 1);
}

TEST(SqliteOnAFaultyDisk, EveryBatchAnsweredSurvivesAPowerCutAtAnyOperation) {
  TemporaryFolder folder, images;
  FaultyDisk disk;
  // By the folder of the image: how many batches were answered when the power went.
  std::vector<std::pair<std::string, int>> cuts;
  std::atomic<int> answered_count = 0;
  auto database = open_sqlite({.path = folder / "a.db", .vfs = disk.name()}, item_tables());
  ASSERT_TRUE(is_ok(database));
  int operation_count = 0;
  disk.on_operation([&] {
    // Every operation of the first batches, then some of the many, among them the log's copying into the file.
    ++operation_count;
    if (cuts.size() >= 60 || (operation_count > 12 && operation_count % 97 != 0)) return;
    const std::string image = images / std::to_string(operation_count);
    std::filesystem::create_directories(image);
    cuts.emplace_back(image, answered_count.load());
    disk.write_after_power_cut(image, static_cast<std::uint32_t>(operation_count));
  });
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(is_ok(run((*database)->write(insert_with_bytes(i, 48'000)))));
    answered_count = i + 1;
  }
  (*database)->close();
  ASSERT_GT(cuts.size(), 20U);
  for (const auto& [image, count] : cuts) {
    SCOPED_TRACE(image);
    write_text(image + "/a.db-open", "");
    auto recovered = open_sqlite({.path = image + "/a.db"}, item_tables());
    ASSERT_TRUE(is_ok(recovered));
    EXPECT_TRUE((*recovered)->needs_check());
    EXPECT_TRUE(is_ok(run((*recovered)->check())));
    const std::set<std::string> kept = ids_in(**recovered);
    for (int i = 0; i < count; ++i) EXPECT_TRUE(kept.contains(std::to_string(i))) << "answered and lost: " << i;
    EXPECT_LE(kept.size(), static_cast<std::size_t>(count) + 1);
  }
}

// The child writes as fast as it can and tells each answer; it is killed in the middle.
[[noreturn]] void write_and_tell(const std::string& path, int pipe) {
  auto database = open_sqlite({.path = path}, item_tables());
  if (!database) _exit(2);
  for (int i = 0;; ++i) {
    std::vector<Task<Result<std::vector<Rows>>>> writes;
    for (int k = 0; k < 8; ++k) writes.push_back((*database)->write(insert_with_bytes(i * 8 + k, 500)));
    for (const auto& answer : run_all(std::move(writes)))
      if (!answer) _exit(3);
    if (::write(pipe, "x", 1) != 1) _exit(4);
  }
}

TEST(Sqlite, KillingTheProcessLosesNoBatchThatWasAnswered) {
#ifdef __SANITIZE_THREAD__
  // By itself, as ctest runs it, this process has one thread.
  const std::filesystem::directory_iterator threads("/proc/self/task");
  if (std::distance(begin(threads), end(threads)) > 2) GTEST_SKIP() << "TSan cannot follow a fork of many threads";
#endif
  TemporaryFolder folder;
  for (int round = 1; round <= 3; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::filesystem::remove_all(folder.path());
    std::filesystem::create_directories(folder.path());
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_and_tell(folder / "a.db", ends[1]);
    ::close(ends[1]);
    int answered_count = 0;
    char told = 0;
    while (answered_count < 40 * round && ::read(ends[0], &told, 1) == 1) ++answered_count;
    ::kill(child, SIGKILL);
    while (::read(ends[0], &told, 1) == 1) ++answered_count;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    ASSERT_GE(answered_count, 40 * round);

    // Opened by another child: this process must stay without threads, to fork again.
    const pid_t reader = ::fork();
    if (reader == 0) {
      auto database = open_sqlite({.path = folder / "a.db"}, item_tables());
      if (!database || !(*database)->needs_check() || !run((*database)->check())) _exit(2);
      const std::set<std::string> kept = ids_in(**database);
      for (int i = 0; i < answered_count * 8; ++i)
        if (!kept.contains(std::to_string(i))) _exit(3);
      (*database)->close();
      _exit(0);
    }
    ::waitpid(reader, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0) << "2: cannot be opened, 3: an answered batch is lost";
  }
}

}  // namespace
}  // namespace atelier::store

// What every Database must do, whatever is behind it.
#include <gtest/gtest.h>

#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

struct Backend {
  const char* name;
  std::unique_ptr<Database> (*open)(const TemporaryFolder& folder);
};

std::unique_ptr<Database> sqlite_database(const TemporaryFolder& folder) {
  auto database = open_sqlite({.path = folder / "test.db"}, item_tables());
  EXPECT_TRUE(is_ok(database));
  return database ? std::move(*database) : nullptr;
}

class DatabaseContract : public testing::TestWithParam<Backend> {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_ = GetParam().open(folder_);
};

std::vector<Statement> two(Statement first, Statement second) {
  std::vector<Statement> batch;
  batch.push_back(std::move(first));
  batch.push_back(std::move(second));
  return batch;
}

TEST_P(DatabaseContract, ValuesComeBackAsTheyWere) {
  const std::string text("nul \0 and \xc3\xa9", 12);
  std::vector<Value> values{
      text, std::int64_t{INT64_MIN}, 2.5, Blob{Bytes("\0\xff", 2)}, std::monostate{}, std::string(), Blob{}};
  auto rows = run(database_->read({"SELECT $1, $2, $3, $4, $5, $6, $7", std::move(values)}));
  ASSERT_TRUE(is_ok(rows));
  EXPECT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->text(0, 0), text);
  EXPECT_EQ(rows->integer(0, 1), INT64_MIN);
  EXPECT_EQ(rows->number(0, 2), 2.5);
  EXPECT_EQ(rows->bytes(0, 3), Bytes("\0\xff", 2));
  EXPECT_TRUE(rows->is_null(0, 4));
  EXPECT_EQ(rows->integer(0, 4), 0);
  EXPECT_EQ(rows->text(0, 5), "");
  EXPECT_FALSE(rows->is_null(0, 5));
  EXPECT_EQ(rows->bytes(0, 6), "");
}

TEST_P(DatabaseContract, ParametersAreNumberedByNameAndNotByAppearance) {
  auto rows = run(database_->read({"SELECT $2, $1, $2", {std::string("one"), std::string("two")}}));
  ASSERT_TRUE(is_ok(rows));
  EXPECT_EQ(rows->text(0, 0), "two");
  EXPECT_EQ(rows->text(0, 1), "one");
  EXPECT_EQ(rows->text(0, 2), "two");
}

TEST_P(DatabaseContract, AReadSeesEveryWriteAlreadyAnswered) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(is_ok(insert_now(*database_, std::to_string(i), i)));
    ASSERT_EQ(count_items(*database_), i + 1);
  }
}

TEST_P(DatabaseContract, ReturnedRowsAndCountsOfChangesComeWithTheAnswer) {
  auto answers = run(database_->write(two({"INSERT INTO items (id, number) VALUES ('a', 1), ('b', 2) RETURNING id"},
                                          {"UPDATE items SET number = number + 1"})));
  ASSERT_TRUE(is_ok(answers));
  EXPECT_EQ((*answers)[0].size(), 2U);
  EXPECT_EQ((*answers)[0].text(1, 0), "b");
  EXPECT_EQ((*answers)[1].changed_count, 2);
}

TEST_P(DatabaseContract, ABatchIsAllOrNothing) {
  auto answers = run(database_->write(two(insert_item("a", 1), insert_item("a", 2))));
  EXPECT_EQ(code_of(answers), ErrorCode::conflict);
  EXPECT_EQ(count_items(*database_), 0);
}

TEST_P(DatabaseContract, ABrokenUniqueConstraintIsAConflictThatNamesTableAndColumn) {
  ASSERT_TRUE(is_ok(insert_now(*database_, "a", 1)));
  const auto again = insert_now(*database_, "a", 2);
  ASSERT_EQ(code_of(again), ErrorCode::conflict);
  EXPECT_EQ(again.error().reason, "already_exists");
  EXPECT_EQ(again.error().where, "items.id");
}

TEST_P(DatabaseContract, AnExpectationThatDoesNotHoldUndoesTheWholeBatch) {
  ASSERT_TRUE(is_ok(insert_now(*database_, "a", 1)));
  auto none = run(database_->write(
      two(insert_item("b", 1), {"UPDATE items SET number = 9 WHERE id = 'missing'", {}, Expect::exactly_one})));
  EXPECT_EQ(code_of(none), ErrorCode::conflict);
  auto many = run(database_->write(two({"INSERT INTO items (id, number) VALUES ('c', 1), ('d', 1)"},
                                       {"UPDATE items SET number = 9", {}, Expect::exactly_one})));
  EXPECT_EQ(code_of(many), ErrorCode::conflict);
  auto alone =
      run(database_->write(batch_of({"UPDATE items SET number = 9 WHERE id = 'missing'", {}, Expect::at_least_one})));
  EXPECT_EQ(code_of(alone), ErrorCode::conflict);
  auto rows = run(database_->read({"SELECT id, number FROM items"}));
  ASSERT_TRUE(is_ok(rows));
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->integer(0, 1), 1);
}

TEST_P(DatabaseContract, AnExpectationThatHoldsLetsTheBatchThrough) {
  auto answers =
      run(database_->write(two({"INSERT INTO items (id, number) VALUES ('a', 1) RETURNING id", {}, Expect::exactly_one},
                               {"UPDATE items SET number = 2", {}, Expect::at_least_one})));
  EXPECT_TRUE(is_ok(answers));
}

TEST_P(DatabaseContract, AFailingBatchDoesNotSpoilThoseThatShareItsTransaction) {
  constexpr int kBatches = 300;
  std::vector<Task<Result<std::vector<Rows>>>> writes;
  for (int i = 0; i < kBatches; ++i) {
    // Each seventh fails after its first statement has changed something.
    const std::string id = std::to_string(i);
    writes.push_back(database_->write(two(insert_item(id, i), insert_item(i % 7 == 3 ? id : id + "+", i))));
  }
  const auto answers = run_all(std::move(writes));
  std::int64_t wanted = 0;
  for (int i = 0; i < kBatches; ++i) {
    if (i % 7 == 3) {
      EXPECT_EQ(code_of(answers[static_cast<std::size_t>(i)]), ErrorCode::conflict) << i;
    } else {
      EXPECT_TRUE(is_ok(answers[static_cast<std::size_t>(i)])) << i;
      wanted += 2;
    }
  }
  EXPECT_EQ(count_items(*database_), wanted);
}

TEST_P(DatabaseContract, BatchesThatWaitTogetherShareTransactions) {
  std::vector<Task<Result<std::vector<Rows>>>> writes;
  for (int i = 0; i < 500; ++i) writes.push_back(database_->write(batch_of(insert_item(std::to_string(i), i))));
  for (const auto& answer : run_all(std::move(writes))) ASSERT_TRUE(is_ok(answer));
  const DatabaseStatistics statistics = database_->statistics();
  EXPECT_EQ(statistics.batch_count, 500U);
  EXPECT_LT(statistics.transaction_count, 250U);
  EXPECT_EQ(statistics.queued_count, 0U);
}

TEST_P(DatabaseContract, OneReadOfSeveralStatementsSeesOneMoment) {
  ASSERT_TRUE(is_ok(insert_now(*database_, "counter", 0)));
  std::vector<Task<Result<std::vector<Rows>>>> calls;
  for (int i = 0; i < 200; ++i) {
    calls.push_back(database_->write(batch_of({"UPDATE items SET number = number + 1"})));
    calls.push_back(
        database_->read_all(two({"SELECT number FROM items"}, {"SELECT number FROM items WHERE id = 'counter'"})));
  }
  const auto answers = run_all(std::move(calls));
  for (std::size_t i = 1; i < answers.size(); i += 2) {
    ASSERT_TRUE(is_ok(answers[i]));
    EXPECT_EQ((*answers[i])[0].integer(0, 0), (*answers[i])[1].integer(0, 0));
  }
}

TEST_P(DatabaseContract, AQueuedBatchIsCarriedOutThoughItsCallerWasCancelled) {
  asio::io_context loop(1);
  asio::cancellation_signal stop;
  asio::co_spawn(
      loop.get_executor(), database_->write(batch_of(insert_item("a", 1))),
      asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr&, const Result<std::vector<Rows>>&) {}));
  loop.run_one();  // up to the wait
  stop.emit(asio::cancellation_type::terminal);
  loop.run();
  EXPECT_EQ(count_items(*database_), 1);
}

TEST_P(DatabaseContract, AnswersArriveOnTheCallersOwnLoop) {
  std::vector<std::thread> threads;
  std::atomic<int> right_count = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      const auto me = std::this_thread::get_id();
      auto call = [](Database& database, std::string id, std::thread::id home) -> Task<bool> {
        auto written = co_await database.write(batch_of(insert_item(std::move(id), 1)));
        const bool is_home = std::this_thread::get_id() == home;
        Statement query("SELECT 1");
        auto read = co_await database.read(std::move(query));
        co_return is_home&& written&& read&& std::this_thread::get_id() == home;
      };
      for (int k = 0; k < 20; ++k)
        if (run(call(*database_, std::to_string(i * 100 + k), me))) ++right_count;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right_count, 80);
}

TEST_P(DatabaseContract, AClosedDatabaseAnswersUnavailable) {
  database_->close();
  EXPECT_EQ(code_of(insert_now(*database_, "a", 1)), ErrorCode::unavailable);
  EXPECT_EQ(code_of(run(database_->read({"SELECT 1"}))), ErrorCode::unavailable);
  EXPECT_EQ(code_of(run(database_->back_up_to(folder_ / "copy.db"))), ErrorCode::unavailable);
}

TEST_P(DatabaseContract, AReadMayNotWrite) {
  EXPECT_FALSE(run(database_->read({"DELETE FROM items RETURNING id"})).has_value());
}

TEST_P(DatabaseContract, AnEmptyBatchIsDoneAtOnce) {
  auto answers = run(database_->write({}));
  ASSERT_TRUE(is_ok(answers));
  EXPECT_TRUE(answers->empty());
}

TEST_P(DatabaseContract, ACopyHoldsWhatWasAnsweredBeforeItWasAskedFor) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(is_ok(insert_now(*database_, std::to_string(i), i)));
  ASSERT_TRUE(is_ok(run(database_->back_up_to(folder_ / "copy.db"))));
  auto copy = open_sqlite({.path = folder_ / "copy.db"}, item_tables());
  ASSERT_TRUE(is_ok(copy));
  EXPECT_EQ(count_items(**copy), 20);
}

INSTANTIATE_TEST_SUITE_P(Backends, DatabaseContract, testing::Values(Backend{"sqlite", sqlite_database}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace atelier::store

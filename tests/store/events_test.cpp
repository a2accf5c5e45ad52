#include <gtest/gtest.h>

#include "store/backup.hpp"
#include "store/events.hpp"
#include "store/migrations.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    log_.reset();
    database_.reset();
    auto database = open_sqlite({.path = folder_ / "studio.db"}, studio_migrations());
    ASSERT_TRUE(is_ok(database));
    database_ = std::move(*database);
    auto log = run(open_event_log(*database_, *bus_));
    ASSERT_TRUE(is_ok(log));
    log_ = std::move(*log);
  }
  // The position and number it was given.
  std::pair<std::int64_t, std::int64_t> append(const std::string& topic, UserId owner) {
    auto answers = run(database_->write(batch_of(log_->append(topic, "test.changed", R"({"a":1})", owner))));
    EXPECT_TRUE(is_ok(answers));
    return {(*answers)[0].integer(0, 0), (*answers)[0].integer(0, 1)};
  }
  Result<std::vector<Event>> after(UserId owner, Cursor cursor, std::size_t count_max = 100) {
    return run(log_->after({.owner = owner}, std::move(cursor), count_max));
  }
  TemporaryFolder folder_;
  std::unique_ptr<Bus> bus_ = make_local_bus();
  std::unique_ptr<Database> database_;
  std::unique_ptr<EventLog> log_;
  const UserId ann_ = UserId::make(), bob_ = UserId::make();
};

TEST_F(EventLogTest, PositionsRiseOverAllTopicsAndNumbersWithinOne) {
  EXPECT_EQ(append("runs", ann_), (std::pair<std::int64_t, std::int64_t>{1, 1}));
  EXPECT_EQ(append("run/x", ann_), (std::pair<std::int64_t, std::int64_t>{2, 1}));
  EXPECT_EQ(append("runs", ann_), (std::pair<std::int64_t, std::int64_t>{3, 2}));
  EXPECT_EQ(append("runs", bob_), (std::pair<std::int64_t, std::int64_t>{4, 1}));
}

TEST_F(EventLogTest, AClientThatWasAwayReadsOnFromItsCursorAndOnlyItsOwn) {
  append("runs", ann_);
  const auto cursor = run(log_->now());
  ASSERT_TRUE(is_ok(cursor));
  append("run/x", ann_);
  append("run/y", bob_);
  append("runs", ann_);
  const auto events = after(ann_, *cursor);
  ASSERT_TRUE(is_ok(events));
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].topic, "run/x");
  EXPECT_EQ((*events)[0].position, 2);
  EXPECT_EQ((*events)[0].type, "test.changed");
  EXPECT_EQ((*events)[0].data, R"({"a":1})");
  EXPECT_EQ((*events)[0].owner, ann_.to_string());
  EXPECT_EQ((*events)[1].position, 4);
}

TEST_F(EventLogTest, AnAdminReadsOnlyItsOwnToo) {
  append("runs", bob_);
  const auto events = run(log_->after({.owner = ann_, .role = Role::admin}, Cursor{run(log_->now())->epoch, 0}, 10));
  ASSERT_TRUE(is_ok(events));
  EXPECT_TRUE(events->empty());
}

TEST_F(EventLogTest, LongAbsencesAreReadInPages) {
  for (int i = 0; i < 5; ++i) append("runs", ann_);
  const std::string epoch = run(log_->now())->epoch;
  const auto first = after(ann_, {epoch, 0}, 3);
  ASSERT_TRUE(is_ok(first));
  ASSERT_EQ(first->size(), 3U);
  const auto second = after(ann_, {epoch, first->back().position}, 3);
  ASSERT_TRUE(is_ok(second));
  EXPECT_EQ(second->size(), 2U);
}

TEST_F(EventLogTest, CursorsStayGoodAfterARestart) {
  append("runs", ann_);
  const auto cursor = run(log_->now());
  append("runs", ann_);
  open();
  const auto events = after(ann_, *cursor);
  ASSERT_TRUE(is_ok(events));
  EXPECT_EQ(events->size(), 1U);
}

TEST_F(EventLogTest, ACursorOfAnotherEpochIsAConflict) {
  EXPECT_EQ(code_of(after(ann_, {"other", 0})), ErrorCode::conflict);
}

TEST_F(EventLogTest, ACursorFromTheFutureIsAConflict) {
  EXPECT_EQ(code_of(after(ann_, {run(log_->now())->epoch, 5})), ErrorCode::conflict);
}

TEST_F(EventLogTest, ARenewedEpochMakesOldCursorsConflicts) {
  append("runs", ann_);
  const auto cursor = run(log_->now());
  log_.reset();
  database_.reset();
  ASSERT_TRUE(is_ok(renew_epoch(folder_ / "studio.db")));
  open();
  EXPECT_EQ(code_of(after(ann_, *cursor)), ErrorCode::conflict);
}

TEST_F(EventLogTest, TrimmingKeepsTheNewestAndTheNumbersGoOn) {
  for (int i = 0; i < 7; ++i) append("runs", ann_);
  append("run/x", ann_);
  const std::string epoch = run(log_->now())->epoch;
  ASSERT_TRUE(is_ok(run(log_->trim(3))));
  EXPECT_EQ(code_of(after(ann_, {epoch, 3})), ErrorCode::conflict) << "event 4 is gone";
  const auto kept = after(ann_, {epoch, 5});
  ASSERT_TRUE(is_ok(kept));
  EXPECT_EQ(kept->size(), 3U);
  ASSERT_TRUE(is_ok(run(log_->trim(0))));
  EXPECT_EQ(run(log_->now())->position, 8);
  EXPECT_EQ(append("runs", ann_), (std::pair<std::int64_t, std::int64_t>{9, 8}));
  EXPECT_EQ(append("run/x", ann_), (std::pair<std::int64_t, std::int64_t>{10, 2}));
}

TEST_F(EventLogTest, TrimmingManyGoesInSlices) {
  std::vector<Statement> batch;
  for (int i = 0; i < 3'500; ++i) batch.push_back(log_->append("t" + std::to_string(i % 3), "x", "1", ann_));
  ASSERT_TRUE(is_ok(run(database_->write(std::move(batch)))));
  ASSERT_TRUE(is_ok(run(log_->trim(100))));
  auto rows = run(database_->read({"SELECT count(*), min(position) FROM events"}));
  ASSERT_TRUE(is_ok(rows));
  EXPECT_EQ(rows->integer(0, 0), 100);
  EXPECT_EQ(rows->integer(0, 1), 3'401);
}

TEST_F(EventLogTest, TopicsOfWhichNothingWasHeardForLongAreForgotten) {
  append("runs", ann_);
  std::vector<Statement> batch;
  for (int i = 0; i < 3'000; ++i) batch.push_back(log_->append("run/" + std::to_string(i), "x", "1", ann_));
  ASSERT_TRUE(is_ok(run(database_->write(std::move(batch)))));
  ASSERT_TRUE(is_ok(run(log_->trim(100))));
  const auto count = [&] { return run(database_->read({"SELECT count(*) FROM event_topics"}))->integer(0, 0); };
  EXPECT_LE(count(), 100);
  EXPECT_GT(count(), 0);
  EXPECT_EQ(append("run/2999", ann_).second, 2);  // kept
  EXPECT_EQ(append("run/2850", ann_).second, 2);  // remembered
  EXPECT_EQ(append("run/7", ann_).second, 1);     // forgotten
}

TEST_F(EventLogTest, AnEventThatFailsWithItsBatchTakesNoNumber) {
  append("runs", ann_);
  std::vector<Statement> batch;
  batch.push_back(log_->append("runs", "x", "1", ann_));
  batch.push_back({"UPDATE users SET name = 'x' WHERE id = 'missing'", {}, Expect::exactly_one});
  EXPECT_EQ(code_of(run(database_->write(std::move(batch)))), ErrorCode::conflict);
  EXPECT_EQ(append("runs", ann_), (std::pair<std::int64_t, std::int64_t>{2, 2}));
}

TEST_F(EventLogTest, WatchersOfTheOwnerHearWhatIsCommittedAndTold) {
  auto test = [](EventLog& log, Bus& bus, UserId owner, UserId other) -> Task<std::vector<Event>> {
    std::vector<std::string> topics{event_bus_topic(owner)};
    auto subscription = co_await bus.subscribe(std::move(topics), 10);
    log.tell("run/y", "run.progress", "{}", other);
    log.committed({.position = 5,
                   .topic = "run/x",
                   .number = 2,
                   .type = "run.changed",
                   .data = R"({"b":[1]})",
                   .owner = owner.to_string()});
    log.tell("run/x", "run.progress", R"({"done":3})", owner);
    std::vector<Event> heard;
    for (int i = 0; i < 2; ++i) {
      auto message = co_await (*subscription)->next();
      auto event = parse_event((*message)->body);
      EXPECT_TRUE(is_ok(event));
      heard.push_back(event.value_or(Event{}));
    }
    co_return heard;
  };
  const auto heard = run(test(*log_, *bus_, ann_, bob_));
  EXPECT_EQ(heard[0].position, 5);
  EXPECT_EQ(heard[0].number, 2);
  EXPECT_EQ(heard[0].data, R"({"b":[1]})");
  EXPECT_EQ(heard[1].position, 0);
  EXPECT_EQ(heard[1].type, "run.progress");
  EXPECT_EQ(heard[1].data, R"({"done":3})");
}

TEST(Cursor, IsWrittenAndReadBack) {
  const auto cursor = Cursor::parse("a1b2-42");
  ASSERT_TRUE(cursor.has_value());
  EXPECT_EQ(cursor->epoch, "a1b2");
  EXPECT_EQ(cursor->position, 42);
  EXPECT_EQ(cursor->to_string(), "a1b2-42");
}

TEST(Cursor, WhatIsNoneIsRefused) {
  for (const char* text : {"", "-", "a", "a-", "-1", "a-x", "a-1x", "a-99999999999999999999", "a- 1"})
    EXPECT_FALSE(Cursor::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace atelier::store

// Threads and messages as rows: whose they are, what is read of a tree, and by which index.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/chat/client_chats.hpp"
#include "store/chat/messages.hpp"
#include "store/chat/prompts.hpp"
#include "store/chat/summaries.hpp"
#include "store/chat/threads.hpp"
#include "store/chat/tool_grants.hpp"
#include "store/migrations.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

using testing::ElementsAre;

class ChatRows : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_sqlite({.path = folder_ / "studio.db"}, studio_migrations());
    ASSERT_TRUE(opened) << opened.error().describe();
    database_ = std::move(*opened);
    write({{"INSERT INTO users (id, name, role, created_ms) VALUES ($1, 'other', 'member', 0)",
            {other_.owner.to_string()}}});
  }
  void TearDown() override { database_->close(); }
  std::vector<Rows> write(std::vector<Statement> batch) {
    auto done = run(database_->write(std::move(batch)));
    EXPECT_TRUE(done) << done.error().describe();
    return done ? std::move(*done) : std::vector<Rows>();
  }
  Rows read(Statement statement) {
    auto rows = run(database_->read(std::move(statement)));
    EXPECT_TRUE(rows) << rows.error().describe();
    return rows ? std::move(*rows) : Rows();
  }
  // Message i + 1 has the parent parents[i] and ten tokens.
  ThreadId make(std::vector<std::int64_t> parents) {
    ThreadRow row;
    row.id = ThreadId::make();
    row.owner = me_.owner;
    row.message_count = row.head = static_cast<std::int64_t>(parents.size());
    std::vector<Statement> batch;
    batch.push_back(Threads::insert(row));
    for (std::size_t at = 0; at < parents.size(); ++at) {
      MessageRow message{.thread = row.id,
                         .number = static_cast<std::int64_t>(at + 1),
                         .owner = me_.owner,
                         .parent = parents[at],
                         .role = at % 2 == 0 ? "user" : "assistant",
                         .state = "complete",
                         .tokens = 10};
      for (Statement& statement : Messages::insert(message)) batch.push_back(std::move(statement));
    }
    write(std::move(batch));
    return row.id;
  }
  std::vector<std::int64_t> numbers(const Rows& rows) {
    std::vector<std::int64_t> found;
    for (std::size_t row = 0; row < rows.size(); ++row) found.push_back(rows.integer(row, 0));
    return found;
  }
  // How SQLite would go about it, a line a step.
  std::string plan(const Statement& statement) {
    sqlite3* file = nullptr;
    EXPECT_EQ(sqlite3_open_v2((folder_ / "studio.db").c_str(), &file, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    const std::string question = "EXPLAIN QUERY PLAN " + std::string(statement.sql.text());
    sqlite3_stmt* asked = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(file, question.c_str(), -1, &asked, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
    std::string lines;
    while (sqlite3_step(asked) == SQLITE_ROW)
      lines += std::string(reinterpret_cast<const char*>(sqlite3_column_text(asked, 3))) + "\n";
    sqlite3_finalize(asked);
    sqlite3_close(file);
    return lines;
  }

  const Principal me_{.owner = local_user()}, other_{.owner = UserId::make()};
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(ChatRows, ABranchIsWalkedFromItsEndAndNoFurtherThanAsked) {
  const ThreadId thread = make({0, 1, 2, 3, 2, 5});
  EXPECT_THAT(numbers(read(Messages::branch(me_, thread, 6, 100))), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(numbers(read(Messages::branch(me_, thread, 4, 2))), ElementsAre(3, 4));
  EXPECT_THAT(numbers(read(Messages::context(me_, thread, 6, 25, 100))), ElementsAre(5, 6));
  EXPECT_THAT(numbers(read(Messages::context(me_, thread, 6, 0, 100))), ElementsAre(6)) << "the last in any case";
  EXPECT_EQ(read(Messages::newest_leaf(me_, thread, 2)).integer(0, 0), 6);
  EXPECT_EQ(read(Messages::newest_leaf(me_, thread, 3)).integer(0, 0), 4);
  EXPECT_TRUE(read(Messages::newest_leaf(me_, thread, 7)).is_null(0, 0));
}

TEST_F(ChatRows, AnothersAreNotThere) {
  const ThreadId thread = make({0, 1});
  EXPECT_TRUE(read(Threads::select(other_, thread)).empty());
  EXPECT_TRUE(read(Messages::branch(other_, thread, 2, 10)).empty());
  EXPECT_TRUE(read(Messages::context(other_, thread, 2, 100, 10)).empty());
  EXPECT_TRUE(read(Messages::one(other_, thread, 1)).empty());
  EXPECT_TRUE(read(Messages::numbered(other_, thread, 0, 10)).empty());
  EXPECT_TRUE(read(Messages::shape(other_, thread)).empty());
  EXPECT_TRUE(read(Messages::newest_leaf(other_, thread, 1)).is_null(0, 0));
  EXPECT_TRUE(read(*Threads::select_page(other_, {}, "", 10)).empty());
  ThreadRow row;
  row.id = thread;
  row.owner = other_.owner;
  row.revision = 2;
  for (const Statement& change :
       {Threads::update(row), Threads::advance(row, 2), Threads::use(row), Threads::remove(other_, thread, 1),
        Threads::discard(other_, thread, 1, 1), Threads::restore(other_, thread)}) {
    auto done = run(database_->write({change}));
    EXPECT_FALSE(done) << change.sql.text();
  }
}

TEST_F(ChatRows, AParentComesBeforeItsChild) {
  const ThreadId thread = make({0});
  MessageRow circle{
      .thread = thread, .number = 2, .owner = me_.owner, .parent = 2, .role = "user", .state = "complete"};
  auto refused = run(database_->write(Messages::insert(circle)));
  EXPECT_FALSE(refused);
}

TEST_F(ChatRows, WhatIsDeletedGoesInSlicesAndLeavesNothing) {
  const ThreadId thread = make({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const ThreadId other = make({0, 1});
  write({Messages::insert_delta(thread, 10, {.seq = 1, .deltas = "[]"}),
         Messages::insert_key(thread, "key", "wanted", 1, 0), ClientChats::insert(me_, "chat", thread),
         ClientChats::put_message(thread, "first", 1), ToolGrants::put(thread, "tool", 0),
         Threads::remove(me_, thread, 1'000)});
  write(Threads::forget_removed(999, 4));  // not yet
  EXPECT_EQ(read({"SELECT count(*) FROM messages"}).integer(0, 0), 12);
  int slices = 0;
  while (read({"SELECT count(*) FROM threads"}).integer(0, 0) == 2 && ++slices < 20)
    write(Threads::forget_removed(1'000, 4));
  EXPECT_GT(slices, 1);
  for (const Statement& count :
       {Statement{"SELECT count(*) FROM messages"}, Statement{"SELECT count(*) FROM message_texts"}})
    EXPECT_EQ(read(count).integer(0, 0), 2) << count.sql.text();
  EXPECT_EQ(read({"SELECT count(*) FROM message_deltas"}).integer(0, 0), 0);
  EXPECT_EQ(read({"SELECT count(*) FROM message_keys"}).integer(0, 0), 0);
  EXPECT_EQ(read({"SELECT count(*) FROM client_messages"}).integer(0, 0), 0);
  EXPECT_EQ(read({"SELECT count(*) FROM thread_tool_grants"}).integer(0, 0), 0);
  EXPECT_EQ(read({"SELECT count(*) FROM client_chats"}).integer(0, 0), 0);
  EXPECT_FALSE(read(Threads::select(me_, other)).empty());
}

TEST_F(ChatRows, WhatIsAllowedIsSomebodysOrAThreads) {
  const ThreadId thread = make({0}), other = make({0});
  write({ToolGrants::put(me_, "clock", 1), ToolGrants::put(me_, "clock", 2), ToolGrants::put(thread, "search", 1)});
  EXPECT_THAT(ToolGrants::read(read(ToolGrants::of(me_))), ElementsAre("clock"));
  EXPECT_TRUE(ToolGrants::read(read(ToolGrants::of(other_))).empty());
  EXPECT_THAT(ToolGrants::read(read(ToolGrants::of(thread))), ElementsAre("search"));
  EXPECT_TRUE(ToolGrants::read(read(ToolGrants::of(other))).empty());
  write({ToolGrants::remove(other_, "clock"), ToolGrants::remove(thread, "clock")});
  EXPECT_THAT(ToolGrants::read(read(ToolGrants::of(me_))), ElementsAre("clock"));
  write({ToolGrants::remove(me_, "clock")});
  EXPECT_TRUE(ToolGrants::read(read(ToolGrants::of(me_))).empty());
}

// Before there were answers that wait: all that was said is there afterwards.
TEST(ChatMigration, AnOlderFileKeepsItsMessages) {
  const TemporaryFolder folder;
  std::vector<Migration> before = studio_migrations();
  std::erase_if(before, [](const Migration& one) { return one.version > 13; });
  {
    auto old = open_sqlite({.path = folder / "studio.db"}, before);
    ASSERT_TRUE(is_ok(old));
    for (const char* state : {"complete", "stopped", "interrupted", "failed", "queued", "answering"}) {
      const MessageRow row{.thread = ThreadId::make(),
                           .number = 2,
                           .owner = local_user(),
                           .parent = 1,
                           .role = "assistant",
                           .state = state,
                           .model = "m",
                           .tokens = 7,
                           .created_ms = 9,
                           .parts = R"([{"type":"text","text":"said"}])"};
      ASSERT_TRUE(is_ok(run((*old)->write(Messages::insert(row)))));
    }
    (*old)->close();
  }
  auto now = open_sqlite({.path = folder / "studio.db"}, studio_migrations());
  ASSERT_TRUE(is_ok(now));
  auto kept =
      run((*now)->read({"SELECT count(*), min(m.tokens), min(m.parent), min(m.created_ms) FROM messages m "
                        "JOIN message_texts x ON x.thread = m.thread AND x.number = m.number "
                        "WHERE m.model = 'm' AND x.parts LIKE '%said%'"}));
  ASSERT_TRUE(is_ok(kept));
  EXPECT_EQ(kept->integer(0, 0), 6);
  EXPECT_EQ(kept->integer(0, 1), 7);
  EXPECT_EQ(kept->integer(0, 2), 1);
  EXPECT_EQ(kept->integer(0, 3), 9);
  auto open_ones = run((*now)->read(Messages::open(100)));
  ASSERT_TRUE(is_ok(open_ones));
  EXPECT_EQ(open_ones->size(), 2U);
  (*now)->close();
}

// A table is looked into by an index, whatever it grows to.
TEST_F(ChatRows, NoQuestionScansATable) {
  const ThreadId thread = make({0, 1});
  ThreadRow row;
  row.id = thread;
  row.owner = me_.owner;
  std::vector<Statement> all{Threads::select(me_, thread),
                             *Threads::select_page(me_, {}, "", 10),
                             *Threads::select_page(me_, {.folder = "f"}, "", 10),
                             *Threads::select_page(me_, {.folder = {}, .tag = "t"}, "1-2-x", 10),
                             Threads::expired(1),
                             Threads::unused(1),
                             Threads::use(row),
                             Threads::discard(me_, thread, 1, 1),
                             Threads::update(row),
                             Threads::advance(row, 1),
                             Threads::remove(me_, thread, 1),
                             Threads::find_folder(me_, FolderId::make()),
                             Messages::branch(me_, thread, 1, 1),
                             Messages::branch_length(me_, thread, 1),
                             Messages::context(me_, thread, 1, 1, 1),
                             Messages::one(me_, thread, 1),
                             Messages::numbered(me_, thread, 1, 1),
                             Messages::shape(me_, thread),
                             Messages::newest_leaf(me_, thread, 1),
                             Messages::queued_after(thread, 1),
                             Messages::deltas(thread, 1),
                             Messages::find_key(thread, "k"),
                             Messages::forget_keys(1),
                             Messages::set_report(thread, 1, "{}", "{}"),
                             Messages::open_of(thread),
                             Messages::waiting_of(thread),
                             Messages::set_parts({}, "[]"),
                             ToolGrants::of(me_),
                             ToolGrants::of(thread),
                             ToolGrants::remove(me_, "t"),
                             ToolGrants::remove(thread, "t"),
                             Prompts::list(me_, "words", "a", 1),
                             Prompts::find(me_, PromptId::make()),
                             Prompts::find_named(me_, "a"),
                             Prompts::count(me_),
                             Prompts::update(me_, {}, 1),
                             Prompts::remove(me_, PromptId::make()),
                             Summaries::from(thread, 1),
                             Summaries::rewrite_count(me_, thread),
                             Summaries::branch(me_, thread, 1),
                             Messages::set_state(thread, 1, "queued", "stopped")};
  for (std::vector<Statement> batch :
       {Threads::forget_removed(1, 1), Messages::copy_all(thread, thread, me_.owner), Summaries::insert(thread, {}, 0),
        Summaries::forget_with(thread, 1), Messages::copy_branch(thread, thread, 1, me_.owner),
        Threads::remove_folder(me_, FolderId::make())})
    std::ranges::move(batch, std::back_inserter(all));
  for (const Statement& statement : all) {
    const std::string steps = plan(statement);
    for (const char* table : {"threads", "messages", "message_texts", "message_deltas", "message_keys",
                              "client_messages", "client_chats", "thread_summaries", "thread_folders", "tool_grants",
                              "thread_tool_grants", "prompts", "t\n", "m\n", "x\n", "u\n", "a\n"})
      EXPECT_EQ(steps.find("SCAN " + std::string(table)), std::string::npos) << statement.sql.text() << "\n" << steps;
  }
}

}  // namespace
}  // namespace atelier::store

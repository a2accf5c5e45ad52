// Runs of long ago are deleted, each whole.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "graph/rows.hpp"
#include "store/migrations.hpp"
#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;

class EngineForget : public testing::Test {
 protected:
  RunId ended(const std::string& kind, const std::string& subject,
              Graph graph = {{fake("a"), fake("b")}, {edge("a", "b")}, {}}) {
    RunRequest request = house_.request(std::move(graph));
    request.kind = kind;
    request.subject = subject;
    const RunId id = house_.run(house_.engine().submit(std::move(request))).value();
    house_.wait(id);
    house_.clock.advance(1s);
    return id;
  }
  std::size_t forget_before(UnixMs ended_ms) { return house_.run(house_.engine().forget_before(ended_ms)).value(); }
  bool has(RunId id) { return house_.run(house_.engine().find(house_.me(), id)).has_value(); }

  TemporaryFolder folder_;
  House house_{folder_.path()};
};

TEST_F(EngineForget, OldRunsGoWithStepsAndGraphAndTheNewestOfEachSubjectStays) {
  const RunId first = ended("render", "s"), preview = ended("preview", "s"), other = ended("render", "t"),
              second = ended("render", "s");
  const UnixMs then_ms = house_.clock.wall_ms();
  const RunId third = ended("render", "s"), fourth = ended("render", "s");
  EXPECT_EQ(forget_before(then_ms), 2U);
  EXPECT_FALSE(has(first));
  EXPECT_FALSE(has(second));
  for (const RunId id : {preview, other, third, fourth}) EXPECT_TRUE(has(id));
  EXPECT_EQ(house_.count("SELECT count(*) FROM runs"), 4);
  EXPECT_EQ(house_.count("SELECT count(*) FROM run_graphs"), 4);
  EXPECT_EQ(house_.count("SELECT count(*) FROM steps"), 8);
  EXPECT_EQ(forget_before(then_ms), 0U);
  EXPECT_EQ(forget_before(house_.clock.wall_ms() + 1), 1U);
  EXPECT_TRUE(has(fourth));
}

TEST_F(EngineForget, AnActiveRunStaysHoweverOld) {
  const RunId old = ended("render", "s");
  RunRequest request = house_.request({{fake("a", R"({"hold":"g"})")}, {}, {}});
  request.kind = "render";
  request.subject = "s";
  const RunId active = house_.run(house_.engine().submit(std::move(request))).value();
  EXPECT_EQ(forget_before(house_.clock.wall_ms() + 1'000'000), 1U);
  EXPECT_FALSE(has(old));
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(active).state, RunState::succeeded);
}

TEST_F(EngineForget, ManyRunsAndLargeOnesGoInSlices) {
  Graph large;
  for (int i = 0; i < 2'500; ++i) large.nodes.push_back(fake("n" + std::to_string(i)));
  ended("render", "s", std::move(large));
  for (int i = 0; i < 300; ++i) ended("render", i % 2 == 0 ? "s" : "t", {{fake("a")}, {}, {}});
  EXPECT_EQ(forget_before(house_.clock.wall_ms()), 299U);
  EXPECT_EQ(house_.count("SELECT count(*) FROM steps"), 2);
}

TEST_F(EngineForget, OfARunThatWasHalfDeletedTheRestGoesNextTime) {
  const RunId old = ended("render", "s");
  ended("render", "s");
  std::vector<store::Statement> half;
  half.push_back(rows::delete_steps(old.to_string(), 0, 1));
  ASSERT_TRUE(house_.run(house_.database().write(std::move(half))));
  EXPECT_EQ(forget_before(house_.clock.wall_ms()), 1U);
  EXPECT_EQ(house_.count("SELECT count(*) FROM steps"), 2);
}

// What SQLite means to do for a statement, a line each.
std::vector<std::string> plan_of(sqlite3* database, const store::Statement& statement) {
  const std::string sql = "EXPLAIN QUERY PLAN " + std::string(statement.sql.text());
  sqlite3_stmt* prepared = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &prepared, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  std::vector<std::string> lines;
  while (sqlite3_step(prepared) == SQLITE_ROW)
    lines.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(prepared, 3)));
  sqlite3_finalize(prepared);
  return lines;
}

TEST(ForgetRows, EveryStatementUsesAnIndex) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &database), SQLITE_OK);
  for (const store::Migration& migration : store::studio_migrations())
    ASSERT_EQ(sqlite3_exec(database, std::string(migration.sql).c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
  for (const store::Statement& statement :
       {rows::select_ended({}, 0, 1), rows::delete_steps("", 0, 1), rows::delete_graph(""), rows::delete_run("", "")})
    for (const std::string& line : plan_of(database, statement)) {
      EXPECT_EQ(line.find("SCAN"), std::string::npos) << line << ": " << statement.sql.text();
      EXPECT_EQ(line.find("TEMP B-TREE"), std::string::npos) << line << ": " << statement.sql.text();
    }
  EXPECT_THAT(plan_of(database, rows::select_ended({}, 0, 1)),
              testing::Contains(testing::HasSubstr("runs_by_end ((ended_ms,owner,id)>(?,?,?) AND ended_ms<?)")));
  sqlite3_close(database);
}

}  // namespace
}  // namespace atelier::graph

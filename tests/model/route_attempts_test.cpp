#include "model/record/route_attempts.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "model/record/call_log.hpp"
#include "tests/model/house.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

class RouteAttemptsTest : public TelemetryTest {
 protected:
  CallRecord call(std::string route, std::vector<AttemptRecord> attempts, std::string fault = "") const {
    return {.time_ms = clock_.wall_ms(),
            .face = "openai_chat",
            .route = std::move(route),
            .provider = "a",
            .model = "x",
            .attempts = std::move(attempts),
            .status = fault.empty() ? 200 : 502,
            .fault = std::move(fault)};
  }
  void write(CallRecord record) {
    log_.add(std::move(record));
    ASSERT_TRUE(is_ok(store::run(log_.flush())));
  }
  std::vector<RouteShare> read(std::string first, std::string last) {
    auto shares = store::run(read_route_shares(real_.get(), std::move(first), std::move(last), clock_.wall_ms()));
    EXPECT_TRUE(is_ok(shares));
    return shares ? std::move(*shares) : std::vector<RouteShare>();
  }
  std::int64_t row_count() { return store::run(real_->read({"SELECT count(*) FROM route_attempts"}))->integer(0, 0); }
  CallLog log_{*real_, clock_, metrics_};
};

TEST_F(RouteAttemptsTest, CountWhoWasTriedAndWhoAnswered) {
  write(call("fast", {{.candidate = "a/x", .fault = "server", .status = 500}, {.candidate = "b/y", .status = 200}}));
  write(call("fast", {{.candidate = "b/y", .status = 200}}));
  write(call("", {{.candidate = "a/x", .status = 200}}));              // asked for by its own name
  write(call("slow", {{.candidate = "a/x", .status = 200}}, "gone"));  // it began well, and nobody has its answer
  const auto shares = read("fast", "slow");
  ASSERT_EQ(shares.size(), 3U);
  EXPECT_EQ(shares[0].candidate, "a/x");
  EXPECT_EQ(shares[0].day.attempts, 1);
  EXPECT_EQ(shares[0].day.answered, 0);
  EXPECT_EQ(shares[1].candidate, "b/y");
  EXPECT_EQ(shares[1].hour.attempts, 2);
  EXPECT_EQ(shares[1].hour.answered, 2);
  EXPECT_EQ(shares[2].route, "slow");
  EXPECT_EQ(shares[2].day.answered, 0);
  EXPECT_EQ(read("a", "b").size(), 0U);
  EXPECT_EQ(read("fast", "fast").size(), 2U);
}

TEST_F(RouteAttemptsTest, ALongCallCountsWhenItEnds) {
  CallRecord clip = call("clips", {{.candidate = "a/x", .status = 200}});
  clip.total_ms = std::chrono::milliseconds(3h).count();
  clock_.advance(3h);
  write(std::move(clip));
  ASSERT_EQ(read("clips", "clips").size(), 1U);
  EXPECT_EQ(read("clips", "clips")[0].hour.answered, 1);
}

TEST_F(RouteAttemptsTest, AnHourAndADayPassAndWhatIsOldIsDeleted) {
  write(call("fast", {{.candidate = "a/x", .status = 200}}));
  clock_.advance(2h);
  write(call("fast", {{.candidate = "a/x", .status = 200}}));
  ASSERT_EQ(read("fast", "fast").size(), 1U);
  EXPECT_EQ(read("fast", "fast")[0].hour.answered, 1);
  EXPECT_EQ(read("fast", "fast")[0].day.answered, 2);
  clock_.advance(23h);
  EXPECT_EQ(read("fast", "fast")[0].hour.attempts, 0);
  EXPECT_EQ(read("fast", "fast")[0].day.answered, 1) << "the first is over a day old";
  EXPECT_EQ(row_count(), 2);
  ASSERT_TRUE(is_ok(store::run(log_.trim())));
  EXPECT_EQ(row_count(), 1);
}

// Whoever looks at the routes asks every few seconds: neither the question nor the trimming goes through all rows.
TEST_F(RouteAttemptsTest, AreFoundByAnIndex) {
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open_v2((folder_ / "telemetry.db").c_str(), &file, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  for (const store::Statement& statement : {route_shares_statement("a", "b", 0), RouteAttempts::trim(0)}) {
    const std::string question = "EXPLAIN QUERY PLAN " + std::string(statement.sql.text());
    sqlite3_stmt* asked = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(file, question.c_str(), -1, &asked, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
    std::string lines;
    while (sqlite3_step(asked) == SQLITE_ROW)
      lines += std::string(reinterpret_cast<const char*>(sqlite3_column_text(asked, 3))) + "\n";
    sqlite3_finalize(asked);
    EXPECT_NE(lines.find("SEARCH route_attempts"), std::string::npos) << lines;
    EXPECT_EQ(lines.find("SCAN"), std::string::npos) << lines;
    EXPECT_EQ(lines.find("TEMP B-TREE"), std::string::npos) << lines;
  }
  sqlite3_close(file);
}

}  // namespace
}  // namespace atelier::model

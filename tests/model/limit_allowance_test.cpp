#include <gtest/gtest.h>

#include "model/limit/allowances.hpp"
#include "tests/model/house.hpp"

namespace atelier::model {
namespace {

using namespace std::chrono_literals;
using store::is_ok;

class AllowanceTest : public testing::Test {
 protected:
  AllowanceTest() {
    real_ = *store::open_sqlite({.path = folder_ / "studio.db"}, store::studio_migrations());
    start();
  }
  ~AllowanceTest() override {
    database_->resume();
    stop();
  }
  void start() {
    database_ = std::make_unique<StallingDatabase>(*real_);
    allowances_ = std::make_unique<Allowances>(*database_, clock_, metrics_, options_);
    running_ = std::make_unique<Running>(loop_, allowances_->run());
  }
  void stop() {
    running_.reset();
    allowances_.reset();
  }
  // As kill -9 would: what was not written is lost.
  void kill() {
    database_->die();
    stop();
  }
  AllowancePtr limited(AllowanceLimits limits) { return allowances_->allowance(key_, owner_, limits); }
  Result<Reservation> reserve(const AllowancePtr& allowance, std::optional<Picodollars> amount) {
    return loop_.wait_for(allowances_->reserve(allowance, amount));
  }
  // The database's word, once run() has had its turn.
  std::pair<Picodollars, Picodollars> row(const std::string& period) {
    auto rows = store::run(real_->read(
        {"SELECT leased, settled FROM allowances WHERE key = $1 AND period = $2", {key_.to_string(), period}}));
    if (rows->empty()) return {-1, -1};
    return {rows->integer(0, 0), rows->integer(0, 1)};
  }

  store::TemporaryFolder folder_;
  ManualClock clock_{kNoon};
  Metrics metrics_;
  Allowances::Options options_{.flush_every = 10ms, .lease_wait = 2'000ms};
  const KeyId key_ = KeyId::make();
  const UserId owner_ = UserId::make();
  std::unique_ptr<store::Database> real_;
  std::unique_ptr<StallingDatabase> database_;
  LoopThread loop_, other_loop_;
  std::unique_ptr<Allowances> allowances_;
  std::unique_ptr<Running> running_;
};

TEST(Period, DaysAndMonthsAreUtcs) {
  EXPECT_EQ(day_of(kNoon).name, "2026-11-21");
  EXPECT_EQ(month_of(kNoon).name, "2026-11");
  EXPECT_EQ(month_of(kNoon).ends_ms, day_of(1'796'083'200'000).begins_ms);
  EXPECT_EQ(day_of(1'796'083'199'999).name, "2026-11-30");
  EXPECT_EQ(month_of(1'796'083'200'000).name, "2026-12");
  EXPECT_EQ(month_of(1'798'761'600'000).name, "2027-01") << "December has a next month too";
  EXPECT_EQ(day_of(1'835'395'200'000).name, "2028-02-29");
  EXPECT_TRUE(day_of(kNoon).holds(kNoon));
  EXPECT_FALSE(day_of(kNoon).holds(day_of(kNoon).ends_ms));
  EXPECT_EQ(day_name(day_number(kNoon)), "2026-11-21");
}

TEST(Block, IsATwentiethAndACentAtLeast) {
  EXPECT_EQ(block_of(10 * kDollar), kDollar / 2);
  EXPECT_EQ(block_of(10 * kCent), kCent);
  EXPECT_EQ(block_of(kCent / 2), kCent / 2) << "never more than there is";
  EXPECT_EQ(block_of(0), 0);
}

TEST_F(AllowanceTest, AKeyWithoutOneSpendsWhatItLikes) {
  auto reserved = reserve(limited({}), std::nullopt);
  ASSERT_TRUE(reserved.has_value());
  reserved->settle(100 * kDollar);
  EXPECT_TRUE(reserve(nullptr, kDollar).has_value());
}

TEST_F(AllowanceTest, SpendingStopsAtTheLimitAndSaysWhy) {
  const auto allowance = limited({.day = kDollar});
  for (int i = 0; i < 3; ++i) {
    auto reserved = reserve(allowance, 30 * kCent);
    ASSERT_TRUE(is_ok(reserved)) << i;
    reserved->settle(30 * kCent);
  }
  const auto refused = reserve(allowance, 11 * kCent);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
  EXPECT_EQ(refused.error().reason, "allowance_day");
  EXPECT_EQ(refused.error().message,
            "this key may spend 1.00 dollars a day (UTC), 0.10 of them are left, and the call may cost 0.11");
  EXPECT_EQ(refused.error().retry_after_ms, 12U * 3'600'000);
  EXPECT_TRUE(reserve(allowance, 10 * kCent).has_value());
}

TEST_F(AllowanceTest, BothDayAndMonthHold) {
  const auto allowance = limited({.day = 10 * kDollar, .month = kDollar});
  reserve(allowance, 60 * kCent)->settle(60 * kCent);
  const auto refused = reserve(allowance, 50 * kCent);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "allowance_month");
  EXPECT_EQ(refused.error().retry_after_ms, 86'400'000U) << "no Retry-After is believed for longer than a day";
  const auto status = allowance->status();
  EXPECT_EQ(status.day.spent, 60 * kCent);
  EXPECT_EQ(status.month.spent, 60 * kCent);
  EXPECT_EQ(status.month.reserved, 0);
}

// Complaint: a budget bypassed by concurrency.
TEST_F(AllowanceTest, FiveHundredCallsAtOnceDoNotOverspend) {
  const auto allowance = limited({.day = kDollar, .month = 5 * kDollar});
  std::atomic<int> admitted = 0, refused = 0;
  std::atomic<Picodollars> spent = 0;
  const auto one_call = [](Allowances& allowances, AllowancePtr asked, std::atomic<int>& good, std::atomic<int>& bad,
                           std::atomic<Picodollars>& sum) -> Task<Result<>> {
    auto reserved = co_await allowances.reserve(asked, kCent);
    if (!reserved) {
      EXPECT_EQ(reserved.error().reason, "allowance_day");
      ++bad;
      co_return Result<>{};
    }
    (void)co_await sleep_for(1ms);
    reserved->settle(kCent);
    sum += kCent;
    ++good;
    co_return Result<>{};
  };
  const auto half = [&](LoopThread& loop) {
    const auto body = [&](Executor executor) -> Task<> {
      TaskGroup group(executor);
      for (int i = 0; i < 250; ++i) group.spawn(one_call(*allowances_, allowance, admitted, refused, spent));
      (void)co_await group.join();
    };
    loop.wait_for(body(loop.executor()));
  };
  std::thread other([&] { half(other_loop_); });
  half(loop_);
  other.join();
  EXPECT_EQ(admitted + refused, 500);
  EXPECT_EQ(admitted, 100);
  EXPECT_EQ(spent, kDollar);
}

// Complaint: a budget that rejects on stale spend.
TEST_F(AllowanceTest, WhatACallDidNotUseIsThereForTheNext) {
  const auto allowance = limited({.day = kDollar});
  auto first = reserve(allowance, 90 * kCent);
  ASSERT_TRUE(first.has_value());
  const auto refused = reserve(allowance, 20 * kCent);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().retry_after_ms, 1'000U) << "calls in progress may give something back";
  first->settle(10 * kCent);
  EXPECT_TRUE(reserve(allowance, 90 * kCent).has_value());
}

TEST_F(AllowanceTest, ACallMayCostMoreThanWasSetAsideAndTheNextPaysForIt) {
  const auto allowance = limited({.day = kDollar});
  reserve(allowance, kCent)->settle(120 * kCent);
  EXPECT_EQ(reserve(allowance, kCent / 100).error().reason, "allowance_day");
  await([&] { return row("2026-11-21").second == 120 * kCent; });
  EXPECT_EQ(row("2026-11-21").first, 120 * kCent) << "a restart must not think there is something left";
}

TEST_F(AllowanceTest, AReservationThatIsDroppedOrOfUnknownCostCountsAsSpent) {
  const auto allowance = limited({.day = kDollar});
  {
    auto dropped = reserve(allowance, 60 * kCent);
  }
  auto unknown = reserve(allowance, 40 * kCent);
  ASSERT_TRUE(is_ok(unknown));
  unknown->settle(std::nullopt);
  EXPECT_EQ(allowance->status().day.spent, kDollar);
  EXPECT_FALSE(reserve(allowance, kCent).has_value());
}

TEST_F(AllowanceTest, AnUnknownPriceIsRefusedAndAFreeCallIsNot) {
  const auto allowance = limited({.day = kCent});
  const auto refused = reserve(allowance, std::nullopt);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_EQ(refused.error().reason, "price_unknown");
  reserve(allowance, kCent)->settle(kCent);
  auto free = reserve(allowance, 0);
  ASSERT_TRUE(is_ok(free));
  free->settle(0);
  const auto none = limited({.day = 0});
  EXPECT_FALSE(reserve(none, 1).has_value());
  EXPECT_TRUE(reserve(none, 0).has_value());
}

TEST_F(AllowanceTest, ANewDayAndANewMonthBeginAtMidnightUtc) {
  const auto allowance = limited({.day = kDollar, .month = 150 * kCent});
  auto across = reserve(allowance, kDollar);
  ASSERT_TRUE(across.has_value());
  clock_.advance(11h + 59min + 59s + 999ms);
  EXPECT_FALSE(reserve(allowance, kCent).has_value());
  clock_.advance(1ms);
  auto today = reserve(allowance, 40 * kCent);
  ASSERT_TRUE(is_ok(today));
  across->settle(kDollar);
  EXPECT_EQ(allowance->status().day.spent, 0) << "yesterday's call is yesterday's spending";
  EXPECT_EQ(allowance->status().month.spent, kDollar);
  today->settle(40 * kCent);
  EXPECT_EQ(reserve(allowance, 20 * kCent).error().reason, "allowance_month");
  clock_.advance(24h * 9);
  EXPECT_EQ(month_of(clock_.wall_ms()).name, "2026-12");
  EXPECT_TRUE(reserve(allowance, kDollar).has_value());
  await([&] { return row("2026-11-21") == std::pair(kDollar, kDollar); });
  await([&] { return row("2026-11") == std::pair(140 * kCent, 140 * kCent); });
}

TEST_F(AllowanceTest, AWallClockThatStepsBackOverMidnightForgetsNothing) {
  const auto allowance = limited({.day = kDollar});
  reserve(allowance, kDollar)->settle(kDollar);
  clock_.step_wall(12h);
  reserve(allowance, kDollar)->settle(kDollar);
  clock_.step_wall(-5s);
  EXPECT_FALSE(reserve(allowance, kCent).has_value()) << "the old day's dollar is spent";
  clock_.step_wall(5s);
  EXPECT_FALSE(reserve(allowance, kCent).has_value()) << "and so is the new one's";
}

TEST_F(AllowanceTest, ALockedDatabaseDelaysNobodyUntilTheBlockIsSpent) {
  stop();
  options_.lease_wait = 50ms;
  start();
  const auto allowance = limited({.day = 20 * kDollar});  // blocks of a dollar
  reserve(allowance, kCent)->settle(kCent);
  await([&] { return row("2026-11-21").second == kCent; });
  database_->stall();
  int admitted = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (; admitted < 200; ++admitted) {
    auto tried = allowances_->try_reserve(allowance, kCent);
    if (!tried) break;
    ASSERT_TRUE(is_ok(*tried));
    (*tried)->settle(kCent);
  }
  EXPECT_EQ(admitted, 99) << "what was left of the block";
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  await([&] { return database_->waiting_count() > 0; });
  const auto refused = reserve(allowance, kCent);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().reason, "allowance_unavailable");
  // From then on refusals do not even wait: every call would pile up behind the lock.
  std::this_thread::sleep_for(60ms);
  const auto again = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(reserve(allowance, kCent).error().reason, "allowance_unavailable");
  EXPECT_LT(std::chrono::steady_clock::now() - again, 500ms);

  database_->resume();
  await([&] { return reserve(allowance, kCent).has_value(); });
  await([&] { return row("2026-11-21").second == 101 * kCent; });
}

TEST_F(AllowanceTest, ADatabaseThatFailsIsNamedAndNothingSettledIsLost) {
  const auto allowance = limited({.day = 20 * kDollar});
  reserve(allowance, 10 * kCent)->settle(10 * kCent);
  database_->die();
  auto within = allowances_->try_reserve(allowance, 20 * kCent);
  ASSERT_TRUE(within && *within);
  (*within)->settle(20 * kCent);
  const auto refused = reserve(allowance, 5 * kDollar);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "allowance_unavailable");
  EXPECT_NE(refused.error().message.find("the disk is on fire"), std::string::npos);
  database_->revive();
  await([&] { return row("2026-11-21").second == 30 * kCent; });
  EXPECT_TRUE(reserve(allowance, 5 * kDollar).has_value());
}

TEST_F(AllowanceTest, AfterAKillTheBlockCountsAsSpentUntilTheLedgerSaysOtherwise) {
  const auto spend = [&](Picodollars amount) { reserve(limited({.day = 20 * kDollar}), amount)->settle(amount); };
  spend(30 * kCent);
  await([&] { return row("2026-11-21").second == 30 * kCent; });
  spend(20 * kCent);
  kill();
  const auto [leased, settled] = row("2026-11-21");
  EXPECT_GE(leased, 50 * kCent) << "never less than was spent";
  EXPECT_LE(leased - settled, 2 * kDollar) << "at most a block, and the one that was on its way";

  start();
  // The restarted process knows nothing but the row.
  auto all = reserve(limited({.day = 20 * kDollar}), 20 * kDollar - leased);
  EXPECT_TRUE(is_ok(all));
  EXPECT_FALSE(reserve(limited({.day = 20 * kDollar}), kCent).has_value());
  all->settle(0);
  stop();
  EXPECT_EQ(row("2026-11-21").first, leased) << "a clean end gives unspent blocks back";

  start();
  std::vector<std::string> asked;
  const Allowances::Ledger ledger = [&asked](KeyId, Period period) -> Task<Result<Picodollars>> {
    asked.push_back(period.name);
    co_return 50 * kCent;
  };
  const auto count = loop_.wait_for(allowances_->reconcile(ledger));
  ASSERT_TRUE(is_ok(count));
  EXPECT_EQ(*count, 1);
  EXPECT_EQ(asked, std::vector<std::string>{"2026-11-21"});
  EXPECT_EQ(row("2026-11-21"), std::pair(50 * kCent, 50 * kCent));
  EXPECT_TRUE(reserve(limited({.day = 20 * kDollar}), 1'950 * kCent).has_value());
}

TEST_F(AllowanceTest, ALedgerThatLostRowsGivesBackNoMoreThanWasNeverSettled) {
  reserve(limited({.day = 20 * kDollar}), 30 * kCent)->settle(30 * kCent);
  await([&] { return row("2026-11-21").second == 30 * kCent; });
  kill();
  start();
  const Allowances::Ledger ledger = [](KeyId, Period) -> Task<Result<Picodollars>> { co_return 0; };
  ASSERT_TRUE(is_ok(loop_.wait_for(allowances_->reconcile(ledger))));
  EXPECT_EQ(row("2026-11-21"), std::pair(30 * kCent, 30 * kCent));
}

TEST_F(AllowanceTest, ACleanEndKeepsWhatWasSpentAndWhatIsStillReserved) {
  const auto allowance = limited({.day = 20 * kDollar, .month = 100 * kDollar});
  reserve(allowance, 30 * kCent)->settle(12 * kCent);
  auto open = reserve(allowance, 7 * kCent);
  ASSERT_TRUE(open.has_value());
  stop();
  EXPECT_EQ(row("2026-11-21"), std::pair(19 * kCent, 12 * kCent));
  EXPECT_EQ(row("2026-11"), std::pair(19 * kCent, 12 * kCent));
}

TEST_F(AllowanceTest, ResettingLetsTheNextCallIn) {
  const auto allowance = limited({.day = kDollar, .month = kDollar});
  reserve(allowance, kDollar)->settle(kDollar);
  EXPECT_FALSE(reserve(allowance, kCent).has_value());
  ASSERT_TRUE(is_ok(loop_.wait_for(allowances_->reset(key_))));
  auto reserved = reserve(allowance, 50 * kCent);
  ASSERT_TRUE(is_ok(reserved));
  reserved->settle(50 * kCent);
  EXPECT_EQ(allowance->status().day.spent, 50 * kCent);

  const KeyId unused = KeyId::make();
  EXPECT_TRUE(is_ok(loop_.wait_for(allowances_->reset(unused))));
}

TEST_F(AllowanceTest, NewLimitsHoldAtOnce) {
  reserve(limited({.day = 10 * kDollar}), 40 * kCent)->settle(40 * kCent);
  EXPECT_EQ(reserve(limited({.day = 30 * kCent}), kCent).error().reason, "allowance_day")
      << "though its block has more";
  auto more = reserve(limited({.day = 50 * kDollar}), 45 * kDollar);
  ASSERT_TRUE(is_ok(more));
  more->settle(0);
  EXPECT_TRUE(reserve(limited({}), 1'000 * kDollar).has_value());
}

TEST_F(AllowanceTest, AnIdleBlockIsGivenBack) {
  reserve(limited({.day = 20 * kDollar}), kCent)->settle(kCent);
  await([&] { return row("2026-11-21").second == kCent; });
  EXPECT_GT(row("2026-11-21").first, kCent);
  clock_.advance(11min);
  await([&] { return row("2026-11-21").first == kCent; });
  EXPECT_TRUE(is_ok(reserve(limited({.day = 20 * kDollar}), kCent)));
}

TEST_F(AllowanceTest, ACallerWhoGoesAwayWaitsForNothing) {
  const auto allowance = limited({.day = 20 * kDollar});
  database_->stall();
  const auto body = [](Executor executor, Allowances& allowances, AllowancePtr asked) -> Task<> {
    TaskGroup group(executor);
    const auto call = [](Allowances& from, AllowancePtr wanted) -> Task<Result<>> {
      auto reserved = co_await from.reserve(wanted, kCent);
      EXPECT_FALSE(reserved.has_value());
      EXPECT_EQ(reserved.error().code, ErrorCode::cancelled);
      co_return Result<>{};
    };
    group.spawn(call(allowances, asked));
    (void)co_await sleep_for(5ms);
    group.cancel();
    (void)co_await group.join();
  };
  const auto begun = std::chrono::steady_clock::now();
  loop_.wait_for(body(loop_.executor(), *allowances_, allowance));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  database_->resume();
}

}  // namespace
}  // namespace atelier::model

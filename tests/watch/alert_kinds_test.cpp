// Each kind of alert, provoked by what it is about: it fires once, within its window, with the right words, and is
// resolved. Of the kinds that a running studio can be brought to within seconds tests/api/alerts_test.cpp shows it too.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <future>
#include <set>

#include "base/queue_report.hpp"
#include "tests/watch/alert_house.hpp"

namespace atelier::watch {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::run;
using testing::HasSubstr;

constexpr std::string_view kLoopLabels[] = {"loop"}, kOutcomeLabels[] = {"outcome"}, kReasonLabels[] = {"reason"},
                           kLimitLabels[] = {"limit"}, kDatabaseLabels[] = {"database"};

// What is measured, as the parts that measure it declare it. The golden list pins that they do.
constexpr Metric kHolds{"atelier_loop_holds_total", MetricKind::counter, "Of a test", kLoopLabels};
constexpr Metric kHeld{"atelier_loop_held_seconds", MetricKind::gauge, "Of a test", kLoopLabels};
constexpr Metric kResident{"atelier_process_resident_bytes", MetricKind::gauge, "Of a test"};
constexpr Metric kOpen{"atelier_process_descriptors", MetricKind::gauge, "Of a test"};
constexpr Metric kOpenMax{"atelier_process_descriptors_max", MetricKind::gauge, "Of a test"};
constexpr Metric kLogDropped{"atelier_log_dropped_lines_total", MetricKind::counter, "Of a test"};
constexpr Metric kHistoryDropped{"atelier_history_dropped_total", MetricKind::counter, "Of a test"};
constexpr Metric kQueued{"atelier_database_queued_batches", MetricKind::gauge, "Of a test"};
constexpr Metric kReads{"atelier_database_read_seconds", MetricKind::histogram, "Of a test", kDatabaseLabels};
constexpr Metric kWaits{"atelier_upstream_waits_total", MetricKind::counter, "Of a test", kOutcomeLabels};
constexpr Metric kRefused{"atelier_http_refused_total", MetricKind::counter, "Of a test", kReasonLabels};
constexpr Metric kConnections{"atelier_http_connections", MetricKind::gauge, "Of a test"};
constexpr Metric kDerived{"atelier_blobs_derived_bytes", MetricKind::gauge, "Of a test"};
constexpr Metric kRefusals{"atelier_limit_refusals_total", MetricKind::counter, "Of a test", kLimitLabels};
constexpr Metric kCalls{"atelier_call_log_rows_total", MetricKind::counter, "Of a test", kOutcomeLabels};
constexpr Metric kAttempts{"atelier_webhook_attempts_failed_total", MetricKind::counter, "Of a test"};
constexpr Metric kCrashed{"atelier_media_workers_crashed_total", MetricKind::counter, "Of a test"};
constexpr Metric kKilled{"atelier_media_workers_killed_total", MetricKind::counter, "Of a test"};
constexpr double kMiB = 1 << 20;

class AlertKinds : public AlertHouse {};

TEST_F(AlertKinds, AHeldLoop) {
  metrics_.gauge(kHeld, {"1"}).set(0.23);
  counter(kHolds, "1").add();
  pass();
  EXPECT_EQ(cause_of("loop_stall"), "Event loop 1 was held for 230 ms; the limit is 50 ms.");
  expect_resolved("loop_stall", seconds(120));
}

TEST_F(AlertKinds, MemoryThatIsShort) {
  Gauge& resident = metrics_.gauge(kResident);
  resident.set(900 * kMiB);
  pass(seconds(60));
  EXPECT_TRUE(firing().empty()) << "its window is not over";
  pass(seconds(2));
  EXPECT_EQ(cause_of("memory_level"), "The studio has 900 MiB of memory; the limit is 850 MiB of 1000 MiB.");
  resident.set(100 * kMiB);
  expect_resolved("memory_level", seconds(120));
}

TEST_F(AlertKinds, MemoryThatGrows) {
  Gauge& resident = metrics_.gauge(kResident);
  double now = 60 * kMiB;
  // Two MiB a minute, with the noise of an allocator.
  int second = 0;
  const auto leak = [&] {
    now += 2 * kMiB / 60;
    resident.set(now + (++second % 7) * 0.1 * kMiB);
  };
  pass(minutes(10), leak);
  EXPECT_TRUE(firing().empty()) << "the warm-up does not count";
  pass(minutes(17), leak);
  EXPECT_TRUE(firing().empty()) << "a slope takes its time";
  pass(minutes(5), leak);
  const std::string cause = cause_of("memory_growth");
  EXPECT_THAT(cause, HasSubstr("Memory grows by 120 MiB an hour"));
  EXPECT_THAT(cause, HasSubstr("The limit is 48 MiB an hour."));
  pass(minutes(30));
  EXPECT_TRUE(firing().empty()) << "it has stopped";
}

TEST_F(AlertKinds, MemoryThatIsTakenOnceOrSwingsDoesNotGrow) {
  Gauge& resident = metrics_.gauge(kResident);
  resident.set(60 * kMiB);
  pass(minutes(20));
  resident.set(160 * kMiB);
  pass(minutes(40));
  int second = 0;
  pass(minutes(40), [&] { resident.set((160 + 60 * static_cast<double>(++second % 240) / 240) * kMiB); });
  EXPECT_TRUE(told_.empty());
}

TEST_F(AlertKinds, AQueueThatIsLong) {
  metrics_.gauge(kQueued).set(5'000);
  pass(seconds(12));
  EXPECT_EQ(cause_of("queue_depth"), "5000 writes wait for the database; the limit is 2000.");
  metrics_.gauge(kQueued).set(0);
  expect_resolved("queue_depth", seconds(60));
}

TEST_F(AlertKinds, AWriterThatIsStuck) {
  ToldQueue writes("database writes");
  writes.set({.count = 3, .since = std::chrono::steady_clock::now() - seconds(5)});
  pass(seconds(3));
  EXPECT_TRUE(firing().empty());
  writes.set({.count = 3, .since = std::chrono::steady_clock::now() - seconds(12)});
  pass();
  EXPECT_THAT(cause_of("queue_age"), HasSubstr("The oldest of 3 writes has waited 12 s for the database"));
  EXPECT_EQ(firing().front().at("severity").as_string(), "page");
  EXPECT_EQ(firing().front().at("subject").as_string(), "database writes");
  writes.set({});
  expect_resolved("queue_age", seconds(60));
}

TEST_F(AlertKinds, AQueueInMemoryThatIsOld) {
  ToldQueue pool("files pool"), copies("exchange pool");
  pool.set({.count = 4, .since = std::chrono::steady_clock::now() - seconds(130)});
  copies.set({.count = 1, .since = std::chrono::steady_clock::now() - seconds(1'300)});  // as long as that takes
  pass();
  EXPECT_THAT(cause_of("queue_age"), HasSubstr("The oldest of 4 in the queue \"files pool\" has waited for 130 s"));
  pool.set({});
  expect_resolved("queue_age", seconds(60));
}

TEST_F(AlertKinds, HowOldQueuesAreIsMeasured) {
  const auto told = [&](std::string_view queue) {
    const std::string all = metrics_.render();
    const std::string line = fmt::format("\natelier_queue_oldest_seconds{{queue=\"{}\"}} ", queue);
    const std::size_t at = all.find(line);
    return at == std::string::npos ? -1 : std::stod(all.substr(at + line.size()));
  };
  queues_ = {{.name = "webhooks that are due", .depth = 7, .oldest_ms = clock_.wall_ms() - 30'000}};
  survey();
  {
    ToldQueue steps("light steps");
    steps.set({.count = 1, .since = std::chrono::steady_clock::now() - seconds(40)});
    pass(seconds(2));
    EXPECT_NEAR(told("light steps"), 40, 20);
  }
  EXPECT_EQ(told("webhooks that are due"), 32);
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_queue_waiting_items{queue=\"webhooks that are due\"} 7\n"));
  queues_.clear();
  survey();
  pass();
  EXPECT_EQ(told("webhooks that are due"), 0);
  EXPECT_EQ(told("light steps"), 0) << "a queue that is gone is empty";
}

TEST_F(AlertKinds, AQueueThatIsOld) {
  queues_ = {{.name = "webhooks that are due",
              .depth = 7,
              .oldest_ms = clock_.wall_ms() - 300'000,
              .depth_max = 1'000,
              .age_max = minutes(2)}};
  survey();
  pass();
  EXPECT_THAT(cause_of("queue_age"), HasSubstr("The oldest of 7 webhooks that are due has waited for 301 s"));
  queues_.clear();
  survey();
  expect_resolved("queue_age", seconds(60));
}

TEST_F(AlertKinds, APoolOfConnectionsThatIsExhausted) {
  Counter& refused = counter(kWaits, "refused");
  counter(kWaits, "waited").add(100);
  pass(seconds(5));
  EXPECT_TRUE(firing().empty()) << "to wait is no trouble";
  refused.add(12);
  pass();
  EXPECT_THAT(cause_of("pool_exhausted"), HasSubstr("12 requests to other servers were refused"));
  expect_resolved("pool_exhausted", seconds(60));
}

TEST_F(AlertKinds, ConnectionsOfClientsThatAreRefused) {
  metrics_.gauge(kConnections).set(10'000);
  counter(kRefused, "body_too_slow").add(3);
  pass();
  EXPECT_TRUE(firing().empty()) << "that is the client's own trouble";
  counter(kRefused, "connections_full").add(7);
  pass();
  EXPECT_EQ(cause_of("pool_exhausted"), "7 connections were refused: as many are open as there may be (10000).");
  EXPECT_EQ(firing().front().at("severity").as_string(), "page");
  expect_resolved("pool_exhausted", seconds(60));
}

TEST_F(AlertKinds, ConnectionsOfOneAddressThatAreRefused) {
  metrics_.gauge(kConnections).set(256);
  counter(kRefused, "peer_connections_full").add(2);
  pass();
  EXPECT_THAT(cause_of("pool_exhausted"), HasSubstr("2 connections of one address were refused"));
  EXPECT_EQ(firing().front().at("severity").as_string(), "ticket");
  expect_resolved("pool_exhausted", seconds(60));
}

TEST_F(AlertKinds, APoolOfThreadsThatIsExhausted) {
  std::promise<void> go_on, begun;
  auto held = go_on.get_future().share();
  {
    store::WorkPool pool({.name = "held", .thread_count = 1, .queue_max = 4});
    pool.run_aside([&begun, held] {
      begun.set_value();
      held.wait();
    });
    begun.get_future().wait();  // else there is no room for the last
    for (int i = 0; i < 4; ++i) pool.run_aside([held] { held.wait(); });
    pass(seconds(2));
    EXPECT_THAT(cause_of("pool_exhausted"), HasSubstr("of \"held\"; with 4 more are refused."));
    go_on.set_value();
  }
  expect_resolved("pool_exhausted", seconds(60));
}

TEST_F(AlertKinds, DescriptorsThatRunOut) {
  metrics_.gauge(kOpenMax).set(1'024);
  metrics_.gauge(kOpen).set(1'000);
  pass(seconds(17));
  EXPECT_EQ(cause_of("descriptors"), "1000 of 1024 descriptors are open: connections will be refused.");
  metrics_.gauge(kOpen).set(100);
  expect_resolved("descriptors", seconds(60));
}

TEST_F(AlertKinds, LimitsThatRefuseMuch) {
  counter(kCalls, "answered").add(300);
  counter(kRefusals, "requests_per_minute").add(100);
  pass(seconds(29));
  EXPECT_TRUE(firing().empty());
  pass(seconds(3));
  EXPECT_EQ(cause_of("limiter_overflow"), "Keys' limits refused 100 of 300 calls in five minutes; the limit is 10 %.");
  // They are refused no more: after five minutes it is so no more, and after five more it is over.
  pass(seconds(300));
  EXPECT_EQ(firing().size(), 1);
  pass(seconds(300));
  EXPECT_TRUE(firing().empty());
}

TEST_F(AlertKinds, ADiskThatIsFull) {
  disk_ = DiskSpace{.free_bytes = 300ULL << 20, .total_bytes = 100ULL << 30};
  survey();
  pass(seconds(7));
  EXPECT_EQ(cause_of("disk_full"),
            "300 MiB of 100 GiB are free where the studio keeps its data; the limit is 1.0 GiB.");
  disk_ = DiskSpace{.free_bytes = 20ULL << 30, .total_bytes = 100ULL << 30};
  survey();
  expect_resolved("disk_full", seconds(60));
}

TEST_F(AlertKinds, AQuotaThatIsFull) {
  metrics_.gauge(kDerived).set(120 * kMiB);
  pass(seconds(599));
  EXPECT_TRUE(firing().empty()) << "the upkeep evicts every five minutes";
  pass(seconds(3));
  EXPECT_THAT(cause_of("quota_full"), HasSubstr("takes 120 MiB; it may take 100 MiB"));
  metrics_.gauge(kDerived).set(80 * kMiB);
  expect_resolved("quota_full", seconds(60));
}

TEST_F(AlertKinds, ABreakerThatIsOpen) {
  for (const char* model : {"a", "b", "c", "d", "e"})
    candidates_.push_back({.provider = "openai", .model = model, .is_open = true, .last_error = "connect_refused"});
  pass();
  EXPECT_EQ(
      cause_of("breaker_open"),
      "openai is not asked for a while, since it kept failing: a, b, c and 2 more. It said last: connect_refused");
  candidates_.clear();
  expect_resolved("breaker_open", seconds(30));
}

TEST_F(AlertKinds, AProviderThatRefusesOurKey) {
  candidates_ = {{.provider = "openai",
                  .model = "a",
                  .is_open = true,
                  .is_account = true,
                  .last_error = "provider_key_refused: no key sk-x"}};
  pass();
  EXPECT_EQ(cause_of("provider_key"), "openai refuses our key or account, for a. It said last: provider_key_refused");
  candidates_.clear();
  expect_resolved("provider_key", seconds(5));
}

TEST_F(AlertKinds, WebhooksThatFail) {
  metrics_.counter(kAttempts).add(4);
  pass(seconds(10));
  EXPECT_TRUE(firing().empty()) << "once in a while something fails";
  metrics_.counter(kAttempts).add(4);
  pass();
  EXPECT_THAT(cause_of("webhook_failing"), HasSubstr("8 attempts to deliver webhooks failed in five minutes"));
}

TEST_F(AlertKinds, QueriesThatAreSlow) {
  Histogram& reads = metrics_.histogram(kReads, {"studio"});
  pass();
  for (int i = 0; i < 100; ++i) reads.observe(0.2);
  for (int i = 0; i < 4; ++i) reads.observe(0.6);
  pass();
  EXPECT_TRUE(firing().empty());
  for (int i = 0; i < 3; ++i) reads.observe(0.6);
  pass();
  EXPECT_EQ(cause_of("slow_queries"), "7 database queries of the last minute took over 250 ms; the limit is 5.");
}

TEST_F(AlertKinds, AClockThatJumps) {
  clock_.step_wall(minutes(-3));
  pass();
  EXPECT_EQ(cause_of("clock_jump"), "The clock jumped back by 180.0 s; the limit is 2.0 s.");
  expect_resolved("clock_jump", seconds(300));
}

// A clock that is set, or a machine that slept, makes nothing older.
TEST_F(AlertKinds, AClockThatJumpsAheadMakesNoQueueOld) {
  const auto waiting_since = [&](UnixMs since_ms) {
    queues_ = {{.name = "webhooks that are due", .depth = 1, .oldest_ms = since_ms, .age_max = minutes(2)}};
    survey();
  };
  const UnixMs before_ms = clock_.wall_ms() - 10'000;
  waiting_since(before_ms);
  clock_.step_wall(minutes(60));
  pass(seconds(30));
  EXPECT_EQ(cause_of("clock_jump"), "The clock jumped forward by 3600.0 s; the limit is 2.0 s.");
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_queue_oldest_seconds{queue=\"webhooks that are due\"} 40\n"));
  waiting_since(before_ms);
  pass(seconds(85));
  EXPECT_EQ(firing().size(), 2) << "it is old by now";
  // What began to wait after it waits by the clock as it is.
  waiting_since(clock_.wall_ms() - 100'000);
  pass();
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_queue_oldest_seconds{queue=\"webhooks that are due\"} 101\n"));
}

TEST_F(AlertKinds, MediaWorkersThatDie) {
  Counter &crashed = metrics_.counter(kCrashed), &killed = metrics_.counter(kKilled);
  crashed.add();
  killed.add(2);
  pass();
  EXPECT_EQ(cause_of("worker_kills"), "Media workers died: 1 crashed and 2 killed; 3 since the start.");
  expect_resolved("worker_kills", seconds(300));
}

TEST_F(AlertKinds, LogLinesThatWereDropped) {
  metrics_.counter(kLogDropped).add(17);
  pass();
  EXPECT_EQ(cause_of("log_dropped"), "17 log lines were dropped: whatever reads them is too slow.");
  expect_resolved("log_dropped", seconds(120));
}

TEST_F(AlertKinds, PointsOfTheHistoryThatWereDropped) {
  metrics_.counter(kHistoryDropped).add(2);
  pass();
  EXPECT_THAT(cause_of("history_dropped"), HasSubstr("2 figures found no room"));
  EXPECT_EQ(firing().front().at("severity").as_string(), "info");
}

TEST_F(AlertKinds, AnErrorBudgetThatBurns) {
  ObjectiveState state;
  state.name = "chat";
  state.title = "Chat answers";
  state.target = 0.99;
  state.budget_left = 0.4;
  for (std::size_t i = 0; i < kBurnWindows.size(); ++i)
    state.burns[i] = {.window = kBurnWindows[i], .event_count = 200, .bad_count = 40, .rate = 20};
  objectives_ = {state};
  pass();
  EXPECT_THAT(cause_of("burn_rate"), HasSubstr("\"Chat answers\" spends its error budget 20.0 times too fast over 1 h "
                                               "(40 of 200 were bad)"));
  EXPECT_THAT(cause_of("burn_rate"), HasSubstr("the limit is 14.4. 40 % of the budget are left."));
  EXPECT_EQ(firing().front().at("severity").as_string(), "page");
  objectives_.front().budget_left = -19;
  pass();
  EXPECT_THAT(cause_of("burn_rate"), HasSubstr("the limit is 14.4. Nothing of the budget is left."));
  // The short window says that it goes on no more.
  for (Burn& burn : objectives_.front().burns)
    if (burn.window <= minutes(30)) burn.rate = 0.1;
  for (Burn& burn : objectives_.front().burns)
    if (burn.window == std::chrono::hours(6)) burn.rate = 0.5;
  expect_resolved("burn_rate", seconds(300));
}

TEST_F(AlertKinds, AllHaveASectionOfTheManualOfTheirOwn) {
  std::set<std::string_view> names, runbooks;
  for (const AlertKindInfo& info : alert_kinds()) {
    EXPECT_EQ(&info_of(info.kind), &info) << info.name;
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_TRUE(runbooks.insert(info.runbook).second);
  }
}

}  // namespace
}  // namespace atelier::watch

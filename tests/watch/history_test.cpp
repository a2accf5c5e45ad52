// The history of figures: what was sampled is read again, from memory and from the store, after a restart, in bounds.
#include "watch/history/history.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "store/migrations.hpp"
#include "tests/store/full_disk.hpp"
#include "tests/store/support.hpp"
#include "watch/process/process_metrics.hpp"

namespace atelier::watch {
namespace {

using store::run;

constexpr Metric kGauge{"test_gauge", MetricKind::gauge, "Of a test"};
constexpr Metric kCounter{"test_total", MetricKind::counter, "Of a test"};
constexpr std::string_view kLabels[] = {"route"};
constexpr Metric kSeconds{"test_seconds", MetricKind::histogram, "Of a test", kLabels};
constexpr Metric kUptime{kUptimeMetric, MetricKind::gauge, "Since the start of this process"};
constexpr UnixMs kBegin = 1'800'000'000'000;  // the beginning of five minutes

// The most memory this process ever had.
std::uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  return 0;
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() { open(); }
  void open(History::Options options = {}) {
    history_.reset();
    telemetry_.reset();
    telemetry_ =
        *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
    disk_ = std::make_unique<store::FullDisk>(*telemetry_);
    history_ = std::make_unique<History>(*disk_, metrics_, clock_, options);
  }
  // A second passes, in which the gauge stands at `value`.
  void pass(double value, int seconds = 1) {
    for (int i = 0; i < seconds; ++i) {
      uptime_.set(uptime_.value() + 1);
      gauge_.set(value);
      counter_.add(3);
      clock_.advance(std::chrono::seconds(1));
      history_->sample();
    }
  }
  std::vector<float> read(std::string_view figure, UnixMs from, UnixMs to, std::size_t points = 500) {
    History::Query query{.figures = {*FigureName::parse(figure)}, .from_ms = from, .to_ms = to, .points_max = points};
    auto answer = run(history_->read(std::move(query)));
    EXPECT_TRUE(answer) << answer.error().describe();
    return answer ? answer->lines.front().points : std::vector<float>();
  }
  void write() {
    auto written = run(history_->write());
    EXPECT_TRUE(written) << written.error().describe();
  }
  std::int64_t rows() {
    return run(telemetry_->read(store::Statement("SELECT count(*) FROM figure_blocks")))->integer(0, 0);
  }

  store::TemporaryFolder folder_;
  ManualClock clock_{kBegin};
  Metrics metrics_;
  Gauge& gauge_ = metrics_.gauge(kGauge);
  Gauge& uptime_ = metrics_.gauge(kUptime);
  Counter& counter_ = metrics_.counter(kCounter);
  std::unique_ptr<store::Database> telemetry_;
  std::unique_ptr<store::FullDisk> disk_;
  std::unique_ptr<History> history_;
};

TEST_F(HistoryTest, ASecondIsAPoint) {
  history_->sample();
  for (int second = 0; second < 130; ++second) pass(second);
  const std::vector<float> points = read("test_gauge:value", kBegin, kBegin + 130'000);
  ASSERT_EQ(points.size(), 130U);
  for (int second = 0; second < 130; ++second)
    EXPECT_NEAR(points[static_cast<std::size_t>(second)], second, 0.5 + second * 0.004);
  for (const float rate : read("test_total:rate", kBegin + 5'000, kBegin + 100'000)) EXPECT_NEAR(rate, 3, 0.02);
}

TEST_F(HistoryTest, TheNewestPointsAreToldAcrossTheBordersOfBlocks) {
  const std::vector<FigureName> figures{*FigureName::parse("test_gauge:value"), *FigureName::parse("test_none:value")};
  EXPECT_TRUE(history_->recent(figures, 0).lines.empty()) << "nothing is known yet";
  history_->sample();
  for (int second = 0; second < 130; ++second) pass(second);
  write();  // what is stored is still told out of memory
  constexpr std::int64_t begin_s = kBegin / 1000;
  const History::Answer all = history_->recent(figures, 0);
  ASSERT_EQ(all.lines.size(), 2U);
  ASSERT_EQ(all.lines[0].points.size(), static_cast<std::size_t>(kBlockPoints));
  ASSERT_EQ(all.from_ms, (begin_s + 70) * 1000);
  for (std::size_t i = 0; i < all.lines[0].points.size(); ++i)
    EXPECT_EQ(all.lines[0].points[i], 70 + static_cast<float>(i));
  for (const float point : all.lines[1].points) EXPECT_TRUE(std::isnan(point));
  const History::Answer newest = history_->recent(figures, begin_s + 128);
  EXPECT_EQ(newest.lines[0].points, (std::vector<float>{128, 129}));
  EXPECT_EQ(newest.ran_s, (std::vector<std::int64_t>{1, 1}));
  EXPECT_TRUE(history_->recent(figures, begin_s + 130).lines.empty()) << "nothing new";
}

TEST_F(HistoryTest, QuantilesAreOfWhatCameInTheTime) {
  Histogram& fast = metrics_.histogram(kSeconds, {"/fast"});
  history_->sample();
  for (int second = 0; second < 20; ++second) {
    for (int i = 0; i < 100; ++i) fast.observe(second < 10 ? 0.010 : 0.200);
    pass(1);
  }
  const std::string figure = "test_seconds{route=\"/fast\"}:p95";
  const std::vector<float> points = read(figure, kBegin, kBegin + 20'000);
  EXPECT_NEAR(points[5], 0.010, 0.0005);
  EXPECT_NEAR(points[15], 0.200, 0.01);
  EXPECT_NEAR(read("test_seconds{route=\"/fast\"}:rate", kBegin, kBegin + 20'000)[3], 100, 1);
  // Put together, the highest of the quantiles is told.
  EXPECT_NEAR(read(figure, kBegin, kBegin + 20'000, 1)[0], 0.200, 0.01);
}

// All requests are one more line of each: the page asks for it first.
TEST_F(HistoryTest, RoutesAreKeptTogetherToo) {
  static constexpr std::string_view kThree[] = {"method", "route", "status"};
  static constexpr Metric kRequests{"atelier_http_requests_total", MetricKind::counter, "As the server's", kThree};
  static constexpr Metric kRequestSeconds{"atelier_http_request_seconds", MetricKind::histogram, "As the server's",
                                          kLabels};
  Histogram &quick = metrics_.histogram(kRequestSeconds, {"/api/models"}),
            &slow = metrics_.histogram(kRequestSeconds, {"/api/runs"});
  Histogram& stream = metrics_.histogram(kRequestSeconds, {"/api/events"});
  Counter &good = metrics_.counter(kRequests, {"GET", "/api/models", "2xx"}),
          &bad = metrics_.counter(kRequests, {"GET", "/api/runs", "5xx"});
  history_->sample();
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 90; ++i) quick.observe(0.010);
    for (int i = 0; i < 10; ++i) slow.observe(0.400);
    stream.observe(600);
    good.add(90);
    bad.add(10);
    pass(1);
  }
  const auto at = [&](std::string_view figure) { return read(figure, kBegin, kBegin + 10'000)[5]; };
  const std::string own = "atelier_http_request_seconds{route=\"/api/*\"}:";
  EXPECT_NEAR(at(own + "rate"), 100, 1);
  EXPECT_NEAR(at(own + "p50"), 0.010, 0.0005);
  EXPECT_NEAR(at(own + "p95"), 0.400, 0.02) << "of all together, and no mean of two";
  EXPECT_NEAR(at(own + "p99"), 0.400, 0.02) << "streams last as long as somebody watches";
  EXPECT_NEAR(at("atelier_http_requests_total:rate"), 100, 1);
  EXPECT_NEAR(at("atelier_http_requests_total{status=\"5xx\"}:rate"), 10, 0.1);
}

// The first request of a route makes its series, and may be the only one for hours.
TEST_F(HistoryTest, WhatMakesASeriesCountsToo) {
  static constexpr Metric kLate{"test_late_total", MetricKind::counter, "Of a test"};
  history_->sample();
  pass(1, 3);
  metrics_.histogram(kSeconds, {"/late"}).observe(0.2);
  metrics_.counter(kLate).add(30);
  pass(1, 7'400);
  write();
  const auto first = [&](std::string_view figure, UnixMs from, UnixMs to) { return read(figure, from, to, 1)[0]; };
  const UnixMs now = clock_.wall_ms();
  for (const UnixMs to : {kBegin + 10'000, now}) {  // of ten seconds, and of five minutes
    const UnixMs from = to == now ? kBegin - 86'400'000 : kBegin;
    EXPECT_NEAR(first("test_seconds{route=\"/late\"}:p95", from, to), 0.2, 0.01);
    EXPECT_GT(first("test_seconds{route=\"/late\"}:rate", from, to), 0);
  }
  EXPECT_NEAR(first("test_late_total:rate", kBegin, kBegin + 10'000), 3, 0.02);
}

// A point of an hour, in which something came in one second, is of the hour: in memory, stored, and in every tier.
TEST_F(HistoryTest, WhileNothingCameTheRateWasNothing) {
  static constexpr Metric kRare{"test_rare_total", MetricKind::counter, "Of a test"};
  history_->sample();
  pass(1, 1'000);
  metrics_.counter(kRare).add(72);
  pass(1, 2'600);
  const auto expect_counted = [&](UnixMs from, std::int64_t seconds) {
    History::Query query;
    query.figures = {*FigureName::parse("test_rare_total:rate")};
    query.from_ms = from;
    query.to_ms = clock_.wall_ms();
    query.points_max = 1;
    auto answer = run(history_->read(std::move(query)));
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->lines.size(), 1U) << "what was not asked for is not told";
    ASSERT_EQ(answer->lines[0].points.size(), 1U);
    ASSERT_EQ(answer->ran_s.size(), 1U);
    EXPECT_LE(std::abs(answer->ran_s[0] - seconds), 300);
    EXPECT_NEAR(answer->lines[0].points[0] * static_cast<double>(answer->ran_s[0]), 72, 2);
  };
  expect_counted(kBegin + 1'000, 3'600);
  expect_counted(kBegin + 900'000, 2'700);
  write();
  pass(1, 3'600);
  expect_counted(kBegin - 10'000, 7'200);
  expect_counted(kBegin - 86'400'000, 7'200);
  EXPECT_TRUE(std::isnan(read("test_rare_total:rate", kBegin - 100'000, kBegin - 50'000)[0])) << "nobody counted";
}

// A studio's first request may come before its first sample.
TEST_F(HistoryTest, WhatCameBeforeTheFirstSampleCountsToo) {
  metrics_.histogram(kSeconds, {"/early"}).observe(0.2);
  counter_.add(10);
  history_->sample();
  pass(1, 10);
  EXPECT_NEAR(read("test_total:rate", kBegin, kBegin + 10'000, 1)[0], 4, 0.02);
  EXPECT_NEAR(read("test_seconds{route=\"/early\"}:p95", kBegin, kBegin + 10'000)[0], 0.2, 0.01);
  EXPECT_NEAR(read("test_seconds{route=\"/early\"}:rate", kBegin, kBegin + 10'000)[0], 1, 0.01);
}

TEST_F(HistoryTest, WhatAFullDiskDoesNotTakeIsWrittenLater) {
  history_->sample();
  disk_->is_full = true;
  for (int minute = 0; minute < 5; ++minute) {
    pass(10 + minute, 60);
    EXPECT_FALSE(run(history_->write()));
  }
  pass(15, 30);
  const auto expect_all = [&] {
    const std::vector<float> points = read("test_gauge:value", kBegin, kBegin + 330'000);
    ASSERT_EQ(points.size(), 330U);
    for (std::size_t second = 1; second < 330; ++second)
      EXPECT_NEAR(points[second], static_cast<float>(10 + second / 60), 0.1) << second;
  };
  expect_all();
  disk_->is_full = false;
  write();
  expect_all();
  open();
  expect_all();
  EXPECT_NE(metrics_.render().find("\natelier_history_dropped_total 0\n"), std::string::npos);
}

// Stored in part, and whole only after a minute that could not be stored.
TEST_F(HistoryTest, ABlockThatEndsWhileTheDiskIsFullIsWholeLater) {
  history_->sample();
  pass(1, 30);
  disk_->is_full = true;
  EXPECT_FALSE(run(history_->write()));
  pass(2, 60);
  disk_->is_full = false;
  write();
  open();
  const std::vector<float> points = read("test_gauge:value", kBegin, kBegin + 90'000);
  EXPECT_NEAR(points[20], 1, 0.1);
  EXPECT_NEAR(points[50], 2, 0.1);
  EXPECT_NEAR(points[80], 2, 0.1);
}

TEST_F(HistoryTest, WhatWasWrittenIsThereAfterARestart) {
  history_->sample();
  for (int second = 0; second < 100; ++second) pass(7);
  write();
  open();
  clock_.advance(std::chrono::seconds(50));
  history_->sample();
  for (int second = 0; second < 20; ++second) pass(9);
  const std::vector<float> points = read("test_gauge:value", kBegin, kBegin + 170'000);
  ASSERT_EQ(points.size(), 170U);
  EXPECT_NEAR(points[50], 7, 0.1);
  EXPECT_NEAR(points[99], 7, 0.1);
  EXPECT_TRUE(std::isnan(points[120])) << "nobody looked";
  EXPECT_NEAR(points[160], 9, 0.1);
}

// Sixty points of five minutes are five hours: a restart within them loses none of what was before.
TEST_F(HistoryTest, ABlockIsGoneOnWithAfterARestart) {
  history_->sample();
  pass(7, 20);
  write();
  open();
  clock_.advance(std::chrono::seconds(10));
  history_->sample();
  pass(9, 10);
  const auto expect_both = [&] {
    const std::vector<float> points = read("test_gauge:value", kBegin, kBegin + 40'000);
    ASSERT_EQ(points.size(), 40U);
    EXPECT_NEAR(points[10], 7, 0.1);
    EXPECT_TRUE(std::isnan(points[25]));
    EXPECT_NEAR(points[35], 9, 0.1);
  };
  expect_both();
  write();
  expect_both();
  open();
  expect_both();
}

TEST_F(HistoryTest, WhatIsOlderThanAnHourIsReadInTensOfSeconds) {
  history_->sample();
  for (int second = 0; second < 7'400; ++second) pass(second < 3'600 ? 10 : 20);
  write();
  while (*run(history_->trim())) {
  }
  History::Query query{.figures = {*FigureName::parse("test_gauge:value")},
                       .from_ms = kBegin,
                       .to_ms = kBegin + 7'400'000,
                       .points_max = 4'000};
  auto answer = run(history_->read(std::move(query)));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->step, std::chrono::seconds(10));
  EXPECT_NEAR(answer->lines[0].points[100], 10, 0.1);
  EXPECT_NEAR(answer->lines[0].points[700], 20, 0.1);
}

TEST_F(HistoryTest, NinetyDaysAreReadInOneGo) {
  history_->sample();
  // A sample every minute is enough for five minutes' points.
  for (int minute = 0; minute < 60 * 24 * 3; ++minute) {
    gauge_.set(minute % 1'440);
    clock_.advance(std::chrono::minutes(1));
    history_->sample();
    if (minute % 600 == 0) write();
  }
  write();
  const std::vector<float> points = read("test_gauge:value", kBegin, kBegin + 3 * 86'400'000LL, 4'000);
  ASSERT_EQ(points.size(), 864U);
  EXPECT_NEAR(points[288 + 100], 502, 4);
}

// Six million points of five minutes lie between 1970 and now: whoever asks for all of time has none of them made.
TEST_F(HistoryTest, WhatIsAskedOfLongAgoCostsNoMemory) {
  history_->sample();
  for (int minute = 0; minute < 600; ++minute) {
    gauge_.set(7);
    clock_.advance(std::chrono::minutes(1));
    history_->sample();
  }
  write();
  History::Query query{
      .figures = {}, .from_ms = 1, .to_ms = clock_.wall_ms() + 1'000, .points_max = History::kPointsMax};
  for (std::size_t i = 0; i < History::kFiguresMax; ++i)
    query.figures.push_back(*FigureName::parse("test_gauge:value"));
  const std::uint64_t before = peak_kib();
  auto answer = run(history_->read(std::move(query)));
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_LT(peak_kib() - before, 100U << 10);
  EXPECT_EQ(answer->from_ms, 0);
  for (const History::Line& line : answer->lines) {
    ASSERT_EQ(line.points.size(), answer->ran_s.size());
    EXPECT_EQ(answer->from_ms + static_cast<UnixMs>(line.points.size()) * answer->step.count() > clock_.wall_ms(),
              true);
    EXPECT_TRUE(std::isnan(line.points.front()));
    EXPECT_NEAR(line.points.back(), 7, 0.1);
  }
  // Of a time of which nothing is kept any more.
  for (const float point : read("test_gauge:value", 1'000, 1'000'000'000)) EXPECT_TRUE(std::isnan(point));
}

TEST_F(HistoryTest, WhatIsStoredHasABoundAndTheFinestGoesFirst) {
  open({.bytes_max = 20'000});
  history_->sample();
  for (int second = 0; second < 4'000; ++second) {
    pass(second % 977);
    if (second % 60 == 0) write();
  }
  write();
  for (int i = 0; i < 50 && *run(history_->trim()); ++i) {
  }
  auto stored = run(telemetry_->read(
      store::Statement("SELECT coalesce(sum(length(points) + 40), 0), min(tier), max(tier) FROM figure_blocks")));
  ASSERT_TRUE(stored);
  EXPECT_LE(stored->integer(0, 0), 20'000);
  EXPECT_EQ(stored->integer(0, 2), 2) << "five minutes stay";
}

TEST_F(HistoryTest, FiguresHaveABound) {
  open({.figures_max = 10});
  for (int i = 0; i < 30; ++i) metrics_.histogram(kSeconds, {fmt::format("/{}", i)}).observe(1);
  history_->sample();
  for (int i = 0; i < 30; ++i) metrics_.histogram(kSeconds, {fmt::format("/{}", i)}).observe(1);
  pass(1, 3);
  EXPECT_LE(run(history_->figures())->size(), 10U);
  EXPECT_NE(metrics_.render().find("atelier_history_dropped_total"), std::string::npos);
}

TEST_F(HistoryTest, WhatNeverHappensTakesNoRoom) {
  Histogram& idle = metrics_.histogram(kSeconds, {"/idle"});
  (void)idle;
  history_->sample();
  pass(0, 200);
  write();
  const auto all = run(history_->figures());
  ASSERT_TRUE(all);
  for (const FigureName& figure : *all) EXPECT_EQ(figure.to_string().find("/idle"), std::string::npos);
}

TEST_F(HistoryTest, AClockThatStepsBackEndsNothing) {
  history_->sample();
  pass(5, 30);
  clock_.step_wall(std::chrono::seconds(-20));
  for (int i = 0; i < 10; ++i) pass(100);  // seconds that were there already
  EXPECT_NEAR(read("test_gauge:value", kBegin, kBegin + 30'000)[15], 5, 0.1);
  clock_.step_wall(std::chrono::hours(-2));
  pass(6, 5);
  pass(6, 60);
  EXPECT_NEAR(read("test_gauge:value", clock_.wall_ms() - 30'000, clock_.wall_ms())[5], 6, 0.1);
}

TEST_F(HistoryTest, WhatCannotBeAskedIsNamed) {
  const auto refused = [&](History::Query query) {
    auto answer = run(history_->read(std::move(query)));
    return answer ? std::string() : answer.error().where;
  };
  const FigureName gauge = *FigureName::parse("test_gauge:value");
  EXPECT_EQ(refused({.figures = {}, .from_ms = 0, .to_ms = 1}), "figures");
  EXPECT_EQ(refused({.figures = {gauge}, .from_ms = 5, .to_ms = 5}), "from");
  EXPECT_EQ(refused({.figures = {gauge}, .from_ms = 0, .to_ms = 1, .points_max = 0}), "points");
  EXPECT_FALSE(FigureName::parse("no_stat"));
  EXPECT_FALSE(FigureName::parse("x{a=\"b\":p95"));
  EXPECT_EQ(FigureName::parse("x{a=\"b:c\"}:p95")->to_string(), "x{a=\"b:c\"}:p95");
  EXPECT_TRUE(std::isnan(read("never_seen:value", kBegin, kBegin + 1'000)[0]));
}

}  // namespace
}  // namespace atelier::watch

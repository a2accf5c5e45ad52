// What was recorded of traces is written, found, listed and bounded.
#include "watch/trace/traces.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/migrations.hpp"
#include "tests/model/house.hpp"
#include "tests/store/support.hpp"

namespace atelier::watch {
namespace {

using store::run;

class TracesTest : public testing::Test {
 protected:
  TracesTest() {
    (void)trace::take();
    telemetry_ =
        *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
    open({});
  }
  void open(Traces::Options options) { traces_ = std::make_unique<Traces>(*telemetry_, metrics_, clock_, options); }

  // Something of that name in a new trace, that long ago.
  TraceContext happen(std::string name, std::chrono::seconds ago, std::chrono::milliseconds took,
                      std::string fault = {}) {
    const TraceContext context = make_trace(true).below(make_span_id());
    const auto began = std::chrono::steady_clock::now() - ago;
    trace::keep({.context = context,
                 .name = std::move(name),
                 .kind = trace::SpanKind::server,
                 .is_entry = true,
                 .started = began,
                 .ended = began + took,
                 .fault = std::move(fault),
                 .facts = {{"n", "1"}}});
    return context;
  }
  void write() {
    auto written = run(traces_->write());
    ASSERT_TRUE(written) << written.error().describe();
  }
  std::vector<StoredSpan> entries(Traces::Query query) {
    query.to_ms = system_clock().wall_ms() + 1'000;
    auto found = run(traces_->entries(std::move(query)));
    EXPECT_TRUE(found);
    return found ? *found : std::vector<StoredSpan>();
  }
  static std::vector<std::string> names(const std::vector<StoredSpan>& spans) {
    std::vector<std::string> all;
    for (const StoredSpan& span : spans) all.push_back(span.name);
    return all;
  }

  store::TemporaryFolder folder_;
  ManualClock clock_{system_clock().wall_ms()};
  Metrics metrics_;
  std::unique_ptr<store::Database> telemetry_;
  std::unique_ptr<Traces> traces_;
};

TEST_F(TracesTest, ATraceIsFoundWhole) {
  const TraceContext root = happen("GET /x", std::chrono::seconds(2), std::chrono::milliseconds(90));
  {
    trace::Span outer(root, "outer");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the order is that of microseconds
    trace::Span inner(outer.context(), "inner", trace::SpanKind::client);
    inner.fact("gen_ai.request.model", "m");
    inner.fail("unavailable");
  }
  write();
  auto found = run(traces_->find(root.id()));
  ASSERT_TRUE(found);
  ASSERT_EQ(names(*found), (std::vector<std::string>{"GET /x", "outer", "inner"})) << "in the order of beginnings";
  const StoredSpan &entry = found->at(0), &outer = found->at(1), &inner = found->at(2);
  EXPECT_TRUE(entry.is_entry);
  EXPECT_EQ(entry.took_us, 90'000);
  EXPECT_EQ(entry.parent, "");
  EXPECT_EQ(outer.parent, entry.span);
  EXPECT_EQ(inner.parent, outer.span);
  EXPECT_EQ(inner.fault, "unavailable");
  EXPECT_EQ(inner.kind, 3);
  EXPECT_EQ(inner.facts, (std::vector<std::pair<std::string, std::string>>{{"gen_ai.request.model", "m"}}));
  EXPECT_NEAR(static_cast<double>(entry.began_us) / 1e6, static_cast<double>(system_clock().wall_ms()) / 1e3 - 2, 1);
  EXPECT_TRUE(run(traces_->find(make_trace(false).id()))->empty());
}

TEST_F(TracesTest, EntriesAreListedByTimeLengthNameAndFault) {
  happen("a", std::chrono::seconds(30), std::chrono::milliseconds(5));
  happen("b", std::chrono::seconds(20), std::chrono::milliseconds(50), "500");
  happen("a", std::chrono::seconds(10), std::chrono::milliseconds(20));
  write();
  EXPECT_EQ(names(entries({})), (std::vector<std::string>{"a", "b", "a"}));
  EXPECT_EQ(names(entries({.order = Traces::Order::slowest})), (std::vector<std::string>{"b", "a", "a"}));
  EXPECT_EQ(names(entries({.has_failed = true})), (std::vector<std::string>{"b"}));
  EXPECT_EQ(entries({.name = "a"}).size(), 2U);
  EXPECT_EQ(entries({.count_max = 1}).size(), 1U);
  EXPECT_EQ(entries({.from_ms = system_clock().wall_ms() - 15'000}).size(), 1U);
  EXPECT_EQ(entries({.name = "a' OR 1 = 1 --"}).size(), 0U);
}

TEST_F(TracesTest, WhatIsOldOrTooMuchGoes) {
  open({.kept = std::chrono::hours(1), .spans_max = 10});
  happen("old", std::chrono::hours(2), std::chrono::milliseconds(1));
  for (int i = 0; i < 12; ++i)
    happen("n" + std::to_string(i), std::chrono::seconds(100 - i), std::chrono::milliseconds(1));
  write();
  ASSERT_EQ(entries({}).size(), 13U);
  ASSERT_TRUE(run(traces_->trim()));
  const auto left = names(entries({}));
  ASSERT_EQ(left.size(), 10U);
  EXPECT_EQ(left.back(), "n2") << "the oldest go first";
}

TEST_F(TracesTest, AStalledStoreCostsSpansAndNothingElse) {
  open({.waiting_max = 5});
  telemetry_->close();
  for (int i = 0; i < 8; ++i) happen("n", std::chrono::seconds(1), std::chrono::milliseconds(1));
  EXPECT_FALSE(run(traces_->write()));
  for (int i = 0; i < 8; ++i) happen("n", std::chrono::seconds(1), std::chrono::milliseconds(1));
  EXPECT_FALSE(run(traces_->write()));
  EXPECT_NE(metrics_.render().find("atelier_trace_spans_lost_total 11"), std::string::npos) << metrics_.render();
  EXPECT_TRUE(trace::take().empty()) << "they were taken all the same";
}

TEST_F(TracesTest, ListenersSeeThemFirst) {
  std::size_t seen = 0;
  traces_->listen([&](const std::vector<trace::SpanRecord>& spans) { seen += spans.size(); });
  happen("a", std::chrono::seconds(1), std::chrono::milliseconds(1));
  write();
  write();
  EXPECT_EQ(seen, 1U);
}

// Who sends spans on to a collector does not wait for our disk, and what could not be written yet is written later.
class StalledTracesTest : public model::TelemetryTest {};

TEST_F(StalledTracesTest, ListenersGoOnWhileTheStoreTakesNothing) {
  (void)trace::take();
  Traces traces(database_, metrics_, clock_, {.write_every = std::chrono::milliseconds(5)});
  std::atomic<std::size_t> seen = 0;
  traces.listen([&](const std::vector<trace::SpanRecord>& spans) { seen += spans.size(); });
  const TraceContext context = make_trace(true).below(make_span_id());
  const auto keep_one = [&] {
    const auto now = std::chrono::steady_clock::now();
    trace::keep({.context = context.below(make_span_id()), .name = "a", .started = now, .ended = now});
  };
  database_.stall();
  model::Running running(loop_, traces.run());
  keep_one();
  model::await([&] { return seen == 1 && database_.waiting_count() == 1; });
  keep_one();
  model::await([&] { return seen == 2; });
  database_.resume();
  running.end();
  EXPECT_EQ(loop_.wait_for(traces.find(context.id()))->size(), 2U);
}

}  // namespace
}  // namespace atelier::watch

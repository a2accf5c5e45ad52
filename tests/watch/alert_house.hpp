#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/migrations.hpp"
#include "tests/store/full_disk.hpp"
#include "tests/store/support.hpp"
#include "watch/alert/alerts.hpp"

namespace atelier::watch {

// Alerts beside a store and a clock of their own, which look at what a test says there is.
class AlertHouse : public testing::Test {
 protected:
  AlertHouse() {
    options_.limits.memory_bytes = std::uint64_t{1'000} << 20;
    options_.limits.quota_bytes = std::uint64_t{100} << 20;
    open();
  }
  void open() {
    alerts_.reset();
    history_.reset();
    store_.reset();
    telemetry_.reset();
    telemetry_ =
        *store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
    store_ = std::make_unique<store::FullDisk>(*telemetry_);
    history_ = std::make_unique<History>(*telemetry_, metrics_, clock_);
    Alerts::Parts parts{.telemetry = *store_, .history = *history_, .metrics = metrics_, .clock = clock_};
    parts.disk = [this] { return disk_; };
    parts.candidates = [this] { return candidates_; };
    parts.queues = [this] { return queues_of(queues_); };
    parts.objectives = [this] { return objectives_; };
    parts.traces = [this](UnixMs from_ms, UnixMs to_ms) { return traces_of(traces_, from_ms, to_ms, &asked_); };
    parts.tell_now = [this](const Notice& notice) {
      for (const Alert& alert : notice.fired) told_.push_back("fired: " + alert.cause);
      for (const Alert& alert : notice.resolved) told_.push_back("resolved: " + std::string(info_of(alert.kind).name));
    };
    alerts_ = std::make_unique<Alerts>(std::move(parts), options_);
    ASSERT_TRUE(store::run(alerts_->load()));
    alerts_->look();
  }
  static Task<Result<std::vector<QueueState>>> queues_of(std::vector<QueueState> queues) { co_return queues; }

  static Task<Result<AlertTraces>> traces_of(AlertTraces traces, UnixMs from_ms, UnixMs to_ms,
                                             std::pair<UnixMs, UnixMs>* asked) {
    *asked = {from_ms, to_ms};
    co_return traces;
  }

  void pass(std::chrono::seconds time = std::chrono::seconds(1), const std::function<void()>& meanwhile = {}) {
    for (std::int64_t i = 0; i < time.count(); ++i) {
      clock_.advance(std::chrono::seconds(1));
      if (meanwhile) meanwhile();
      alerts_->look();
    }
  }
  void survey() { ASSERT_TRUE(store::run(alerts_->survey())); }
  std::vector<json::Value> firing() {
    auto page = store::run(alerts_->list(AlertState::firing, "", 100));
    EXPECT_TRUE(page);
    return page ? page->items : std::vector<json::Value>();
  }
  // It fires alone; its cause.
  std::string cause_of(std::string_view kind) {
    const auto all = firing();
    EXPECT_EQ(all.size(), 1) << kind;
    if (all.empty()) return {};
    EXPECT_EQ(all.front().at("kind").as_string(), kind);
    return all.front().at("cause").as_string().c_str();
  }
  // It is well again, for as long as it takes; then it was told of once as firing and once as resolved.
  void expect_resolved(std::string_view kind, std::chrono::seconds time) {
    pass(time - std::chrono::seconds(2));
    EXPECT_EQ(firing().size(), 1) << kind << " is resolved too early";
    pass(std::chrono::seconds(6));
    EXPECT_TRUE(firing().empty()) << kind;
    EXPECT_THAT(told_, testing::ElementsAre(testing::StartsWith("fired: "), "resolved: " + std::string(kind)));
  }
  Counter& counter(const Metric& metric, std::string_view label) { return metrics_.counter(metric, {label}); }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  Alerts::Options options_;
  std::unique_ptr<store::Database> telemetry_;
  std::unique_ptr<store::FullDisk> store_;  // that alerts have
  std::unique_ptr<History> history_;
  std::optional<DiskSpace> disk_ = DiskSpace{.free_bytes = 50ULL << 30, .total_bytes = 100ULL << 30};
  std::vector<CandidateHealth> candidates_;
  std::vector<QueueState> queues_;
  std::vector<ObjectiveState> objectives_;
  std::vector<std::string> told_;
  AlertTraces traces_;
  std::pair<UnixMs, UnixMs> asked_;
  std::unique_ptr<Alerts> alerts_;
};

}  // namespace atelier::watch

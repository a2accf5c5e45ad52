// Alerts that are kept, and what people do about them: restarts, silences, evidence, a store that takes nothing.
#include "tests/watch/alert_house.hpp"

namespace atelier::watch {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::run;
using testing::HasSubstr;

constexpr std::string_view kLoopLabels[] = {"loop"};
constexpr Metric kHolds{"atelier_loop_holds_total", MetricKind::counter, "Of a test", kLoopLabels};
constexpr Metric kHeld{"atelier_loop_held_seconds", MetricKind::gauge, "Of a test", kLoopLabels};

class KeptAlerts : public AlertHouse {};

TEST_F(KeptAlerts, WhatIsUrgentFiresAndIsNotSilenced) {
  disk_ = DiskSpace{.free_bytes = 300ULL << 20, .total_bytes = 100ULL << 30};
  candidates_ = {{.provider = "openai", .model = "a", .is_open = true}};
  survey();
  pass(seconds(7));
  EXPECT_EQ(alerts_->firing_count(), 2U);
  EXPECT_EQ(alerts_->urgent_count(), 1U) << "a provider has others beside it";
  for (const json::Value& alert : firing())
    ASSERT_TRUE(run(alerts_->silence(*AlertId::parse(alert.at("id").as_string().c_str()), Alerts::Scope::same,
                                     clock_.wall_ms() + 60'000, "Ada", "I know")));
  EXPECT_EQ(alerts_->firing_count(), 2U);
  EXPECT_EQ(alerts_->urgent_count(), 0U);
}

TEST_F(KeptAlerts, ARestartKnowsWhatFiredAndWhoSilencedIt) {
  candidates_ = {{.provider = "openai", .model = "a", .is_open = true, .is_account = true}};
  pass();
  const auto id = *AlertId::parse(firing().front().at("id").as_string().c_str());
  ASSERT_TRUE(run(alerts_->store()));
  ASSERT_TRUE(run(alerts_->silence(id, Alerts::Scope::same, clock_.wall_ms() + 60'000, "Ada", "new key comes")));
  pass(seconds(5));
  told_.clear();
  open();
  const auto found = run(alerts_->find(id));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at("state").as_string(), "firing");
  EXPECT_EQ(found->at("silence").at("who").as_string(), "Ada");
  EXPECT_EQ(found->at("silence").at("why").as_string(), "new key comes");
  pass(seconds(30));
  EXPECT_TRUE(told_.empty());
  pass(seconds(40));
  EXPECT_THAT(told_, testing::ElementsAre(HasSubstr("openai refuses our key"))) << "the silence is over, it is not";
}

TEST_F(KeptAlerts, OneThatIsSilencedIsSeenAndNotTold) {
  candidates_ = {{.provider = "openai", .model = "a", .is_open = true}};
  pass(seconds(5));
  EXPECT_EQ(told_.size(), 1);
  const auto id = *AlertId::parse(firing().front().at("id").as_string().c_str());
  ASSERT_TRUE(run(alerts_->silence(id, Alerts::Scope::kind, clock_.wall_ms() + 3'600'000, "Ada", "")));
  candidates_.push_back({.provider = "mistral", .model = "b", .is_open = true});
  pass(seconds(5));
  EXPECT_EQ(firing().size(), 2);
  EXPECT_EQ(told_.size(), 1);
  ASSERT_TRUE(run(alerts_->unsilence(id)));
  EXPECT_TRUE(alerts_->silences().empty());
  candidates_.push_back({.provider = "groq", .model = "c", .is_open = true});
  pass(seconds(5));
  EXPECT_EQ(told_.size(), 2);
}

// Who is told every hour that the disk is full can have that silenced, the disk being full.
TEST_F(KeptAlerts, ASilenceIsInForceThoughItCannotBeWrittenYet) {
  candidates_ = {{.provider = "openai", .model = "a", .is_open = true}};
  pass(seconds(5));
  const auto id = *AlertId::parse(firing().front().at("id").as_string().c_str());
  ASSERT_TRUE(run(alerts_->store()));
  ASSERT_TRUE(run(alerts_->silence(id, Alerts::Scope::kind, clock_.wall_ms() + 3'600'000, "Ada", "before")));
  store_->is_full = true;
  const auto silenced = run(alerts_->silence(id, Alerts::Scope::same, clock_.wall_ms() + 3'600'000, "Ada", "later"));
  ASSERT_TRUE(silenced) << silenced.error().describe();
  EXPECT_FALSE(run(alerts_->store())) << "nor does it take them now";
  store_->is_full = false;
  ASSERT_TRUE(run(alerts_->store()));
  open();
  EXPECT_EQ(alerts_->silences().size(), 2U);
  store_->is_full = true;
  ASSERT_TRUE(run(alerts_->unsilence(id)));
  store_->is_full = false;
  ASSERT_TRUE(run(alerts_->store()));
  open();
  EXPECT_TRUE(alerts_->silences().empty());
}

TEST_F(KeptAlerts, EvidenceHoldsTheLogAroundIt) {
  log::warn("the provider hung up", {{"provider", "openai"}, {"attempt", 2}});
  candidates_ = {{.provider = "openai", .model = "a", .is_open = true}};
  pass();
  const auto id = *AlertId::parse(firing().front().at("id").as_string().c_str());
  ASSERT_TRUE(run(alerts_->store()));
  const auto found = run(alerts_->find(id));
  ASSERT_TRUE(found);
  const json::Array& lines = found->at("evidence").at("log").as_array();
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines.front().at("text").as_string(), "the provider hung up  provider=openai  attempt=2");
}

TEST_F(KeptAlerts, EvidenceNamesWhatFailedAndWhatWasSlow) {
  traces_ = {.failed = {"aa"}, .slowest = {{.trace = "bb", .name = "GET /api/runs", .took_us = 2'000'000}}};
  metrics_.gauge(kHeld, {"1"}).set(0.23);
  counter(kHolds, "1").add();
  pass();
  const UnixMs fired_ms = clock_.wall_ms();
  const auto id = *AlertId::parse(firing().front().at("id").as_string().c_str());
  pass(seconds(5));
  ASSERT_TRUE(run(alerts_->store()));
  const auto found = run(alerts_->find(id));
  ASSERT_TRUE(found);
  const json::Value& evidence = found->at("evidence");
  EXPECT_EQ(evidence.at("traces").at(0).as_string(), "aa");
  ASSERT_EQ(evidence.at("slow_traces").as_array().size(), 1U);
  EXPECT_EQ(evidence.at("slow_traces").at(0).at("trace").as_string(), "bb");
  EXPECT_EQ(evidence.at("slow_traces").at(0).at("took_us").as_int64(), 2'000'000);
  EXPECT_EQ(asked_.first, fired_ms - 300'000);
  EXPECT_GT(asked_.second, fired_ms) << "what held it is whole only later";
}

TEST_F(KeptAlerts, AStoreThatIsGoneStopsNeitherLookingNorTelling) {
  telemetry_->close();
  candidates_ = {{.provider = "openai", .model = "a", .is_open = true}};
  pass(seconds(5));
  EXPECT_FALSE(run(alerts_->store()));
  EXPECT_EQ(firing().size(), 1);
  EXPECT_EQ(told_.size(), 1);
}

TEST_F(KeptAlerts, ResolvedOnesAreListedNewestFirstAndPaged) {
  for (const char* provider : {"a", "b", "c"}) {
    candidates_ = {{.provider = provider, .model = "m", .is_open = true}};
    pass(seconds(3));
    candidates_.clear();
    pass(seconds(40));
  }
  ASSERT_TRUE(run(alerts_->store()));
  auto first = run(alerts_->list(AlertState::resolved, "", 2));
  ASSERT_TRUE(first);
  ASSERT_EQ(first->items.size(), 2);
  EXPECT_EQ(first->items[0].at("subject").as_string(), "c");
  ASSERT_FALSE(first->next.empty());
  auto rest = run(alerts_->list(std::nullopt, first->next, 2));
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->items.size(), 1);
  EXPECT_EQ(rest->items[0].at("subject").as_string(), "a");
  EXPECT_TRUE(rest->next.empty());
}

}  // namespace
}  // namespace atelier::watch

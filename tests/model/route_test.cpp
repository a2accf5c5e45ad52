#include <gmock/gmock.h>

#include "model/route/directory.hpp"

namespace atelier::model {
namespace {

using testing::ElementsAre;

Provider provider(std::string name, std::vector<std::string> prefixes = {}) {
  return {.name = std::move(name), .base_url = "http://127.0.0.1:1", .model_prefixes = std::move(prefixes)};
}

std::vector<std::string> names(const std::vector<CandidatePtr>& candidates) {
  std::vector<std::string> found;
  for (const CandidatePtr& candidate : candidates) found.push_back(candidate->name);
  return found;
}

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    Route fast{.name = "fast", .targets = {{"a", "small"}, {"b", "tiny", 3}, {"gone", "x"}}};
    models.configure({provider("a", {"gpt-"}), provider("b")}, {fast});
    models.set_list("a", {.models = {{.id = "both"}, {.id = "only-a"}}, .read_ms = 1});
    models.set_list("b", {.models = {{.id = "both"}}, .read_ms = 1});
  }
  std::vector<std::string> resolve(std::string_view model) {
    auto found = models.directory()->resolve(model);
    return found ? names(found->candidates) : std::vector<std::string>{found.error().reason};
  }
  Models models{BreakerPolicy()};
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
};

TEST_F(DirectoryTest, ARouteIsItsConfiguredTargets) { EXPECT_THAT(resolve("fast"), ElementsAre("a/small", "b/tiny")); }
TEST_F(DirectoryTest, AModelIsEveryProviderThatListsIt) {
  EXPECT_THAT(resolve("both"), ElementsAre("a/both", "b/both"));
}
TEST_F(DirectoryTest, AProviderMayBeNamed) {
  EXPECT_THAT(resolve("b/some/model:free"), ElementsAre("b/some/model:free"));
}
TEST_F(DirectoryTest, AnUnlistedModelGoesWhereItsKindIsServed) {
  EXPECT_THAT(resolve("gpt-9"), ElementsAre("a/gpt-9"));
}

TEST_F(DirectoryTest, AnUnknownModelSuggestsTheNearest) {
  auto found = models.directory()->resolve("only-b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, "model_not_found");
  EXPECT_THAT(found.error().message, testing::HasSubstr("only-a"));
}

TEST_F(DirectoryTest, BeforeEveryProviderWasAskedNobodyKnowsThatAModelIsNone) {
  models.configure({provider("a"), provider("b"), provider("slow")}, {});
  EXPECT_THAT(resolve("only-a"), ElementsAre("a/only-a"));
  auto found = models.directory()->resolve("never-heard-of");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
  EXPECT_EQ(found.error().reason, "models_unread");
  EXPECT_TRUE(found.error().retry_after_ms);
  // It was asked, though it did not answer.
  models.set_list("slow", {.models = {}, .read_ms = 1, .last_error = "timed out"});
  EXPECT_THAT(resolve("never-heard-of"), ElementsAre("model_not_found"));
}

TEST_F(DirectoryTest, ListsRoutesAsRoutesAndAModelOnce) {
  models.set_list("b", {.models = {{.id = "both"}, {.id = "twice"}, {.id = "twice"}}, .read_ms = 1});
  std::vector<std::string> listed;
  for (const Directory::Entry& entry : models.directory()->entries())
    listed.push_back(entry.candidate ? entry.candidate->name : "route " + entry.id);
  EXPECT_THAT(listed, ElementsAre("route fast", "a/both", "a/only-a", "b/both", "b/twice"));
}

TEST(BuiltInModels, AreThereByTheirFullNameAlone) {
  BuiltIn guide;
  guide.provider.name = "local";
  guide.provider.is_local = guide.provider.is_built_in = true;
  guide.list.models.push_back({.id = "guide"});
  Models models(BreakerPolicy(), {guide});
  const auto resolve = [&](std::string_view model) {
    auto found = models.directory()->resolve(model);
    return found ? names(found->candidates) : std::vector<std::string>{found.error().message};
  };
  EXPECT_THAT(resolve("local/guide"), ElementsAre("local/guide"));
  ASSERT_EQ(models.directory()->entries().size(), 1U);
  EXPECT_EQ(models.directory()->entries()[0].id, "local/guide");
  // Nothing is configured yet, and that is said.
  EXPECT_THAT(resolve("gpt-9"), ElementsAre(testing::HasSubstr("no provider is configured")));

  // It answers for nobody else, and nobody takes its name.
  models.configure({provider("a"), provider("local")}, {Route{.name = "named", .targets = {{"local", "guide"}}}});
  models.set_list("a", {.models = {{.id = "guide"}}, .read_ms = 1});
  EXPECT_THAT(resolve("guide"), ElementsAre("a/guide"));
  EXPECT_THAT(resolve("local/guide"), ElementsAre("local/guide"));
  EXPECT_TRUE(models.directory()->providers().at("local")->is_built_in);
  EXPECT_THAT(resolve("named"), ElementsAre("local/guide"));
  models.configure({}, {});
  EXPECT_THAT(resolve("local/guide"), ElementsAre("local/guide"));
}

TEST_F(DirectoryTest, HealthOutlivesAReloadButNotAnotherKey) {
  auto before = models.directory()->resolve("a/x")->candidates[0];
  before->breaker.tell(Breaker::Permit::allowed, Health::account, now);
  models.configure({provider("a"), provider("b")}, {});
  EXPECT_EQ(models.directory()->resolve("a/x")->candidates[0], before);
  Provider changed = provider("a");
  changed.credential.key = "new";
  models.configure({changed, provider("b")}, {});
  auto after = models.directory()->resolve("a/x")->candidates[0];
  EXPECT_NE(after, before);
  EXPECT_EQ(after->breaker.ask(now), Breaker::Permit::allowed);
}

TEST_F(DirectoryTest, WeightsDecideHowOftenOneIsFirst) {
  Resolved resolved = *models.directory()->resolve("fast");
  resolved.strategy = Strategy::weighted;
  int b_first = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto ordered = order(resolved, now, (i + 0.5) / 1000, nullptr);
    ASSERT_EQ(ordered.size(), 2U);
    b_first += ordered[0]->name == "b/tiny" ? 1 : 0;
  }
  EXPECT_NEAR(b_first, 750, 5);
}

TEST_F(DirectoryTest, TheLeastLoadedIsFirst) {
  Resolved resolved = *models.directory()->resolve("both");
  resolved.strategy = Strategy::least_loaded;
  resolved.candidates[0]->in_flight = 3;
  EXPECT_THAT(names(order(resolved, now, 0, nullptr)), ElementsAre("b/both", "a/both"));
}

TEST_F(DirectoryTest, TheQuickestIsFirstAndTheUntriedBeforeIt) {
  Resolved resolved = *models.directory()->resolve("both");
  resolved.strategy = Strategy::lowest_latency;
  resolved.candidates[0]->record.attempt_ended(true, std::chrono::milliseconds(50), std::chrono::milliseconds(90));
  EXPECT_THAT(names(order(resolved, now, 0, nullptr)), ElementsAre("b/both", "a/both"));
  resolved.candidates[1]->record.attempt_ended(true, std::chrono::milliseconds(80), std::chrono::milliseconds(90));
  EXPECT_THAT(names(order(resolved, now, 0, nullptr)), ElementsAre("a/both", "b/both"));
}

TEST_F(DirectoryTest, AutomaticTakesAvailableThenFreeThenFast) {
  Resolved resolved = *models.directory()->resolve("both");
  Prices prices;
  prices.replace(*PriceTable::parse(
      R"({"a/both": {"litellm_provider": "a", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
                                        "b/both": {"litellm_provider": "b", "input_cost_per_token": 0, "output_cost_per_token": 0}})"));
  EXPECT_THAT(names(order(resolved, now, 0, &prices)), ElementsAre("b/both", "a/both"));
  resolved.candidates[1]->breaker.tell(Breaker::Permit::allowed, Health::account, now);
  EXPECT_THAT(names(order(resolved, now, 0, &prices)), ElementsAre("a/both", "b/both"));
}

TEST(Pauses, FollowTheCauseAndNeverUndercutRetryAfter) {
  Fault fault{.kind = Fault::Kind::network};
  const auto pause = [&](std::uint32_t repeat) { return pause_before(fault, repeat, 0); };
  for (const auto& [repeat, ms] : {std::pair{1, 500}, {2, 1'000}, {3, 2'000}, {4, 4'000}, {5, 8'000}})
    EXPECT_EQ(pause(static_cast<std::uint32_t>(repeat)), std::chrono::milliseconds(ms));
  EXPECT_EQ(pause(6), std::nullopt);
  fault = {.kind = Fault::Kind::rate_limit};
  EXPECT_EQ(pause(1), std::chrono::milliseconds(200));
  EXPECT_EQ(pause(4), std::chrono::milliseconds(3'000));
  fault.retry_after_ms = 7'000;
  EXPECT_EQ(pause(1), std::chrono::milliseconds(7'000));
  EXPECT_LE(*pause_before(fault, 1, 1), std::chrono::milliseconds(7'050));
}

TEST(RetryBudget, IsATenthOfFirstTriesAndABurst) {
  RetryBudget budget;
  int taken = 0;
  while (budget.take()) ++taken;
  EXPECT_EQ(taken, 100);
  for (int i = 0; i < 100; ++i) budget.first_try();
  for (taken = 0; budget.take();) ++taken;
  EXPECT_EQ(taken, 10);
}

}  // namespace
}  // namespace atelier::model

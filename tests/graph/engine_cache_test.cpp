#include <gmock/gmock.h>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;

class EngineCache : public testing::Test {
 protected:
  // a -> b -> c
  static Graph line(std::string_view a, std::string_view b = R"({"text":"b"})",
                    std::string_view c = R"({"text":"c"})") {
    return {{fake("a", a), fake("b", b), fake("c", c)}, {edge("a", "b"), edge("b", "c")}, {}};
  }
  int begun() const { return static_cast<int>(house_.nodes_of().order().size()); }
  struct Opened : House {
    using House::House;
    const FakeNodes& nodes_of() const { return const_cast<Opened*>(this)->nodes(); }
  };
  TemporaryFolder folder_;
  Opened house_{folder_.path()};
};

TEST_F(EngineCache, TheSameGraphRunsNothingTwice) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  const RunId id = house_.submit(line(R"({"text":"a"})"));
  const RunView run = house_.wait(id);
  EXPECT_EQ(run.state, RunState::succeeded);
  EXPECT_EQ(run.cached_count, 3U);
  EXPECT_EQ(begun(), 3);
  EXPECT_TRUE(house_.step(id, "c").is_cached);
  EXPECT_EQ(house_.step(id, "c").attempts, 0U);
  EXPECT_EQ(house_.output(id, "c"), "cba");
  EXPECT_EQ(house_.metric("atelier_graph_cache_hits_total "), 3);
  EXPECT_EQ(house_.metric("atelier_graph_cache_misses_total "), 3);
}

TEST_F(EngineCache, ResultsOutliveARestart) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  house_.stop();
  house_.start();
  EXPECT_EQ(house_.wait(house_.submit(line(R"({"text":"a"})"))).cached_count, 3U);
  EXPECT_EQ(begun(), 3);
}

TEST_F(EngineCache, ResultsOutliveARestartForAGraphOfAnotherKindToo) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  house_.stop();
  house_.start();
  RunRequest request = house_.request(line(R"({"text":"a"})"));
  request.kind = "other";
  EXPECT_EQ(house_.wait(house_.run(house_.engine().submit(std::move(request))).value()).cached_count, 3U);
  EXPECT_EQ(begun(), 3);
}

TEST_F(EngineCache, AGraphOfOneStepFindsItsResultAfterARestart) {
  house_.wait(house_.submit({{fake("a")}, {}, {}}));
  house_.stop();
  house_.start();
  const RunId id = house_.submit({{fake("a")}, {}, {}});
  EXPECT_EQ(house_.wait(id).cached_count, 1U);
  EXPECT_EQ(house_.step(id, "a").attempts, 0U);
  EXPECT_EQ(begun(), 1);
}

TEST_F(EngineCache, NamesLabelsWeightsAndOrderDoNotMatter) {
  house_.wait(house_.submit(line(R"({"text":"a","n":1})")));
  Graph renamed{{fake("z", R"({"text":"c"})"), fake("y", R"({"text":"b"})"), fake("x", R"({"n":1,"text":"a"})")},
                {edge("x", "y"), edge("y", "z")},
                {}};
  renamed.nodes[0].weight = 9;
  renamed.nodes[0].label = "Z";
  EXPECT_EQ(house_.wait(house_.submit(renamed)).cached_count, 3U);
}

TEST_F(EngineCache, AChangedStepAndWhatDependsOnItRun) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  const RunView run = house_.wait(house_.submit(line(R"({"text":"a"})", R"({"text":"B"})")));
  EXPECT_EQ(run.cached_count, 1U);
  EXPECT_EQ(begun(), 5);
}

TEST_F(EngineCache, AChangedStepThatGivesTheSameBytesStopsTheRerunThere) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  const RunId id = house_.submit(line(R"({"text":"a","note":"changed"})"));
  EXPECT_EQ(house_.wait(id).cached_count, 2U);
  EXPECT_EQ(begun(), 4);
  EXPECT_FALSE(house_.step(id, "a").is_cached);
  EXPECT_TRUE(house_.step(id, "b").is_cached);
}

TEST_F(EngineCache, EarlyCutOffHoldsWithColdMemoryToo) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  house_.stop();
  house_.start({.front_bytes_max = 0});
  EXPECT_EQ(house_.wait(house_.submit(line(R"({"text":"a","note":"changed"})"))).cached_count, 2U);
  EXPECT_EQ(begun(), 4);
}

TEST_F(EngineCache, TheOrderOfAListPortsInputsMatters) {
  const auto join = [](std::string first, std::string second) {
    return Graph{{fake("a", R"({"text":"a"})"), fake("b", R"({"text":"b"})"), fake("end")},
                 {edge(std::move(first), "end"), edge(std::move(second), "end")},
                 {}};
  };
  house_.wait(house_.submit(join("a", "b")));
  const RunId id = house_.submit(join("b", "a"));
  EXPECT_EQ(house_.wait(id).cached_count, 2U);
  EXPECT_EQ(house_.output(id, "end"), "ba");
}

TEST_F(EngineCache, AnotherVersionSuffixIsAnotherKey) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  house_.nodes().version_suffix = "worker 2";
  EXPECT_EQ(house_.wait(house_.submit(line(R"({"text":"a"})"))).cached_count, 0U);
}

TEST_F(EngineCache, ResultsAreNotSharedBetweenOwners) {
  house_.wait(house_.submit(line(R"({"text":"a"})")));
  RunRequest request = house_.request(line(R"({"text":"a"})"));
  request.principal.owner = UserId::make();
  const Principal who = request.principal;
  const RunId id = house_.run(house_.engine().submit(std::move(request))).value();
  EXPECT_EQ(house_.run(house_.engine().wait(who, id))->cached_count, 0U);
}

TEST_F(EngineCache, FailuresAndUncacheableStepsAreNotKept) {
  house_.wait(house_.submit({{fake("a", R"({"fail":"internal"})")}, {}, {}}));
  house_.wait(house_.submit({{fake("b", "{}", "fake.uncached")}, {}, {}}));
  house_.wait(house_.submit({{fake("b", "{}", "fake.uncached")}, {}, {}}));
  EXPECT_EQ(house_.nodes().begun("b"), 2);
  EXPECT_EQ(house_.count("SELECT count(*) FROM results"), 0);
}

TEST_F(EngineCache, AHitWhoseBlobIsGoneIsAMiss) {
  const Graph graph{{fake("a", R"({"blob":true})"), fake("b", R"({"text":"b"})")}, {edge("a", "b")}, {}};
  const RunId first = house_.submit(graph);
  house_.wait(first);
  const auto blob = std::get<BlobRef>(house_.step(first, "a").outputs.at("file"));
  EXPECT_EQ(house_.wait(house_.submit(graph)).cached_count, 2U);
  ASSERT_TRUE(house_.run(house_.blobs().remove(blob.digest)));
  const RunView run = house_.wait(house_.submit(graph));
  EXPECT_EQ(run.state, RunState::succeeded);
  EXPECT_EQ(run.cached_count, 1U);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
  EXPECT_EQ(house_.nodes().begun("b"), 1);
  EXPECT_TRUE(house_.run(house_.blobs().contains(blob.digest)).value());
}

TEST_F(EngineCache, AHitWhoseBlobIsGoneIsAMissWithColdMemoryToo) {
  const RunId first = house_.submit({{fake("a", R"({"blob":true})")}, {}, {}});
  house_.wait(first);
  ASSERT_TRUE(house_.run(house_.blobs().remove(std::get<BlobRef>(house_.step(first, "a").outputs.at("file")).digest)));
  house_.stop();
  house_.start();
  EXPECT_EQ(house_.wait(house_.submit({{fake("a", R"({"blob":true})")}, {}, {}})).cached_count, 0U);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
}

TEST_F(EngineCache, ADamagedStoredResultIsAMiss) {
  house_.wait(house_.submit({{fake("a")}, {}, {}}));
  house_.stop();
  std::vector<store::Statement> damage;
  damage.push_back({"UPDATE results SET outputs = '{\"out\":'"});
  ASSERT_TRUE(house_.run(house_.database().write(std::move(damage))));
  house_.start();
  EXPECT_EQ(house_.wait(house_.submit({{fake("a")}, {}, {}})).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
}

TEST_F(EngineCache, RunAgainTakesWhatThereIsAndRunsWhatFailed) {
  const Graph graph{
      {fake("a"), fake("b", R"({"fail":"internal","times":1})"), fake("c")}, {edge("a", "b"), edge("b", "c")}, {}};
  const RunId first = house_.submit(graph);
  EXPECT_EQ(house_.wait(first).state, RunState::failed);
  const RunId again = house_.run(house_.engine().run_again(house_.me(), first, {})).value();
  EXPECT_NE(again, first);
  EXPECT_EQ(house_.wait(again).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  EXPECT_EQ(house_.nodes().begun("b"), 2);
  EXPECT_EQ(house_.nodes().begun("c"), 1);
}

TEST_F(EngineCache, RunAgainFromAStepRunsItAndAllThatDependsOnIt) {
  Graph graph = line(R"({"text":"a"})");
  graph.nodes.push_back(fake("side", R"({"text":"side"})"));
  graph.edges.push_back(edge("a", "side"));
  const RunId first = house_.submit(graph);
  house_.wait(first);
  const RunId again =
      house_.run(house_.engine().run_again(house_.me(), first, {.from_node = "b", .new_id = {}, .together_with = {}}))
          .value();
  EXPECT_EQ(house_.wait(again).cached_count, 2U);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  EXPECT_EQ(house_.nodes().begun("side"), 1);
  EXPECT_EQ(house_.nodes().begun("b"), 2);
  EXPECT_EQ(house_.nodes().begun("c"), 2);
  const auto wrong = house_.run(
      house_.engine().run_again(house_.me(), first, {.from_node = "nobody", .new_id = {}, .together_with = {}}));
  EXPECT_EQ(wrong.error().reason, "step_not_found");
}

TEST_F(EngineCache, TheTableIsBounded) {
  house_.stop();
  house_.start({.cached_results_max = 10});
  for (int i = 0; i < 30; ++i) {
    house_.clock.advance(1ms);
    house_.wait(house_.submit({{fake("a", R"({"n":)" + std::to_string(i) + "}")}, {}, {}}));
  }
  house_.clock.advance(10s);
  house_.engine().wake();
  house_.settle();
  const auto count = house_.count("SELECT count(*) FROM results");
  EXPECT_GE(count, 10);
  EXPECT_LE(count, 12);
}

// Identical steps in progress.

TEST_F(EngineCache, IdenticalStepsOfTwoRunsRunOnce) {
  const RunId first = house_.submit({{fake("a", R"({"hold":"g","text":"x"})")}, {}, {}});
  const RunId second =
      house_.submit({{fake("b", R"({"hold":"g","text":"x"})"), fake("after")}, {edge("b", "after")}, {}});
  house_.settle();
  EXPECT_EQ(begun(), 1);
  EXPECT_EQ(house_.state(second, "b"), StepState::ready);
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(first).cached_count, 0U);
  EXPECT_EQ(house_.wait(second).cached_count, 1U);
  EXPECT_EQ(house_.output(second, "after"), "x");
  EXPECT_EQ(begun(), 2);
}

TEST_F(EngineCache, IdenticalStepsOfOneRunRunOnce) {
  const RunId id = house_.submit({{fake("a", R"({"text":"x"})"), fake("b", R"({"text":"x"})"), fake("end")},
                                  {edge("a", "end"), edge("b", "end")},
                                  {}});
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.output(id, "end"), "xx");
  EXPECT_EQ(begun(), 2);
}

TEST_F(EngineCache, CancellingTheRunThatExecutesLeavesTheStepToWhoWaits) {
  const RunId first = house_.submit({{fake("a", R"({"hold":"g","text":"x"})")}, {}, {}});
  const RunId second = house_.submit({{fake("b", R"({"hold":"g","text":"x"})")}, {}, {}});
  house_.settle();
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), first)));
  house_.settle();
  EXPECT_EQ(house_.find(first).state, RunState::cancelled);
  EXPECT_EQ(house_.state(second, "b"), StepState::running);
  EXPECT_EQ(house_.nodes().running_count(), 1U);
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(second).state, RunState::succeeded);
  EXPECT_EQ(house_.output(second, "b"), "x");
  EXPECT_EQ(begun(), 1);
}

TEST_F(EngineCache, CancellingTheLastWhoWaitsStopsTheStep) {
  const RunId first = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  const RunId second = house_.submit({{fake("b", R"({"hold":"g"})")}, {}, {}});
  house_.settle();
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), first)));
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), second)));
  house_.settle();
  EXPECT_EQ(house_.nodes().running_count(), 0U);
  EXPECT_EQ(house_.find(second).state, RunState::cancelled);
}

TEST_F(EngineCache, CancellingOneWhoWaitsDisturbsNobody) {
  const RunId first = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  const RunId second = house_.submit({{fake("b", R"({"hold":"g"})")}, {}, {}});
  house_.settle();
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), second)));
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(first).state, RunState::succeeded);
  EXPECT_EQ(begun(), 1);
}

TEST_F(EngineCache, AFailureIsSharedToo) {
  const RunId first = house_.submit({{fake("a", R"({"hold":"g","fail":"internal"})")}, {}, {}});
  const RunId second = house_.submit({{fake("b", R"({"hold":"g","fail":"internal"})")}, {}, {}});
  house_.settle();
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(first).state, RunState::failed);
  EXPECT_EQ(house_.wait(second).state, RunState::failed);
  EXPECT_EQ(begun(), 1);
}

TEST_F(EngineCache, WhoWaitsForAStepThatIsTriedAgainGetsTheLaterResult) {
  const RunId first =
      house_.submit({{fake("a", R"({"hold":"g","fail":"unavailable","times":1,"text":"x"})", "fake.quick")}, {}, {}});
  const RunId second =
      house_.submit({{fake("a", R"({"hold":"g","fail":"unavailable","times":1,"text":"x"})", "fake.quick")}, {}, {}});
  house_.settle();
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(first).state, RunState::succeeded);
  EXPECT_EQ(house_.wait(second).state, RunState::succeeded);
  EXPECT_EQ(begun(), 2);
}

}  // namespace
}  // namespace atelier::graph

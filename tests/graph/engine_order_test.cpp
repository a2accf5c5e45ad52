#include <gmock/gmock.h>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class EngineOrder : public testing::Test {
 protected:
  EngineOrder() {
    house_.stop();
    house_.start({.light_at_most = 8, .media_at_most = 1, .network_at_most = 3});
  }
  Graph single(std::string name, std::int64_t weight = 0) {
    Graph graph{{fake(std::move(name), "{}", "fake.media")}, {}, {}};
    graph.nodes[0].parameters = json::Object{{"text", graph.nodes[0].name}};
    graph.nodes[0].weight = weight;
    return graph;
  }
  RunId block() { return house_.submit({{fake("block", R"({"hold":"g"})", "fake.media")}, {}, {}}); }
  TemporaryFolder folder_;
  House house_{folder_.path()};
};

TEST_F(EngineOrder, HigherPriorityFirstThenHeavierThenOlder) {
  block();
  std::vector<RunId> ids;
  ids.push_back(house_.submit(single("old")));
  ids.push_back(house_.submit(single("young")));
  ids.push_back(house_.submit(single("heavy", 5)));
  ids.push_back(house_.submit(single("urgent"), 10));
  house_.nodes().open("g");
  for (const RunId id : ids) house_.wait(id);
  EXPECT_THAT(house_.nodes().order(), ElementsAre("block", "urgent", "heavy", "old", "young"));
}

TEST_F(EngineOrder, WithinAGraphTheHeaviestReadyStepsRunFirst) {
  block();
  Graph graph;
  for (int i = 0; i < 4; ++i) {
    graph.nodes.push_back(fake("n" + std::to_string(i), R"({"n":)" + std::to_string(i) + "}", "fake.media"));
    graph.nodes.back().weight = (i * 7) % 4;  // 0 3 2 1
  }
  const RunId id = house_.submit(graph);
  house_.nodes().open("g");
  house_.wait(id);
  EXPECT_THAT(house_.nodes().order(), ElementsAre("block", "n1", "n2", "n3", "n0"));
}

TEST_F(EngineOrder, OneOwnersManyStepsDoNotKeepAnothersOneWaiting) {
  block();
  Graph many;
  for (int i = 0; i < 50; ++i)
    many.nodes.push_back(fake("many" + std::to_string(i), R"({"n":)" + std::to_string(i) + "}", "fake.media"));
  const RunId first = house_.submit(many);
  RunRequest request = house_.request(single("other"));
  request.principal.owner = UserId::make();
  ASSERT_TRUE(house_.run(house_.engine().submit(std::move(request))));
  house_.nodes().open("g");
  house_.wait(first);
  const auto& order = house_.nodes().order();
  EXPECT_LE(std::find(order.begin(), order.end(), "other") - order.begin(), 3);
}

TEST_F(EngineOrder, NoMoreStepsOfAClassRunThanItsPlacesAndClassesDoNotBlockEachOther) {
  Graph graph;
  for (int i = 0; i < 20; ++i)
    graph.nodes.push_back(
        fake("n" + std::to_string(i), R"({"hold":"g","n":)" + std::to_string(i) + "}", "fake.network"));
  const RunId id = house_.submit(graph);
  house_.settle();
  EXPECT_EQ(house_.nodes().running_count(), 3U);
  EXPECT_EQ(house_.metric(R"(atelier_graph_ready_steps{class="network"} )"), 17);
  EXPECT_EQ(house_.wait(house_.submit(single("media"))).state, RunState::succeeded);
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().running_max(), 4U);
}

TEST_F(EngineOrder, CancelStopsRunningStepsAndNeverStartsTheOthers) {
  Graph graph;
  for (int i = 0; i < 10; ++i)
    graph.nodes.push_back(
        fake("n" + std::to_string(i), R"({"hold":"g","n":)" + std::to_string(i) + "}", "fake.network"));
  graph.nodes.push_back(fake("after"));
  graph.edges.push_back(edge("n0", "after"));
  const RunId id = house_.submit(graph);
  house_.until([&] { return house_.nodes().running_count() == 3; });
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), id)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 500ms);
  EXPECT_TRUE(house_.run(house_.engine().cancel(house_.me(), id)));
  house_.settle();
  EXPECT_EQ(house_.nodes().running_count(), 0U);
  const RunView run = house_.find(id);
  EXPECT_EQ(run.state, RunState::cancelled);
  for (const StepView& step : run.steps) EXPECT_EQ(step.state, StepState::cancelled) << step.node;
  EXPECT_EQ(house_.nodes().order().size(), 3U);
  // The places are free again.
  EXPECT_EQ(house_.wait(house_.submit({{fake("next", "{}", "fake.network")}, {}, {}})).state, RunState::succeeded);
}

TEST_F(EngineOrder, ARunWhoseStepDoesNotListenIsCancelledAllTheSame) {
  const RunId id = house_.submit({{fake("deaf", R"({"hold":"g","deaf":true,"text":"late"})")}, {}, {}});
  house_.until([&] { return house_.nodes().running_count() == 1; });
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), id)));
  EXPECT_EQ(house_.find(id).state, RunState::cancelled);
  house_.nodes().open("g");
  house_.settle();
  EXPECT_EQ(house_.state(id, "deaf"), StepState::cancelled);
  EXPECT_EQ(house_.count("SELECT count(*) FROM results"), 0);
}

TEST_F(EngineOrder, CancelAgainstCompletionLeavesOneEnd) {
  for (int round = 0; round < 30; ++round) {
    const std::string gate = "g" + std::to_string(round);
    const RunId id = house_.submit(
        {{fake("a", R"({"hold":")" + gate + R"("})"), fake("b", R"({"n":)" + std::to_string(round) + "}")},
         {edge("a", "b")},
         {}});
    house_.until([&] { return house_.nodes().running_count() == 1; });
    house_.nodes().open(gate);
    for (int turn = 0; turn < round; ++turn) house_.loop().restart(), house_.loop().poll_one();
    ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), id)));
    const RunView run = house_.wait(id);
    EXPECT_TRUE(run.state == RunState::cancelled || run.state == RunState::succeeded);
    for (const StepView& step : run.steps)
      EXPECT_TRUE(step.state == StepState::cancelled || step.state == StepState::succeeded);
    const auto ends = house_.run(house_.database().read(store::Statement(
        "SELECT count(*) FROM events WHERE topic = 'run/' || $1 AND type = 'run.changed'", {id.to_string()})));
    EXPECT_EQ(ends->integer(0, 0), 1);
  }
}

TEST_F(EngineOrder, AnOrderlyStopCostsNoAttemptAndTheRunGoesOnAfterwards) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"g","text":"x"})"), fake("b")}, {edge("a", "b")}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  house_.stop();
  EXPECT_EQ(house_.count("SELECT attempts + interruptions FROM steps WHERE node = 0"), 0);
  EXPECT_EQ(house_.count("SELECT count(*) FROM steps WHERE state = 'running'"), 0);
  house_.nodes().open("g");
  house_.start();
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.step(id, "a").attempts, 1U);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
}

TEST_F(EngineOrder, WhoWaitsForARunIsToldWhenTheEngineStops) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  std::optional<Result<RunView>> answer;
  house_.spawn([](Engine* engine, Principal who, RunId run, std::optional<Result<RunView>>* into) -> Task<> {
    into->emplace(co_await engine->wait(who, run));
  }(&house_.engine(), house_.me(), id, &answer));
  house_.settle();
  house_.stop();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, ErrorCode::unavailable);
}

TEST_F(EngineOrder, AnEngineThatLostItsLeaseWritesNothingMore) {
  // Two engines on one database, as on two machines: the second believes the first dead when its lease is over.
  const RunId id = house_.submit(
      {{fake("a", R"({"hold":"g","deaf":true,"text":"x"})"), fake("b", R"({"text":"b"})")}, {edge("a", "b")}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  ManualClock later;
  later.advance(31s);
  Metrics metrics;
  const NodeRegistry registry = house_.nodes().registry();
  auto second = make_engine(house_.loop().get_executor(), house_.database(), house_.blobs(), house_.events(), registry,
                            house_.nodes().services(), metrics, later, {.is_alone = false});
  ASSERT_TRUE(house_.run(second->recover()));
  house_.until([&] { return house_.nodes().begun("a") == 2; });
  EXPECT_EQ(house_.count("SELECT fence FROM steps WHERE node = 0"), 3);  // claimed, taken over, claimed
  house_.nodes().open("g");
  const auto run = house_.run(second->wait(house_.me(), id));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->state, RunState::succeeded);
  house_.settle();
  EXPECT_EQ(house_.nodes().ended("a"), 2);
  EXPECT_EQ(house_.nodes().begun("b"), 1);  // the zombie's result made nothing ready
  EXPECT_EQ(house_.count("SELECT attempts FROM steps WHERE node = 0"), 1);
  EXPECT_EQ(house_.metric("atelier_graph_leases_lost_total "), 1);
  house_.run(second->stop());
}

TEST_F(EngineOrder, AnEngineWhoseLeaseHoldsIsNotTakenOver) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  Metrics metrics;
  const NodeRegistry registry = house_.nodes().registry();
  auto second = make_engine(house_.loop().get_executor(), house_.database(), house_.blobs(), house_.events(), registry,
                            house_.nodes().services(), metrics, house_.clock, {.is_alone = false});
  ASSERT_TRUE(house_.run(second->recover()));
  house_.settle();
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  EXPECT_EQ(house_.run(second->cancel(house_.me(), id)).error().code, ErrorCode::unavailable);
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.run(second->wait(house_.me(), id))->state, RunState::succeeded);
  house_.run(second->stop());
}

class EngineOnABadDisk : public EngineOrder, public testing::WithParamInterface<int> {
 protected:
  // Diamonds, each with texts of its own.
  void expect_all_end() {
    std::vector<RunId> ids;
    for (int i = 0; i < 8; ++i) {
      const std::string text = R"({"text":")" + std::to_string(i) + R"("})";
      RunRequest request = house_.request(
          {{fake("a", text), fake("b", text, "fake.media"), fake("c", text, "fake.network"), fake("d", text)},
           {edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")},
           {}});
      auto id = house_.run(house_.engine().submit(std::move(request)));
      if (id) ids.push_back(*id);
    }
    EXPECT_FALSE(ids.empty());
    // Not wait(): with bad luck a run's write fails often enough in a row that it says so.
    for (const RunId id : ids) house_.until([&] { return house_.find(id).state == RunState::succeeded; });
    house_.settle();
    for (const char* name : {"light", "media", "network"})
      EXPECT_EQ(house_.metric("atelier_graph_running_steps{class=\"" + std::string(name) + "\"} "), 0) << name;
  }
};

TEST_P(EngineOnABadDisk, EveryNthWriteThatFailsIsMadeAgain) {
  house_.database().fail_before_every = GetParam();
  expect_all_end();
  house_.database().fail_before_every = 0;
}

TEST_P(EngineOnABadDisk, EveryNthAnswerThatIsLostIsFoundOutFromTheTable) {
  house_.database().fail_after_every = GetParam();
  house_.database().code = ErrorCode::unavailable;
  expect_all_end();
  house_.database().fail_after_every = 0;
}

INSTANTIATE_TEST_SUITE_P(EveryNth, EngineOnABadDisk, testing::Values(2, 3, 5));

TEST_F(EngineOrder, ProgressIsToldToWatchers) {
  house_.nodes().on_run = [](const StepRun& step) { step.reporter->progress(3, 10); };
  const RunId id = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  house_.settle();
  EXPECT_EQ(house_.step(id, "a").progress_done, 3);
  EXPECT_EQ(house_.step(id, "a").progress_total, 10);
  house_.nodes().open("g");
  house_.wait(id);
}

}  // namespace
}  // namespace atelier::graph

// The blobs of active runs stay, and those that are gone all the same are made again.
#include <gmock/gmock.h>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHolding = R"({"hold":"g","read":true})";

class EngineHold : public testing::Test {
 protected:
  // A step that makes a blob, and one that waits at its gate before it reads it.
  static Graph film(std::string_view maker = R"({"blob":true,"text":"film"})") {
    return {{fake("a", maker), fake("b", kHolding)}, {{"a", "file", "b", "clips"}}, {}};
  }
  Digest blob_of(RunId id, const std::string& node) {
    return std::get<BlobRef>(house_.step(id, node).outputs.at("file")).digest;
  }
  // As much as a week without use allows.
  void evict() {
    house_.blob_clock.advance(8 * 24h);
    ASSERT_TRUE(house_.run(house_.blobs().evict()));
  }
  bool has(const Digest& digest) { return house_.run(house_.blobs().contains(digest)).value(); }
  RunId running(Graph graph) {
    const RunId id = house_.submit(std::move(graph));
    house_.until([&] { return house_.state(id, "b") == StepState::running; });
    return id;
  }
  void remove_file(const Digest& digest) {
    const std::string hex = digest.hex();
    ASSERT_TRUE(std::filesystem::remove(folder_.path() + "/blobs/derived/" + hex.substr(0, 2) + "/" + hex.substr(2)));
  }

  TemporaryFolder folder_;
  House house_{folder_.path()};
};

TEST_F(EngineHold, WhatAnActiveRunMadeStaysUntilItEnds) {
  const RunId id = running(film());
  const Digest blob = blob_of(id, "a");
  evict();
  ASSERT_TRUE(has(blob));
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  evict();
  EXPECT_FALSE(has(blob));
}

TEST_F(EngineHold, WhatItTookFromTheCacheStaysToo) {
  house_.nodes().open("g");
  const RunId first = house_.submit(film());
  house_.wait(first);
  const Digest blob = blob_of(first, "a");
  for (const bool is_cold : {false, true}) {
    if (is_cold) {
      house_.stop();
      house_.start();
    }
    Graph graph = film();
    graph.nodes[1].parameters =
        parameters(is_cold ? R"({"hold":"cold","read":true})" : R"({"hold":"warm","read":true})");
    const RunId id = running(std::move(graph));
    EXPECT_TRUE(house_.step(id, "a").is_cached);
    evict();
    ASSERT_TRUE(has(blob)) << is_cold;
    house_.nodes().open(is_cold ? "cold" : "warm");
    EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  }
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  evict();
  EXPECT_FALSE(has(blob));
}

TEST_F(EngineHold, WhatAClaimFoundInTheTableStays) {
  const RunId first = house_.submit({{fake("a", R"({"blob":true})")}, {}, {}});
  house_.wait(first);
  const Digest blob = blob_of(first, "a");
  house_.stop();
  house_.start();
  // Of one step ready at the start and one that waits: the second's key is known only when the first has run.
  const RunId id = house_.submit(
      {{fake("0", R"({"hold":"0","blob":true})"), fake("a", R"({"blob":true})", "fake.light"), fake("b", kHolding)},
       {{"0", "file", "b", "clips"}, {"a", "file", "b", "clips"}},
       {}});
  house_.until([&] { return house_.state(id, "a") == StepState::succeeded; });
  evict();
  ASSERT_TRUE(has(blob));
  house_.nodes().open("0");
  house_.nodes().open("g");
  const RunView ended = house_.wait(id);
  EXPECT_EQ(ended.state, RunState::succeeded) << (ended.error ? ended.error->describe() : "");
}

TEST_F(EngineHold, AFollowerHoldsWhatItWasGivenWhenTheOtherRunIsOver) {
  const RunId first = house_.submit({{fake("a", R"({"blob":true,"hold":"made"})")}, {}, {}});
  house_.until([&] { return house_.nodes().begun("a") == 1; });
  const RunId second = house_.submit(film(R"({"blob":true,"hold":"made"})"));
  house_.settle();
  house_.nodes().open("made");
  EXPECT_EQ(house_.wait(first).state, RunState::succeeded);
  house_.until([&] { return house_.state(second, "b") == StepState::running; });
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  const Digest blob = blob_of(second, "a");
  evict();
  ASSERT_TRUE(has(blob));
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(second).state, RunState::succeeded);
}

TEST_F(EngineHold, WhatARunWasGivenStaysAndACancelledRunHoldsNothing) {
  const auto given = house_.run(house_.nodes().put_blob("given")).value();
  Graph graph{{fake("b", kHolding)}, {}, {}};
  graph.given.push_back({"b", "clips", given});
  const RunId id = running(std::move(graph));
  evict();
  EXPECT_TRUE(has(given.digest));
  ASSERT_TRUE(house_.run(house_.engine().cancel(house_.me(), id)));
  house_.settle();
  evict();
  EXPECT_FALSE(has(given.digest));
}

TEST_F(EngineHold, ARunThatIsTakenUpAgainHoldsWhatItHad) {
  const auto given = house_.run(house_.nodes().put_blob("given")).value();
  Graph graph = film();
  graph.given.push_back({"b", "clips", given});
  const RunId id = running(std::move(graph));
  const Digest blob = blob_of(id, "a");
  house_.stop();
  house_.start();
  evict();
  EXPECT_TRUE(has(blob));
  EXPECT_TRUE(has(given.digest));
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
}

TEST_F(EngineHold, AFileRemovedByHandIsMadeAgain) {
  // c read it before it was gone, and stays as it is; d is ready and waits for b's place.
  Graph graph{
      {fake("a", R"({"blob":true,"text":"film"})"), fake("c", R"({"read":true,"text":"c"})"),
       fake("b", R"({"hold":"g","read":true})", "fake.quick"), fake("d", R"({"text":"d"})")},
      {{"a", "file", "b", "clips"}, {"a", "file", "c", "clips"}, {"b", "out", "d", "in"}, {"c", "out", "d", "in"}},
      {}};
  const RunId id = house_.submit(std::move(graph));
  house_.until([&] { return house_.state(id, "c") == StepState::succeeded && house_.nodes().begun("b") == 1; });
  remove_file(blob_of(id, "a"));
  house_.nodes().open("g");
  const RunView run = house_.wait(id);
  EXPECT_EQ(run.state, RunState::succeeded) << (run.error ? run.error->message : "");
  EXPECT_EQ(run.done_count, 4U);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
  EXPECT_EQ(house_.nodes().begun("b"), 2);
  EXPECT_EQ(house_.nodes().begun("c"), 1);
  EXPECT_EQ(house_.output(id, "d"), "d?c?");
  for (const char* name : {"light", "media", "network"})
    EXPECT_EQ(house_.metric("atelier_graph_running_steps{class=\"" + std::string(name) + "\"} "), 0) << name;
}

TEST_F(EngineHold, AChainOfFilesRemovedByHandIsMadeAgainAfterARestart) {
  Graph graph{{fake("a", R"({"blob":true,"text":"a"})", "fake.quick"),
               fake("m", R"({"blob":true,"read":true,"text":"m"})", "fake.quick"),
               fake("b", R"({"hold":"g","read":true})", "fake.quick")},
              {{"a", "file", "m", "clips"}, {"m", "file", "b", "clips"}},
              {}};
  const RunId id = running(std::move(graph));
  remove_file(blob_of(id, "a"));
  remove_file(blob_of(id, "m"));
  house_.stop();
  house_.start();
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 2);
  EXPECT_EQ(house_.nodes().begun("m"), 3);  // once in vain
}

TEST_F(EngineHold, AFileThatIsAlwaysGoneFailsTheRun) {
  house_.nodes().on_run = [this](const StepRun& step) {
    if (step.node == "b") remove_file(sha256("blob of film"));
  };
  house_.nodes().open("g");
  Graph graph = film();
  graph.nodes[1].type = "fake.quick";
  const RunView run = house_.wait(house_.submit(std::move(graph)));
  EXPECT_EQ(run.state, RunState::failed);
  EXPECT_EQ(run.error->reason, "blob_not_found");
  EXPECT_EQ(house_.nodes().begun("b"), 3);
}

}  // namespace
}  // namespace atelier::graph

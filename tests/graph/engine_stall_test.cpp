// A run whose progress cannot be stored: told at once, gone on with when it can.
#include <gmock/gmock.h>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class EngineOnAFullDisk : public testing::Test {
 protected:
  void fill() { house_.database().fail_before_every = 1; }
  void make_room() { house_.database().fail_before_every = 0; }

  // A run whose first step ended when there was no room to store that.
  RunId stalled() {
    const RunId id = house_.submit({{fake("a", R"({"hold":"g","text":"x"})"), fake("b")}, {edge("a", "b")}, {}});
    house_.until([&] { return house_.nodes().begun("a") == 1; });
    fill();
    house_.nodes().open("g");
    house_.until([&] { return house_.find(id).stalled.has_value(); });
    return id;
  }

  // "runs run.stalled storage_full", of what was told by now and is not kept.
  std::vector<std::string> told_runs() {
    std::vector<std::string> told;
    store::Event last;
    last.type = "end";
    last.owner = house_.me().owner.to_string();
    house_.bus().publish({store::event_bus_topic(house_.me().owner), store::write_event(last)});
    for (;;) {
      const auto message = house_.run(watch_->next());
      const auto event = store::parse_event((*message)->body);
      if (event->type == "end") return told;
      if (event->position > 0 || !event->type.starts_with("run.")) continue;
      const auto run = json::parse(event->data).value();
      const auto* stall = run.as_object().if_contains("stalled");
      told.push_back(event->topic.substr(0, 4) + " " + event->type + " " +
                     (stall ? std::string(stall->at("code").as_string()) : "-"));
    }
  }

  TemporaryFolder folder_;
  House house_{folder_.path()};
  std::unique_ptr<store::Subscription> watch_ =
      house_.run(house_.bus().subscribe({store::event_bus_topic(house_.me().owner)}, 100)).value();
};

TEST_F(EngineOnAFullDisk, ARunSaysWhyItStandsStillAndEndsWhenThereIsRoom) {
  const RunId id = stalled();
  const RunView whole = house_.find(id);
  EXPECT_EQ(whole.state, RunState::running);
  EXPECT_EQ(whole.stalled->code, ErrorCode::storage_full);
  EXPECT_EQ(house_.run(house_.engine().find_summary(house_.me(), id))->stalled->code, ErrorCode::storage_full);
  EXPECT_EQ(house_.run(house_.engine().list(house_.me(), "", "", "", 10))->runs.at(0).stalled->code,
            ErrorCode::storage_full);
  EXPECT_EQ(house_.metric("atelier_graph_stalled_runs "), 1);
  EXPECT_THAT(told_runs(), ElementsAre("runs run.stalled storage_full", "run/ run.stalled storage_full"));

  make_room();
  house_.until([&] { return house_.find(id).state == RunState::succeeded; });
  EXPECT_FALSE(house_.find(id).stalled);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  EXPECT_EQ(house_.output(id, "b"), "x");
  EXPECT_EQ(house_.metric("atelier_graph_stalled_runs "), 0);
  EXPECT_THAT(told_runs(), ElementsAre("runs run.changed -", "run/ run.changed -"));
}

TEST_F(EngineOnAFullDisk, WhoWaitsIsToldAfterAWhile) {
  const RunId id = stalled();
  const auto answer = house_.run(house_.engine().wait(house_.me(), id));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::storage_full);
  make_room();
  house_.until([&] { return house_.find(id).state == RunState::succeeded; });
}

TEST_F(EngineOnAFullDisk, ACancellationIsAnsweredAndHappensWhenThereIsRoom) {
  const RunId id = stalled();
  const auto answer = house_.run(house_.engine().cancel(house_.me(), id));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::storage_full);
  make_room();
  house_.until([&] { return house_.find(id).state == RunState::cancelled; });
  EXPECT_EQ(house_.nodes().begun("b"), 0);
}

TEST_F(EngineOnAFullDisk, StoppingDoesNotWaitForRoomAndTheNextEngineGoesOn) {
  const RunId id = stalled();
  // The write has failed a few times by now: the next try is far away.
  const auto answer = house_.run(house_.engine().wait(house_.me(), id));
  EXPECT_FALSE(answer);
  const auto began = std::chrono::steady_clock::now();
  house_.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 500ms);
  make_room();
  house_.start();
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.nodes().begun("a"), 2);  // that it had ended was never stored
}

TEST_F(EngineOnAFullDisk, ASubmissionIsRefusedAndLeavesNothing) {
  fill();
  const auto refused = house_.run(house_.engine().submit(house_.request({{fake("a")}, {}, {}})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
  EXPECT_EQ(house_.count("SELECT count(*) FROM runs"), 0);
  make_room();
  EXPECT_EQ(house_.wait(house_.submit({{fake("a")}, {}, {}})).state, RunState::succeeded);
}

TEST_F(EngineOnAFullDisk, AnEngineThatCouldNotStartTriesAgain) {
  const RunId id = stalled();
  house_.stop();
  Metrics metrics;
  const NodeRegistry registry = house_.nodes().registry();
  auto next = make_engine(house_.loop().get_executor(), house_.database(), house_.blobs(), house_.events(), registry,
                          house_.nodes().services(), metrics, house_.clock, {});
  // Every second write: its own row is written, taking over the other's runs is not.
  house_.database().fail_before_every = 2;
  const auto refused = house_.run(next->recover());
  make_room();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
  ASSERT_TRUE(house_.run(next->recover()));
  EXPECT_EQ(house_.run(next->wait(house_.me(), id))->state, RunState::succeeded);
  house_.run(next->stop());
}

}  // namespace
}  // namespace atelier::graph

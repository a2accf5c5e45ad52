#include "graph/engine.hpp"

#include <gmock/gmock.h>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class EngineBehaviour : public testing::Test {
 protected:
  TemporaryFolder folder_;
  House house_{folder_.path()};
};

TEST_F(EngineBehaviour, ARunOfOneStepSucceedsAndItsOutputIsKept) {
  const RunId id = house_.submit({{fake("a", R"({"text":"x"})")}, {}, {}});
  const RunView run = house_.wait(id);
  EXPECT_EQ(run.state, RunState::succeeded);
  EXPECT_EQ(run.done_count, 1U);
  EXPECT_EQ(house_.output(id, "a"), "x");
}

TEST_F(EngineBehaviour, StepsRunAfterTheirSourcesAndGetTheirInputsInEdgeOrder) {
  const RunId id =
      house_.submit({{fake("end", R"({"text":"="})"), fake("b", R"({"text":"b"})"), fake("a", R"({"text":"a"})")},
                     {edge("b", "end"), edge("a", "end")},
                     {{"end", "in", json::Value("first")}}});
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  EXPECT_EQ(house_.output(id, "end"), "=firstba");
  EXPECT_EQ(house_.nodes().order().back(), "end");
}

TEST_F(EngineBehaviour, AFailedStepFailsTheRunAndWhatDependsOnItNeverStarts) {
  const RunId id = house_.submit(
      {{fake("a", R"({"fail":"invalid_argument","reason":"story_empty"})"), fake("b")}, {edge("a", "b")}, {}});
  const RunView run = house_.wait(id);
  EXPECT_EQ(run.state, RunState::failed);
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->stable_code(), "story_empty");
  EXPECT_EQ(run.error->where, "a");
  EXPECT_EQ(house_.state(id, "a"), StepState::failed);
  EXPECT_EQ(house_.state(id, "b"), StepState::cancelled);
  EXPECT_EQ(house_.nodes().begun("a"), 1);
  EXPECT_EQ(house_.nodes().begun("b"), 0);
}

TEST_F(EngineBehaviour, WhenAStepFailsThoseThatRunMayFinishAndTheirResultsAreKept) {
  const RunId id =
      house_.submit({{fake("slow", R"({"hold":"g","text":"kept"})"), fake("bad", R"({"fail":"internal"})")}, {}, {}});
  house_.until([&] { return house_.nodes().ended("bad") == 1; });
  house_.settle();
  EXPECT_EQ(house_.find(id).state, RunState::running);
  house_.nodes().open("g");
  EXPECT_EQ(house_.wait(id).state, RunState::failed);
  EXPECT_EQ(house_.state(id, "slow"), StepState::succeeded);
  EXPECT_EQ(house_.count("SELECT count(*) FROM results"), 1);
}

TEST_F(EngineBehaviour, AnotherOwnersRunIsNotFound) {
  const RunId id = house_.submit({{fake("a")}, {}, {}});
  house_.wait(id);
  const Principal stranger{.owner = UserId::make(), .role = Role::admin};
  EXPECT_EQ(house_.run(house_.engine().find(stranger, id)).error().code, ErrorCode::not_found);
  EXPECT_EQ(house_.run(house_.engine().find_summary(stranger, id)).error().code, ErrorCode::not_found);
  EXPECT_EQ(house_.run(house_.engine().cancel(stranger, id)).error().code, ErrorCode::not_found);
  EXPECT_EQ(house_.run(house_.engine().wait(stranger, id)).error().code, ErrorCode::not_found);
  EXPECT_EQ(house_.run(house_.engine().run_again(stranger, id, {})).error().code, ErrorCode::not_found);
  EXPECT_TRUE(house_.run(house_.engine().list(stranger, "", "", "", 10))->runs.empty());
}

TEST_F(EngineBehaviour, AnotherOwnersRunningRunIsNotFoundEither) {
  const RunId id = house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  const Principal stranger{.owner = UserId::make(), .role = Role::admin};
  EXPECT_EQ(house_.run(house_.engine().find(stranger, id)).error().code, ErrorCode::not_found);
  EXPECT_EQ(house_.run(house_.engine().cancel(stranger, id)).error().code, ErrorCode::not_found);
  EXPECT_EQ(house_.state(id, "a"), StepState::running);
}

TEST_F(EngineBehaviour, AWrongGraphLeavesNothingBehind) {
  EXPECT_FALSE(house_.run(house_.engine().submit(house_.request({{fake("a", "{}", "nonsense")}, {}, {}}))));
  EXPECT_EQ(house_.count("SELECT count(*) FROM runs") + house_.count("SELECT count(*) FROM steps") +
                house_.count("SELECT count(*) FROM run_graphs"),
            0);
}

TEST_F(EngineBehaviour, WhatIsWrittenTogetherWithARunIsWrittenOrNeitherIs) {
  RunRequest good = house_.request({{fake("a")}, {}, {}});
  good.together_with.push_back({"INSERT INTO meta (key, value) VALUES ('asked', 'yes')"});
  ASSERT_TRUE(house_.run(house_.engine().submit(std::move(good))));
  RunRequest bad = house_.request({{fake("b")}, {}, {}});
  bad.together_with.push_back({"UPDATE meta SET value = 'no' WHERE key = 'nobody'", {}, store::Expect::exactly_one});
  const auto refused = house_.run(house_.engine().submit(std::move(bad)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(house_.count("SELECT count(*) FROM meta WHERE key = 'asked'"), 1);
  EXPECT_EQ(house_.count("SELECT count(*) FROM runs"), 1);
  house_.settle();
  EXPECT_EQ(house_.nodes().begun("b"), 0);
  // Its place was given back.
  EXPECT_EQ(house_.wait(house_.submit({{fake("c")}, {}, {}})).state, RunState::succeeded);
}

TEST_F(EngineBehaviour, ARefusedSubmissionGivesItsPlaceBack) {
  house_.stop();
  house_.start({.light_at_most = 1});
  RunRequest bad = house_.request({{fake("b")}, {}, {}});
  bad.together_with.push_back({"UPDATE meta SET value = 'no' WHERE key = 'nobody'", {}, store::Expect::exactly_one});
  EXPECT_FALSE(house_.run(house_.engine().submit(std::move(bad))));
  EXPECT_EQ(house_.wait(house_.submit({{fake("c")}, {}, {}})).state, RunState::succeeded);
}

TEST_F(EngineBehaviour, TheSameIdempotencyKeyGivesTheSameRun) {
  const auto ask = [&](std::string_view text, Principal who) {
    RunRequest request = house_.request({{fake("a", text)}, {}, {}});
    request.idempotency_key = "once";
    request.principal = who;
    return house_.engine().submit(std::move(request));
  };
  const auto first = house_.run(ask(R"({"text":"x"})", house_.me()));
  ASSERT_TRUE(first);
  EXPECT_EQ(house_.run(ask(R"({"text":"x"})", house_.me())).value(), *first);
  const auto other = house_.run(ask(R"({"text":"y"})", house_.me()));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, "idempotency_key_reused");
  const auto stranger = house_.run(ask(R"({"text":"x"})", {.owner = UserId::make(), .role = Role::member}));
  EXPECT_NE(stranger.value(), *first);
  EXPECT_EQ(house_.count("SELECT count(*) FROM runs"), 2);
}

TEST_F(EngineBehaviour, ConcurrentSubmissionsOfOneIdempotencyKeyMakeOneRun) {
  std::vector<RunId> ids;
  for (int i = 0; i < 8; ++i) {
    RunRequest request = house_.request({{fake("a")}, {}, {}});
    request.idempotency_key = "together";
    house_.spawn([](Engine* engine, RunRequest made, std::vector<RunId>* into) -> Task<> {
      auto id = co_await engine->submit(std::move(made));
      into->push_back(id.value_or(RunId{}));
    }(&house_.engine(), std::move(request), &ids));
  }
  house_.until([&] { return ids.size() == 8; });
  EXPECT_THAT(ids, testing::Each(ids.front()));
  EXPECT_FALSE(ids.front().is_nil());
  EXPECT_EQ(house_.count("SELECT count(*) FROM runs"), 1);
}

TEST_F(EngineBehaviour, AGivenRunIdIsUsed) {
  RunRequest request = house_.request({{fake("a")}, {}, {}});
  const RunId wanted = RunId::make();
  request.id = wanted;
  EXPECT_EQ(house_.run(house_.engine().submit(std::move(request))).value(), wanted);
  EXPECT_EQ(house_.wait(wanted).state, RunState::succeeded);
}

TEST_F(EngineBehaviour, ListsAreNewestFirstInPagesAndByKindAndSubject) {
  std::vector<RunId> ids;
  for (int i = 0; i < 5; ++i) {
    RunRequest request = house_.request({{fake("a")}, {}, {}});
    request.kind = i % 2 == 0 ? "even" : "odd";
    request.subject = i == 4 ? "last" : "";
    ids.push_back(house_.run(house_.engine().submit(std::move(request))).value());
  }
  const auto page = house_.run(house_.engine().list(house_.me(), "", "", "", 3)).value();
  ASSERT_EQ(page.runs.size(), 3U);
  EXPECT_EQ(page.runs[0].id, ids[4]);
  EXPECT_FALSE(page.next.empty());
  const auto rest = house_.run(house_.engine().list(house_.me(), "", "", page.next, 3)).value();
  ASSERT_EQ(rest.runs.size(), 2U);
  EXPECT_EQ(rest.runs[1].id, ids[0]);
  EXPECT_TRUE(rest.next.empty());
  EXPECT_EQ(house_.run(house_.engine().list(house_.me(), "odd", "", "", 10))->runs.size(), 2U);
  EXPECT_EQ(house_.run(house_.engine().list(house_.me(), "even", "last", "", 10))->runs.size(), 1U);
  EXPECT_EQ(house_.run(house_.engine().list(house_.me(), "", "last", "", 10))->runs.size(), 1U);
  EXPECT_EQ(house_.run(house_.engine().list(house_.me(), "", "", "rubbish", 10)).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(EngineBehaviour, AChainOfTenThousandStepsEnds) {
  Graph graph;
  for (int i = 0; i < 10'000; ++i) {
    graph.nodes.push_back(fake("n" + std::to_string(i), i == 0 ? "{}" : R"({"same":true})"));
    if (i > 0) graph.edges.push_back(edge("n" + std::to_string(i - 1), "n" + std::to_string(i)));
  }
  const RunId id = house_.submit(graph);
  EXPECT_EQ(house_.wait(id).state, RunState::succeeded);
  const RunId again = house_.submit(graph);
  EXPECT_EQ(house_.wait(again).cached_count, 10'000U);
}

TEST_F(EngineBehaviour, AStepThatGivesWhatItDoesNotDeclareOrLeavesOutWhatItMustFails) {
  const RunView run = house_.wait(house_.submit({{fake("a", R"({"mute":true})")}, {}, {}}));
  EXPECT_EQ(run.state, RunState::failed);
  EXPECT_NE(run.error->message.find("gave no \"out\""), std::string::npos);
}

TEST_F(EngineBehaviour, EventsTellOfStartStepsAndEndAndAreNumberedPerTopic) {
  const auto from = house_.run(house_.events().now()).value();
  const RunId id = house_.submit({{fake("a", "{}", "fake.media"), fake("b")}, {edge("a", "b")}, {}});
  house_.wait(id);
  const auto events = house_.run(house_.events().after(house_.me(), from, 100)).value();
  std::vector<std::string> told;
  for (const store::Event& event : events) {
    const auto data = json::parse(event.data).value();
    const auto* step = data.as_object().if_contains("step");
    told.push_back(event.topic.substr(0, 4) + " " + event.type + " " +
                   std::string((step ? step->as_object() : data.as_object()).at("state").as_string()) + " " +
                   std::to_string(event.number));
  }
  EXPECT_THAT(
      told, ElementsAre("runs run.changed running 1", "run/ step.changed succeeded 1", "run/ step.changed succeeded 2",
                        "run/ run.changed succeeded 3", "runs run.changed succeeded 2"));
}

TEST_F(EngineBehaviour, AStoppedEngineRefuses) {
  House& house = house_;
  house.run(house.engine().stop());
  EXPECT_EQ(house.run(house.engine().submit(house.request({{fake("a")}, {}, {}}))).error().code,
            ErrorCode::unavailable);
}

TEST_F(EngineBehaviour, TooManyRunsAreRefusedWithATimeToWait) {
  house_.stop();
  house_.start({.runs_at_most = 2});
  house_.submit({{fake("a", R"({"hold":"g"})")}, {}, {}});
  const auto refused = house_.run([](Engine* engine, RunRequest first, RunRequest second) -> Task<Result<RunId>> {
    auto ok = co_await engine->submit(std::move(first));
    if (!ok) co_return error_of(ok);
    co_return co_await engine->submit(std::move(second));
  }(&house_.engine(), house_.request({{fake("b", R"({"hold":"g"})")}, {}, {}}), house_.request({{fake("c")}, {}, {}})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "too_many_runs");
  EXPECT_TRUE(refused.error().retry_after_ms);
}

}  // namespace
}  // namespace atelier::graph

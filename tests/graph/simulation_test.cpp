#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/graph/house.hpp"

namespace atelier::graph {
namespace {

// Random graphs with random failures, cancellations and restarts, checked against what each graph must give.
class Simulation : public testing::TestWithParam<unsigned> {
 protected:
  struct Plan {
    Graph graph;
    std::vector<std::string> outputs;  // of each node, if it succeeds
    bool must_fail = false;
  };

  int pick(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  Plan plan(int number) {
    Plan made;
    const int count = pick(1, 14);
    std::vector<int> order;
    for (int i = 0; i < count; ++i) order.push_back(i);
    for (int i = 0; i < count; ++i) {
      // Few texts, so that steps of different graphs are often identical.
      json::Object parameters{{"text", std::string(1, static_cast<char>('a' + pick(0, 3)))}};
      const int fate = pick(0, 19);
      if (fate == 0) {
        parameters["fail"] = "internal";
        parameters["salt"] = number;
        made.must_fail = true;
      } else if (fate <= 3) {
        parameters["fail"] = "unavailable";
        parameters["times"] = pick(1, 2);
        parameters["salt"] = number;
      }
      const std::string type = fate <= 3
                                   ? "fake.quick"
                                   : std::vector<std::string>{"fake.light", "fake.media", "fake.network",
                                                              "fake.uncached"}[static_cast<std::size_t>(pick(0, 3))];
      made.graph.nodes.push_back(Node{.name = fmt::format("{}-{}", number, i),
                                      .type = type,
                                      .parameters = parameters,
                                      .weight = pick(-2, 2),
                                      .label = {}});
      std::string output(parameters["text"].as_string());
      for (int from = 0; from < i; ++from) {
        if (pick(0, 3) != 0) continue;
        made.graph.edges.push_back(
            edge(made.graph.nodes[static_cast<std::size_t>(from)].name, made.graph.nodes.back().name));
        output += made.outputs[static_cast<std::size_t>(from)];
      }
      made.outputs.push_back(output.size() > 64 ? sha256(output).hex() : output);
    }
    return made;
  }

  std::mt19937 random_{GetParam()};
  TemporaryFolder folder_;
};

TEST_P(Simulation, EveryRunEndsOnceAndGivesWhatItsGraphSays) {
  House house(folder_.path(), {.light_at_most = 3, .media_at_most = 1, .network_at_most = 2});
  struct Running {
    Plan plan;
    RunId id;
    bool is_cancelled;
  };
  std::vector<Running> runs;
  for (int number = 0; number < 60; ++number) {
    Running running{.plan = plan(number), .id = {}, .is_cancelled = pick(0, 9) == 0};
    RunRequest request = house.request(running.plan.graph);
    request.priority = pick(-1, 1);
    running.id = RunId::make();
    request.id = running.id;
    const auto stored = house.run(house.engine().submit(std::move(request)));
    ASSERT_TRUE(stored) << stored.error().describe();
    if (running.is_cancelled) {
      ASSERT_TRUE(house.run(house.engine().cancel(house.me(), running.id)));
    }
    runs.push_back(std::move(running));
    if (pick(0, 14) == 0) {
      house.stop();
      house.start({.light_at_most = 3, .media_at_most = 1, .network_at_most = 2});
    }
  }
  for (const Running& running : runs) {
    const RunView run = house.wait(running.id);
    if (run.state == RunState::cancelled) {
      EXPECT_TRUE(running.is_cancelled);
    } else {
      EXPECT_EQ(run.state, running.plan.must_fail ? RunState::failed : RunState::succeeded);
    }
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
      const StepView& step = run.steps[i];
      EXPECT_TRUE(step.state == StepState::succeeded || step.state == StepState::failed ||
                  step.state == StepState::cancelled)
          << to_string(step.state);
      if (step.state != StepState::succeeded) continue;
      EXPECT_EQ(std::get<json::Value>(step.outputs.at("out")).as_string(), running.plan.outputs[i]);
    }
  }
  house.settle();
  for (const char* name : {"light", "media", "network"}) {
    EXPECT_EQ(house.metric(fmt::format("atelier_graph_running_steps{{class=\"{}\"}} ", name)), 0);
    EXPECT_EQ(house.metric(fmt::format("atelier_graph_ready_steps{{class=\"{}\"}} ", name)), 0);
  }
  EXPECT_EQ(house.metric("atelier_graph_active_runs "), 0);
  EXPECT_EQ(house.nodes().running_count(), 0U);
  EXPECT_EQ(house.count("SELECT count(*) FROM events WHERE topic = 'runs' AND data NOT LIKE '%\"state\":\"running\"%'"),
            60);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, testing::Range(1U, 6U));

}  // namespace
}  // namespace atelier::graph

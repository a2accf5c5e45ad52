#include "graph/graph.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/graph/fake_nodes.hpp"

namespace atelier::graph {
namespace {

struct Case {
  std::string name;
  Graph graph;
  std::string reason;
  std::string where;
  std::vector<std::string> says;  // parts of the message
};

class GraphCheck : public testing::TestWithParam<Case> {};

TEST_P(GraphCheck, NamesWhatIsWrong) {
  asio::io_context loop;
  const FakeNodes nodes(loop.get_executor());
  const auto checked = check_graph(GetParam().graph, nodes.registry());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(checked.error().reason, GetParam().reason);
  EXPECT_EQ(checked.error().where, GetParam().where);
  for (const std::string& part : GetParam().says)
    EXPECT_NE(checked.error().message.find(part), std::string::npos) << checked.error().message;
}

Graph too_many() {
  Graph graph;
  for (std::size_t i = 0; i <= kNodesMax; ++i) graph.nodes.push_back(fake("n" + std::to_string(i)));
  return graph;
}

const Case kCases[] = {
    {"NoNodes", {}, "graph_empty", "/nodes", {}},
    {"TooManyNodes", too_many(), "graph_too_large", "/nodes", {"20001", "20000"}},
    {"ANodeWithoutName", {{fake("")}, {}, {}}, "node_name_invalid", "/nodes/0/name", {}},
    {"TwoNodesOfOneName", {{fake("a"), fake("a")}, {}, {}}, "node_name_taken", "/nodes/1/name", {"\"a\""}},
    {"AnUnknownType",
     {{fake("a", "{}", "fake.ligth")}, {}, {}},
     "node_type_unknown",
     "/nodes/0/type",
     {"fake.ligth", "did you mean \"fake.light\""}},
    {"WrongParameters",
     {{fake("a"), fake("b", R"({"wrong":1})")}, {}, {}},
     "field_invalid",
     "/nodes/1/parameters/wrong",
     {"\"b\"", "must not be wrong"}},
    {"AnEdgeFromNowhere",
     {{fake("scene")}, {edge("scen", "scene")}, {}},
     "node_unknown",
     "/edges/0/from",
     {"\"scen\"", "did you mean \"scene\""}},
    {"AnEdgeToNowhere", {{fake("a")}, {edge("a", "b")}, {}}, "node_unknown", "/edges/0/to", {"\"b\""}},
    {"AnUnknownOutput",
     {{fake("a"), fake("b")}, {{"a", "outt", "b", "in"}}, {}},
     "port_unknown",
     "/edges/0/from",
     {"\"a\"", "outt", "did you mean \"out\""}},
    {"AnUnknownInput",
     {{fake("a"), fake("b")}, {{"a", "out", "b", "inn"}}, {}},
     "port_unknown",
     "/edges/0/to",
     {"\"b\"", "inn"}},
    {"AnEdgeBetweenTypes",
     {{fake("a"), fake("b")}, {{"a", "file", "b", "in"}}, {}},
     "port_type_wrong",
     "/edges/0",
     {"\"file\" of node \"a\" gives video", "\"in\" of node \"b\" takes text"}},
    {"TwoEdgesIntoAPlainPort",
     {{fake("a"), fake("b")}, {{"a", "out", "b", "one"}, {"a", "out", "b", "one"}}, {}},
     "port_taken",
     "/edges/1/to",
     {"\"one\" of node \"b\""}},
    {"AnEdgeAndAValueIntoAPlainPort",
     {{fake("a"), fake("b")}, {{"a", "out", "b", "one"}}, {{"b", "one", json::Value("x")}}},
     "port_taken",
     "/edges/0/to",
     {}},
    {"AGivenValueOfAnotherType",
     {{fake("a")}, {}, {{"a", "one", json::Value(5)}}},
     "port_type_wrong",
     "/given/0/value",
     {"\"one\" of node \"a\" takes text"}},
    {"AGivenValueWhereABlobBelongs",
     {{fake("a")}, {}, {{"a", "picture", json::Value("x")}}},
     "port_type_wrong",
     "/given/0/value",
     {"takes image"}},
    {"AMissingInput",
     {{fake("a"), fake("b", "{}", "fake.strict")}, {}, {}},
     "input_missing",
     "/nodes/1",
     {"\"one\" of node \"b\""}},
    {"ACycle",
     {{fake("a"), fake("b"), fake("c"), fake("d")},
      {edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("d", "b")},
      {}},
     "graph_cycle",
     "/edges",
     {"d -> b", "b -> c", "c -> d"}},
    {"ANodeThatFeedsItself", {{fake("a")}, {edge("a", "a")}, {}}, "graph_cycle", "/edges", {"a -> a"}},
};

INSTANTIATE_TEST_SUITE_P(Cases, GraphCheck, testing::ValuesIn(kCases), [](const auto& one) { return one.param.name; });

TEST(GraphCheckOfGoodOnes, AChainOfTwentyThousandNodesPasses) {
  asio::io_context loop;
  const FakeNodes nodes(loop.get_executor());
  Graph graph;
  for (std::size_t i = 0; i < kNodesMax; ++i) {
    graph.nodes.push_back(fake("n" + std::to_string(i)));
    if (i > 0) graph.edges.push_back(edge("n" + std::to_string(i - 1), "n" + std::to_string(i)));
  }
  std::reverse(graph.nodes.begin(), graph.nodes.end());
  const auto checked = check_graph(graph, nodes.registry());
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST(GraphJson, ComesBackAsItWas) {
  Graph graph{{fake("a", R"({"text":"é","n":[1,2.5,null]})"), fake("b")}, {edge("a", "b")}, {}};
  graph.nodes[1].weight = -7;
  graph.nodes[1].label = "Scene 1";
  graph.given.push_back({"a", "picture", BlobRef{.digest = sha256("x"), .size_bytes = 12, .media_type = "image/png"}});
  graph.given.push_back({"a", "one", json::Value("text")});
  const auto again = graph_from_json(to_json(graph));
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(json::write(to_json(*again)), json::write(to_json(graph)));
  EXPECT_EQ(again->nodes[1].weight, -7);
  EXPECT_EQ(std::get<BlobRef>(again->given[0].value), std::get<BlobRef>(graph.given[0].value));
}

TEST(GraphJson, AWrongFieldIsNamed) {
  const auto read = graph_from_json(parameters(R"({"nodes":[{"name":"a","type":"t","weihgt":1}],"edges":[]})"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().where, "/nodes/0/weihgt");
}

}  // namespace
}  // namespace atelier::graph

#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "graph/node.hpp"

namespace atelier::graph {

// Where an input comes from: another node's output, or a value given with the graph (an asset's blob, a text).
struct Edge {
  std::string from_node, from_port;
  std::string to_node, to_port;
};

struct GivenInput {
  std::string to_node, to_port;
  PortValue value;
};

struct Node {
  std::string name;  // unique in the graph: "scene-2/speech"
  std::string type;  // of a NodeType
  json::Value parameters;
  // Larger runs first among ready steps of equal run priority: longest work first fills the cores.
  std::int64_t weight = 0;
  // For people: "Scene 2: speech".
  std::string label;
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<GivenInput> given;
};

inline constexpr std::size_t kNodesMax = 20'000;
inline constexpr std::size_t kEdgesMax = 200'000;

// Everything that is wrong makes one error that names node and port: unknown type, unknown or wrongly typed port,
// missing required input, two edges into a plain port, a cycle (its path is named), parameters (through
// NodeType::check).
Result<> check_graph(const Graph& graph, const NodeRegistry& registry);

json::Value to_json(const Graph& graph);
Result<Graph> graph_from_json(const json::Value& value);

}  // namespace atelier::graph

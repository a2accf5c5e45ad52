#include <fmt/format.h>

#include "graph/graph.hpp"

namespace atelier::graph {
namespace {

json::Value to_json(const Node& node) {
  json::Object object;
  object.reserve(5);
  object.emplace("name", node.name);
  object.emplace("type", node.type);
  object.emplace("parameters", node.parameters);
  if (node.weight != 0) object.emplace("weight", node.weight);
  if (!node.label.empty()) object.emplace("label", node.label);
  return object;
}

// "from" and "to" are [node, port].
json::Value to_json(const Edge& edge) {
  return json::Object{{"from", json::Array{json::Value(edge.from_node), json::Value(edge.from_port)}},
                      {"to", json::Array{json::Value(edge.to_node), json::Value(edge.to_port)}}};
}

json::Value to_json(const GivenInput& given) {
  return json::Object{{"to", json::Array{json::Value(given.to_node), json::Value(given.to_port)}},
                      {"value", graph::to_json(given.value)}};
}

struct PortName {
  std::string node, port;
};

PortName read_port(json::ObjectReader& reader, std::string_view field) {
  const json::Array* pair = reader.required_array(field, 2);
  if (pair && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string())
    return {std::string((*pair)[0].get_string()), std::string((*pair)[1].get_string())};
  reader.complain(field, "must be a node's name and a port's name");
  return {};
}

Result<Node> node_from_json(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  Node node;
  node.name = reader.required_string("name");
  node.type = reader.required_string("type");
  if (const json::Value* parameters = reader.optional_value("parameters")) node.parameters = *parameters;
  node.weight = reader
                    .optional_integer("weight", std::numeric_limits<std::int64_t>::min(),
                                      std::numeric_limits<std::int64_t>::max())
                    .value_or(0);
  node.label = reader.optional_string("label").value_or("");
  if (auto done = reader.finish(); !done) return error_of(done);
  return node;
}

Result<Edge> edge_from_json(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  PortName from = read_port(reader, "from");
  PortName to = read_port(reader, "to");
  if (auto done = reader.finish(); !done) return error_of(done);
  return Edge{std::move(from.node), std::move(from.port), std::move(to.node), std::move(to.port)};
}

Result<GivenInput> given_from_json(const json::Value& value, std::string where) {
  json::ObjectReader reader(value, std::move(where));
  PortName to = read_port(reader, "to");
  const json::Value* given = reader.required_value("value");
  if (auto done = reader.finish(); !done) return error_of(done);
  auto port_value = port_value_from_json(*given, reader.pointer_to("value"));
  if (!port_value) return error_of(port_value);
  return GivenInput{std::move(to.node), std::move(to.port), std::move(*port_value)};
}

template <class T>
json::Array list_to_json(const std::vector<T>& list) {
  json::Array array;
  array.reserve(list.size());
  for (const T& item : list) array.push_back(to_json(item));
  return array;
}

template <class T>
Result<> read_list(const json::Array* array, std::string_view name, std::vector<T>& into,
                   Result<T> (*read)(const json::Value&, std::string)) {
  if (array == nullptr) return {};
  into.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto item = read((*array)[i], fmt::format("/{}/{}", name, i));
    if (!item) return error_of(item);
    into.push_back(std::move(*item));
  }
  return {};
}

}  // namespace

json::Value to_json(const Graph& graph) {
  json::Object object{{"nodes", list_to_json(graph.nodes)}, {"edges", list_to_json(graph.edges)}};
  if (!graph.given.empty()) object.emplace("given", list_to_json(graph.given));
  return object;
}

Result<Graph> graph_from_json(const json::Value& value) {
  json::ObjectReader reader(value);
  const json::Array* nodes = reader.required_array("nodes", kNodesMax);
  const json::Array* edges = reader.optional_array("edges", kEdgesMax);
  const json::Array* given = reader.optional_array("given", kEdgesMax);
  if (auto done = reader.finish(); !done) return error_of(done);
  Graph graph;
  if (auto read = read_list(nodes, "nodes", graph.nodes, node_from_json); !read) return error_of(read);
  if (auto read = read_list(edges, "edges", graph.edges, edge_from_json); !read) return error_of(read);
  if (auto read = read_list(given, "given", graph.given, given_from_json); !read) return error_of(read);
  return graph;
}

}  // namespace atelier::graph

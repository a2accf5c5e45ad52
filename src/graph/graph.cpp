#include "graph/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"

namespace atelier::graph {
namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kCycleNamesMax = 12;

std::unexpected<Error> refuse(std::string reason, std::string where, std::string message,
                              std::source_location source = std::source_location::current()) {
  return fail(ErrorCode::invalid_argument, std::move(message), {.reason = std::move(reason), .where = std::move(where)},
              source);
}

const Port* find_port(std::span<const Port> ports, std::string_view name) noexcept {
  const auto found = std::find_if(ports.begin(), ports.end(), [name](const Port& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

std::string say_meant(std::string_view wrong, const std::vector<std::string_view>& known) {
  const auto meant = suggest(wrong, known);
  return meant ? fmt::format("; did you mean \"{}\"?", *meant) : "";
}

std::string say_ports(std::string_view wrong, std::span<const Port> ports) {
  std::vector<std::string_view> names;
  for (const Port& port : ports) names.push_back(port.name);
  return fmt::format("has no port \"{}\" there, only {}{}", printable(wrong, 64),
                     names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")), say_meant(wrong, names));
}

bool fits(const PortValue& value, PortType type) noexcept {
  const auto* inline_value = std::get_if<json::Value>(&value);
  switch (type) {
    case PortType::json:
      return true;
    case PortType::text:
      return inline_value == nullptr || inline_value->is_string();
    default:
      return inline_value == nullptr;
  }
}

class Check {
 public:
  Check(const Graph& graph, const NodeRegistry& registry) : graph_(graph), registry_(registry) {}

  Result<> run() {
    if (auto ok = check_counts(); !ok) return ok;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      if (auto ok = check_node(i); !ok) return ok;
    for (std::size_t i = 0; i < graph_.given.size(); ++i)
      if (auto ok = check_given(i); !ok) return ok;
    for (std::size_t i = 0; i < graph_.edges.size(); ++i)
      if (auto ok = check_edge(i); !ok) return ok;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      if (auto ok = check_required(i); !ok) return ok;
    return check_cycles();
  }

 private:
  Result<> check_counts() const {
    if (graph_.nodes.empty()) return refuse("graph_empty", "/nodes", "a graph needs at least one node");
    if (graph_.nodes.size() > kNodesMax)
      return refuse("graph_too_large", "/nodes",
                    fmt::format("{} nodes, more than the {} allowed", graph_.nodes.size(), kNodesMax));
    if (graph_.edges.size() + graph_.given.size() > kEdgesMax)
      return refuse("graph_too_large", "/edges",
                    fmt::format("{} edges and given inputs, more than the {} allowed",
                                graph_.edges.size() + graph_.given.size(), kEdgesMax));
    return {};
  }

  Result<> check_node(std::size_t index) {
    const Node& node = graph_.nodes[index];
    const std::string where = fmt::format("/nodes/{}", index);
    if (node.name.empty() || node.name.size() > kNameBytesMax || !is_valid_utf8(node.name))
      return refuse(
          "node_name_invalid", where + "/name",
          fmt::format("a node's name has 1 to {} bytes of UTF-8, not \"{}\"", kNameBytesMax, printable(node.name, 64)));
    if (!indexes_.emplace(node.name, index).second)
      return refuse("node_name_taken", where + "/name",
                    fmt::format("two nodes are named \"{}\"", printable(node.name)));
    const NodeType* type = registry_.find(node.type);
    if (type == nullptr) {
      std::vector<std::string_view> names;
      for (const NodeType* known : registry_.all()) names.push_back(known->name);
      return refuse("node_type_unknown", where + "/type",
                    fmt::format("node \"{}\" is of the unknown type \"{}\"{}", printable(node.name),
                                printable(node.type, 64), say_meant(node.type, names)));
    }
    types_.push_back(type);
    sources_.emplace_back();
    if (type->check == nullptr) return {};
    auto checked = type->check(node.parameters);
    if (checked) return {};
    Error error = std::move(checked).error();
    error.message = fmt::format("node \"{}\": {}", printable(node.name), error.message);
    error.where = fmt::format("{}/parameters{}", where, error.where);
    return std::unexpected(std::move(error));
  }

  // The node's index, or an error that says what names it.
  Result<std::size_t> find_node(const std::string& name, const std::string& where) const {
    const auto found = indexes_.find(name);
    if (found != indexes_.end()) return found->second;
    std::vector<std::string_view> names;
    for (const Node& node : graph_.nodes)
      if (names.size() < 1'000) names.push_back(node.name);
    return refuse("node_unknown", where,
                  fmt::format("there is no node \"{}\"{}", printable(name, 64), say_meant(name, names)));
  }

  // Takes the input port of an edge or given value; what comes in is of `type`, unless it is a value that was checked.
  Result<const Port*> take_input(std::size_t node, const std::string& port_name, const std::string& where) {
    const Port* port = find_port(types_[node]->inputs, port_name);
    if (port == nullptr)
      return refuse("port_unknown", where,
                    fmt::format("input of node \"{}\" ({}): it {}", printable(graph_.nodes[node].name),
                                types_[node]->name, say_ports(port_name, types_[node]->inputs)));
    auto& taken = connected_[node * kPortsMax + static_cast<std::size_t>(port - types_[node]->inputs.data())];
    if (taken && !port->is_list)
      return refuse("port_taken", where,
                    fmt::format("port \"{}\" of node \"{}\" takes one input and has two", port->name,
                                printable(graph_.nodes[node].name)));
    taken = true;
    return port;
  }

  Result<> check_given(std::size_t index) {
    const GivenInput& given = graph_.given[index];
    const std::string where = fmt::format("/given/{}", index);
    const auto node = find_node(given.to_node, where + "/to");
    if (!node) return error_of(node);
    const auto port = take_input(*node, given.to_port, where + "/to");
    if (!port) return error_of(port);
    if (!fits(given.value, (*port)->type))
      return refuse("port_type_wrong", where + "/value",
                    fmt::format("port \"{}\" of node \"{}\" takes {}, and the value given is none", (*port)->name,
                                printable(given.to_node), to_string((*port)->type)));
    if (const auto* value = std::get_if<json::Value>(&given.value))
      if (const std::size_t size = json::write(*value).size(); size > kInlineBytesMax)
        return refuse(
            "value_too_large", where + "/value",
            fmt::format("the value given to port \"{}\" of node \"{}\" has {} bytes, more than the {} allowed",
                        (*port)->name, printable(given.to_node), size, kInlineBytesMax));
    return {};
  }

  Result<> check_edge(std::size_t index) {
    const Edge& edge = graph_.edges[index];
    const std::string where = fmt::format("/edges/{}", index);
    const auto from = find_node(edge.from_node, where + "/from");
    if (!from) return error_of(from);
    const auto to = find_node(edge.to_node, where + "/to");
    if (!to) return error_of(to);
    const Port* output = find_port(types_[*from]->outputs, edge.from_port);
    if (output == nullptr)
      return refuse("port_unknown", where + "/from",
                    fmt::format("output of node \"{}\" ({}): it {}", printable(edge.from_node), types_[*from]->name,
                                say_ports(edge.from_port, types_[*from]->outputs)));
    const auto input = take_input(*to, edge.to_port, where + "/to");
    if (!input) return error_of(input);
    if (output->type != (*input)->type)
      return refuse("port_type_wrong", where,
                    fmt::format("port \"{}\" of node \"{}\" gives {}, but port \"{}\" of node \"{}\" takes {}",
                                output->name, printable(edge.from_node), to_string(output->type), (*input)->name,
                                printable(edge.to_node), to_string((*input)->type)));
    sources_[*to].push_back(*from);
    return {};
  }

  Result<> check_required(std::size_t node) const {
    const auto ports = types_[node]->inputs;
    ensure(ports.size() <= kPortsMax, "a node type has too many ports");
    for (std::size_t i = 0; i < ports.size(); ++i)
      if (ports[i].is_required && !connected_.contains(node * kPortsMax + i))
        return refuse("input_missing", fmt::format("/nodes/{}", node),
                      fmt::format("port \"{}\" of node \"{}\" ({}) needs an input", ports[i].name,
                                  printable(graph_.nodes[node].name), types_[node]->name));
    return {};
  }

  // Walks from each node to its sources without recursion: graphs may be one chain of thousands.
  Result<> check_cycles() const {
    enum class Mark : std::uint8_t { unseen, on_path, done };
    std::vector<Mark> marks(graph_.nodes.size(), Mark::unseen);
    struct Frame {
      std::size_t node, next_source;
    };
    std::vector<Frame> path;
    for (std::size_t root = 0; root < graph_.nodes.size(); ++root) {
      if (marks[root] != Mark::unseen) continue;
      path.push_back({root, 0});
      marks[root] = Mark::on_path;
      while (!path.empty()) {
        Frame& top = path.back();
        if (top.next_source == sources_[top.node].size()) {
          marks[top.node] = Mark::done;
          path.pop_back();
          continue;
        }
        const std::size_t source = sources_[top.node][top.next_source++];
        if (marks[source] == Mark::on_path) {
          std::vector<std::size_t> cycle;
          for (std::size_t i = path.size(); i-- > 0 && (cycle.empty() || cycle.back() != source);)
            cycle.push_back(path[i].node);
          return refuse_cycle(cycle);
        }
        if (marks[source] == Mark::unseen) {
          marks[source] = Mark::on_path;
          path.push_back({source, 0});
        }
      }
    }
    return {};
  }

  std::unexpected<Error> refuse_cycle(const std::vector<std::size_t>& cycle) const {
    // The walk went towards the sources; the cycle was collected backwards, so it follows the edges again.
    std::string text;
    for (std::size_t i = 0; i < std::min(cycle.size(), kCycleNamesMax); ++i)
      text += printable(graph_.nodes[cycle[i]].name, 64) + " -> ";
    if (cycle.size() > kCycleNamesMax) text += fmt::format("({} more) -> ", cycle.size() - kCycleNamesMax);
    return refuse("graph_cycle", "/edges",
                  fmt::format("the graph has a cycle: {}{}", text, printable(graph_.nodes[cycle.front()].name, 64)));
  }

  static constexpr std::size_t kPortsMax = 64;
  const Graph& graph_;
  const NodeRegistry& registry_;
  std::unordered_map<std::string_view, std::size_t> indexes_;
  std::vector<const NodeType*> types_;
  std::vector<std::vector<std::size_t>> sources_;
  std::unordered_map<std::size_t, bool> connected_;  // by node * kPortsMax + port
};

}  // namespace

Result<> check_graph(const Graph& graph, const NodeRegistry& registry) { return Check(graph, registry).run(); }

}  // namespace atelier::graph

#pragma once

#include <vector>

#include "graph/node.hpp"

namespace atelier::graph {

// Every node type of this server: one row each.
std::vector<const NodeType*> all_node_types();

}  // namespace atelier::graph

#include "graph/node.hpp"

#include <algorithm>

namespace atelier::graph {

NodeRegistry::NodeRegistry(std::vector<const NodeType*> types) : types_(std::move(types)) {
  std::sort(types_.begin(), types_.end(),
            [](const NodeType* left, const NodeType* right) { return left->name < right->name; });
  const auto twice = std::adjacent_find(types_.begin(), types_.end(), [](const NodeType* left, const NodeType* right) {
    return left->name == right->name;
  });
  ensure(twice == types_.end(), "two node types have one name");
}

const NodeType* NodeRegistry::find(std::string_view name) const noexcept {
  const auto found =
      std::lower_bound(types_.begin(), types_.end(), name,
                       [](const NodeType* type, std::string_view wanted) { return type->name < wanted; });
  return found != types_.end() && (*found)->name == name ? *found : nullptr;
}

}  // namespace atelier::graph

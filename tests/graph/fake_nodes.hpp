#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "graph/graph.hpp"

// Node types that behave, and fail when told. What they do is in their parameters:
//   {"text": "a"}            the output: this and all inputs, joined
//   {"same": true}           the output is the text alone, whatever the inputs
//   {"fail": "unavailable", "reason": "worker_crashed", "times": 2, "retry_after_ms": 5}
//                            fails so the first times it is tried (without "times": always)
//   {"hold": "gate"}         waits until the gate is opened or the step is stopped
//   {"deaf": true}           does not stop when told, only at its gate
//   {"blob": true}           the output is a blob
//   {"read": true}           fails unless it can open its clips
namespace atelier::graph {

class FakeNodes {
 public:
  explicit FakeNodes(Executor executor) : changed_(executor) { current = this; }
  ~FakeNodes() { current = nullptr; }

  NodeRegistry registry() const;
  NodeServices& services();

  void open(const std::string& gate) {
    open_gates_[gate] = true;
    changed_.notify_all();
  }
  // How often the node of this name began, and how many of them run now.
  int begun(const std::string& node) const { return count(begun_, node); }
  int ended(const std::string& node) const { return count(ended_, node); }
  const std::vector<std::string>& order() const { return order_; }
  std::size_t running_count() const { return running_; }
  std::size_t running_max() const { return running_max_; }
  std::function<void(const StepRun&)> on_run;  // looks in while a step runs
  std::function<Task<Result<BlobRef>>(std::string)> put_blob;
  std::function<Task<Result<store::OpenBlob>>(Digest)> open_blob;
  std::string version_suffix;

  static FakeNodes* current;
  static Task<Result<Outputs>> run(NodeServices* services, StepRun step);
  static Result<> check(const json::Value& parameters);

 private:
  static int count(const std::map<std::string, int>& counts, const std::string& node) {
    const auto found = counts.find(node);
    return found == counts.end() ? 0 : found->second;
  }
  Task<Result<Outputs>> behave(StepRun step);

  Signal changed_;
  std::map<std::string, bool> open_gates_;
  std::map<std::string, int> begun_, ended_, failed_;
  std::vector<std::string> order_;
  std::size_t running_ = 0, running_max_ = 0;
  char services_ = 0;
};

inline json::Value parameters(std::string_view text) { return json::parse(text).value(); }
inline Node fake(std::string name, std::string_view params = "{}", std::string type = "fake.light") {
  return Node{
      .name = std::move(name), .type = std::move(type), .parameters = parameters(params), .weight = 0, .label = {}};
}
inline Edge edge(std::string from, std::string to) { return Edge{std::move(from), "out", std::move(to), "in"}; }

}  // namespace atelier::graph

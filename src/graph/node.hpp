#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "graph/value.hpp"

namespace atelier::graph {

struct Port {
  std::string_view name;
  PortType type;
  bool is_required = true;
  // Takes several edges, in order; its value is given as a list.
  bool is_list = false;
};

// Steps of one class share a concurrency limit.
enum class NodeClass : std::uint8_t {
  light,    // milliseconds on a loop
  media,    // a media worker's core
  network,  // waits for someone else
};

struct RetryPolicy {
  std::uint32_t attempts_max = 3;
  std::chrono::milliseconds backoff_base{500};
  std::chrono::milliseconds backoff_max{30'000};
};

// What a step may say while it runs. Thread-safe.
class StepReporter {
 public:
  virtual ~StepReporter() = default;
  // Progress in units of the node; sent on at most ten times a second, kept nowhere.
  virtual void progress(std::int64_t done, std::int64_t total) = 0;
};

struct StepRun {
  Principal principal;
  RunId run;
  std::string node;  // the node's name in its graph
  json::Value parameters;
  // By port name; a list port has its values in edge order, a plain one exactly one (none when optional and
  // unconnected).
  std::map<std::string, std::vector<PortValue>, std::less<>> inputs;
  std::uint32_t attempt = 1;
  // When the attempt is over, whatever it is doing.
  std::chrono::steady_clock::time_point deadline;
  std::shared_ptr<StepReporter> reporter;  // shared with callbacks of workers that may outlive the attempt
};

// What node types need of the house. Given at start; outlives every step.
struct NodeServices;

struct NodeType {
  std::string_view name;  // "story.speech"
  // Part of the cache key: raise it when the same input would give other bytes. Task versions of the worker are added
  // by `version_suffix`, if any.
  std::uint32_t version = 1;
  std::string_view help;
  std::span<const Port> inputs = {};
  std::span<const Port> outputs = {};
  NodeClass node_class = NodeClass::light;
  std::chrono::milliseconds timeout{60'000};  // of one attempt
  RetryPolicy retry = {};
  bool is_cacheable = true;
  // Checks the parameters when a graph is submitted. The Error's `where` is a JSON pointer into them.
  Result<> (*check)(const json::Value& parameters) = nullptr;
  // `services` outlives it. Cancelled through Asio's cancellation; ErrorCode::cancelled is then the answer.
  Task<Result<Outputs>> (*run)(NodeServices* services, StepRun step) = nullptr;
  // More for the cache key, such as the versions of worker tasks it uses and the digest of the fonts.
  std::string (*version_suffix)(NodeServices& services) = nullptr;
};

// The node types of this server, by name. Made at start; immutable.
class NodeRegistry {
 public:
  explicit NodeRegistry(std::vector<const NodeType*> types);
  const NodeType* find(std::string_view name) const noexcept;
  std::span<const NodeType* const> all() const noexcept { return types_; }

 private:
  std::vector<const NodeType*> types_;  // sorted by name
};

}  // namespace atelier::graph

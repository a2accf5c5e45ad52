#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "graph/node.hpp"
#include "graph/node/services.hpp"

namespace atelier::graph {

// A task for the media worker, with blobs where the worker sees files.
struct MediaTask {
  std::string_view type;
  json::Value parameters;
  struct Input {
    std::string name;
    BlobRef blob;
  };
  std::vector<Input> inputs;
  struct Output {
    std::string name;
    std::string media_type;
    std::uint64_t size_bytes_max = std::uint64_t{1} << 30;
  };
  std::vector<Output> outputs;
  std::uint64_t memory_bytes_max = std::uint64_t{768} << 20;
};

struct MediaResult {
  json::Value result;
  std::map<std::string, BlobRef, std::less<>> outputs;
};

// Opens the blobs, runs the task in a worker under the step's deadline with its progress, and stores what it wrote.
// Nothing is stored unless the task succeeds.
Task<Result<MediaResult>> run_media_task(NodeServices* services, StepRun step, MediaTask task);

// The one value of a plain port. The graph was checked, so it is there and of its type.
const json::Value& json_input(const StepRun& step, std::string_view port);
const BlobRef& blob_input(const StepRun& step, std::string_view port);
const BlobRef* optional_blob_input(const StepRun& step, std::string_view port);

// What every type has whose steps are tasks of the media worker: its class, and the worker's versions in its results'
// keys.
NodeType media_type(NodeType type);

}  // namespace atelier::graph

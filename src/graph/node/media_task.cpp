#include "graph/node/media_task.hpp"

#include <unistd.h>

#include <memory>
#include <utility>

#include "base/async.hpp"
#include "base/trace.hpp"

namespace atelier::graph {
namespace {

const std::vector<PortValue>* values_of(const StepRun& step, std::string_view port) {
  const auto found = step.inputs.find(port);
  return found == step.inputs.end() || found->second.empty() ? nullptr : &found->second;
}

}  // namespace

const json::Value& json_input(const StepRun& step, std::string_view port) {
  const auto* values = values_of(step, port);
  ensure(values && std::holds_alternative<json::Value>(values->front()), "a checked graph connects this port to JSON");
  return std::get<json::Value>(values->front());
}

const BlobRef* optional_blob_input(const StepRun& step, std::string_view port) {
  const auto* values = values_of(step, port);
  return values ? std::get_if<BlobRef>(&values->front()) : nullptr;
}

const BlobRef& blob_input(const StepRun& step, std::string_view port) {
  const BlobRef* blob = optional_blob_input(step, port);
  ensure(blob != nullptr, "a checked graph connects this port to a blob");
  return *blob;
}

NodeType media_type(NodeType type) {
  type.node_class = NodeClass::media;
  type.version_suffix = [](NodeServices& services) { return services.media_version; };
  return type;
}

Task<Result<MediaResult>> run_media_task(NodeServices* services, StepRun step, MediaTask task) {
  media::TaskRequest request{.type = std::string(task.type),
                             .parameters = std::move(task.parameters),
                             .inputs = {},
                             .outputs = {},
                             .timeout = {},
                             .memory_bytes_max = task.memory_bytes_max,
                             .output_bytes_max = 0,
                             .trace = step.principal.trace};
  trace::Span opening(step.principal.trace, "open files");
  std::vector<store::OpenBlob> open_inputs;  // pins the blobs while the worker reads them
  for (MediaTask::Input& input : task.inputs) {
    auto blob = co_await services->blobs.open(input.blob.digest);
    if (!blob) co_return error_of(blob);
    UniqueFd fd = blob->fd.duplicate();
    if (!fd.is_open()) co_return fail(ErrorCode::unavailable, "no file descriptor is left for a step's input");
    request.inputs.push_back({.name = std::move(input.name), .fd = std::move(fd)});
    open_inputs.push_back(std::move(*blob));
  }
  std::vector<std::unique_ptr<store::BlobWriter>> writers;
  for (const MediaTask::Output& output : task.outputs) {
    auto writer = co_await services->blobs.create(store::BlobKind::derived, output.size_bytes_max);
    if (!writer) co_return error_of(writer);
    UniqueFd fd(::dup((*writer)->fd()));
    if (!fd.is_open()) co_return fail(ErrorCode::unavailable, "no file descriptor is left for a step's output");
    request.outputs.push_back({.name = output.name, .fd = std::move(fd)});
    request.output_bytes_max = std::max(request.output_bytes_max, output.size_bytes_max);
    writers.push_back(std::move(*writer));
  }
  opening.end();
  request.timeout = std::chrono::duration_cast<milliseconds>(step.deadline - services->clock.now());
  if (request.timeout <= milliseconds(0))
    co_return fail(ErrorCode::deadline_exceeded, "the step's time was over before it began");
  std::function<void(media::Progress)> report = [reporter = step.reporter](media::Progress progress) {
    reporter->progress(progress.done, progress.total);
  };
  auto result = co_await services->workers.run(std::move(request), std::move(report));
  if (!result) co_return error_of(result);

  const trace::Span storing(step.principal.trace, "store files");
  MediaResult made{.result = std::move(*result), .outputs = {}};
  for (std::size_t i = 0; i < writers.size(); ++i) {
    auto info = co_await writers[i]->finish();
    if (!info) co_return error_of(info);
    made.outputs.emplace(task.outputs[i].name, BlobRef{.digest = info->digest,
                                                       .size_bytes = info->size_bytes,
                                                       .media_type = task.outputs[i].media_type,
                                                       .pin = std::move(info->pin)});
  }
  co_return made;
}

}  // namespace atelier::graph

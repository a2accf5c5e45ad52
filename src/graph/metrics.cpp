#include "graph/metrics.hpp"

namespace atelier::graph {
std::string_view to_string(NodeClass node_class) noexcept {
  switch (node_class) {
    case NodeClass::light:
      return "light";
    case NodeClass::media:
      return "media";
    case NodeClass::network:
      return "network";
  }
  return "light";
}

EngineMetrics::EngineMetrics(Metrics& metrics, const NodeRegistry& registry)
    : cache_hits(metrics.counter(kCacheHits)),
      cache_misses(metrics.counter(kCacheMisses)),
      shared(metrics.counter(kShared)),
      leases_lost(metrics.counter(kLeasesLost)),
      runs_active(metrics.gauge(kRunsActive)),
      runs_stalled(metrics.gauge(kRunsStalled)),
      front_bytes(metrics.gauge(kFrontBytes)) {
  for (std::size_t c = 0; c < kNodeClassCount; ++c) {
    const std::string_view name = to_string(static_cast<NodeClass>(c));
    for (std::size_t s = 0; s < kStepStateCount; ++s)
      steps_[c][s] = &metrics.counter(kStepsEnded, {name, to_string(static_cast<StepState>(s))});
    queued_[c] = &metrics.gauge(kQueueDepth, {name});
    running_[c] = &metrics.gauge(kStepsRunning, {name});
    queues_[c] = std::make_unique<ToldQueue>(std::string(name) + " steps");
  }
  for (std::size_t s = 0; s < kRunStateCount; ++s)
    runs_[s] = &metrics.counter(kRunsEnded, {to_string(static_cast<RunState>(s))});
  for (const NodeType* type : registry.all())
    types_[type] = {.seconds = &metrics.histogram(kStepSeconds, {type->name}),
                    .retries = &metrics.counter(kRetries, {type->name}),
                    .succeeded = &metrics.counter(kStepResults, {type->name, to_string(StepState::succeeded)}),
                    .failed = &metrics.counter(kStepResults, {type->name, to_string(StepState::failed)})};
}

void EngineMetrics::step_ended(const NodeType& type, StepState state) noexcept {
  steps_[static_cast<std::size_t>(type.node_class)][static_cast<std::size_t>(state)]->add();
  const auto found = types_.find(&type);
  if (found == types_.end()) return;
  if (state == StepState::succeeded) found->second.succeeded->add();
  if (state == StepState::failed) found->second.failed->add();
}

void EngineMetrics::attempt_took(const NodeType& type, double seconds) noexcept {
  if (const auto found = types_.find(&type); found != types_.end()) found->second.seconds->observe(seconds);
}

void EngineMetrics::retried(const NodeType& type) noexcept {
  if (const auto found = types_.find(&type); found != types_.end()) found->second.retries->add();
}

}  // namespace atelier::graph

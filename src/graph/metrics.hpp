#pragma once

#include <array>
#include <map>
#include <memory>
#include <string_view>

#include "base/metrics.hpp"
#include "base/queue_report.hpp"
#include "graph/engine.hpp"

namespace atelier::graph {

inline constexpr std::array<std::string_view, 1> kTypeLabel = {"type"};
inline constexpr std::array<std::string_view, 2> kStateLabels = {"class", "state"};
inline constexpr std::array<std::string_view, 2> kResultLabels = {"type", "state"};
inline constexpr std::array<std::string_view, 1> kClassLabel = {"class"};
inline constexpr std::array<std::string_view, 1> kRunStateLabel = {"state"};

inline constexpr Metric kStepsEnded{"atelier_graph_steps_total", MetricKind::counter,
                                    "Steps that reached an end, by class and state", kStateLabels};
inline constexpr Metric kStepResults{"atelier_graph_step_results_total", MetricKind::counter,
                                     "Steps that reached an end, by node type and state", kResultLabels};
inline constexpr Metric kRunsEnded{"atelier_graph_runs_total", MetricKind::counter, "Runs that ended, by state",
                                   kRunStateLabel};
inline constexpr Metric kRunsActive{"atelier_graph_active_runs", MetricKind::gauge, "Runs in memory"};
inline constexpr Metric kRunsStalled{"atelier_graph_stalled_runs", MetricKind::gauge,
                                     "Active runs whose progress cannot be stored"};
inline constexpr Metric kQueueDepth{"atelier_graph_ready_steps", MetricKind::gauge,
                                    "Steps that wait for a place, by class", kClassLabel};
inline constexpr Metric kStepsRunning{"atelier_graph_running_steps", MetricKind::gauge, "Places taken, by class",
                                      kClassLabel};
inline constexpr Metric kStepSeconds{"atelier_graph_step_seconds", MetricKind::histogram,
                                     "Length of an attempt, by node type", kTypeLabel};
inline constexpr Metric kCacheHits{"atelier_graph_cache_hits_total", MetricKind::counter,
                                   "Steps whose result was taken from the cache"};
inline constexpr Metric kCacheMisses{"atelier_graph_cache_misses_total", MetricKind::counter,
                                     "Cacheable steps that had to run"};
inline constexpr Metric kShared{"atelier_graph_shared_steps_total", MetricKind::counter,
                                "Steps that took the result of an identical one in progress"};
inline constexpr Metric kLeasesLost{"atelier_graph_leases_lost_total", MetricKind::counter,
                                    "Attempts whose step was no longer this engine's"};
inline constexpr Metric kRetries{"atelier_graph_retries_total", MetricKind::counter,
                                 "Attempts made again, by node type", kTypeLabel};
inline constexpr Metric kFrontBytes{"atelier_graph_cached_results_bytes", MetricKind::gauge, "Results held in memory"};

std::string_view to_string(NodeClass node_class) noexcept;
inline constexpr std::size_t kNodeClassCount = 3;
inline constexpr std::size_t kStepStateCount = 7;
inline constexpr std::size_t kRunStateCount = 4;

// The engine's series, looked up once.
class EngineMetrics {
 public:
  EngineMetrics(Metrics& metrics, const NodeRegistry& registry);

  void step_ended(const NodeType& type, StepState state) noexcept;
  void run_ended(RunState state) noexcept { runs_[static_cast<std::size_t>(state)]->add(); }
  void attempt_took(const NodeType& type, double seconds) noexcept;
  void retried(const NodeType& type) noexcept;
  void set_queue(NodeClass node_class, Waiting queued, std::size_t running) noexcept {
    queued_[static_cast<std::size_t>(node_class)]->set(static_cast<double>(queued.count));
    queues_[static_cast<std::size_t>(node_class)]->set(queued);
    running_[static_cast<std::size_t>(node_class)]->set(static_cast<double>(running));
  }

  Counter& cache_hits;
  Counter& cache_misses;
  Counter& shared;
  Counter& leases_lost;
  Gauge& runs_active;
  Gauge& runs_stalled;
  Gauge& front_bytes;

 private:
  struct OfType {
    Histogram* seconds;
    Counter* retries;
    Counter *succeeded, *failed;
  };
  std::array<std::array<Counter*, kStepStateCount>, kNodeClassCount> steps_;
  std::array<Counter*, kRunStateCount> runs_;
  std::array<Gauge*, kNodeClassCount> queued_, running_;
  std::map<const NodeType*, OfType> types_;
  std::array<std::unique_ptr<ToldQueue>, kNodeClassCount> queues_;
};

}  // namespace atelier::graph

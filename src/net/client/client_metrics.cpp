#include "net/client/client_metrics.hpp"

#include <array>

#include "net/client/reason.hpp"

namespace atelier::net {
namespace {

constexpr std::array<std::string_view, 1> kStateLabels = {"state"};
constexpr std::array<std::string_view, 1> kReasonLabels = {"reason"};
constexpr std::array<std::string_view, 1> kConnectionLabels = {"connection"};
constexpr std::array<std::string_view, 1> kOutcomeLabels = {"outcome"};

constexpr Metric kConnections{
    "atelier_upstream_connections", MetricKind::gauge,
    "Connections to other servers: open (idle ones with them), idle, and requests waiting for one", kStateLabels};
constexpr Metric kMade{"atelier_upstream_connections_made_total", MetricKind::counter,
                       "Connections made to other servers"};
constexpr Metric kResumed{"atelier_upstream_tls_resumed_total", MetricKind::counter,
                          "Connections whose TLS session was resumed"};
constexpr Metric kFailed{"atelier_upstream_connections_failed_total", MetricKind::counter,
                         "Connections to other servers that could not be made", kReasonLabels};
constexpr Metric kSent{"atelier_upstream_requests_total", MetricKind::counter,
                       "Requests sent to other servers, by the connection they took", kConnectionLabels};
constexpr Metric kRetried{"atelier_upstream_retries_total", MetricKind::counter,
                          "Requests sent again, since a kept connection had died unnoticed"};
constexpr Metric kWaits{"atelier_upstream_waits_total", MetricKind::counter,
                        "Requests for which no connection was free: those that waited, and those refused",
                        kOutcomeLabels};

std::shared_ptr<void> read_sum(Metrics& registry, const std::vector<std::unique_ptr<LoopCounts>>& counts,
                               ConnectionCount LoopCounts::* which, std::string_view state) {
  const auto sum = [&counts, which] {
    std::int64_t total = 0;
    for (const auto& loop : counts) total += ((*loop).*which).get();
    return static_cast<double>(total);
  };
  return registry.read_from(kConnections, sum, {state});
}

}  // namespace

ClientMetrics::ClientMetrics(Metrics& registry, std::size_t loop_count)
    : made(registry.counter(kMade)),
      resumed(registry.counter(kResumed)),
      sent_new(registry.counter(kSent, {"new"})),
      sent_reused(registry.counter(kSent, {"reused"})),
      retried(registry.counter(kRetried)),
      waited(registry.counter(kWaits, {"waited"})),
      refused(registry.counter(kWaits, {"refused"})),
      registry_(registry) {
  for (std::size_t i = 0; i < loop_count; ++i) counts_.push_back(std::make_unique<LoopCounts>());
  readers_.push_back(read_sum(registry, counts_, &LoopCounts::open, "open"));
  readers_.push_back(read_sum(registry, counts_, &LoopCounts::idle, "idle"));
  readers_.push_back(read_sum(registry, counts_, &LoopCounts::waiting, "waiting"));
}

std::int64_t ClientMetrics::idle_count() const noexcept {
  std::int64_t total = 0;
  for (const auto& loop : counts_) total += loop->idle.get();
  return total;
}

void ClientMetrics::count_failure(std::string_view reason) { registry_.counter(kFailed, {reason}).add(); }

}  // namespace atelier::net

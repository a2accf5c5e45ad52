#include "watch/alert/queues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/async.hpp"
#include "base/queue_report.hpp"

namespace atelier::watch {
namespace {

constexpr std::string_view kReadySteps = "steps that are ready", kDueWebhooks = "webhooks that are due";
constexpr std::int64_t kCountMax = 10'001;  // more is not counted
constexpr std::int64_t kStepsMax = 1'000, kDeliveriesMax = 1'000;
// Steps wait for places, and a whole evening's work may be asked for at once; webhooks are begun at once.
constexpr std::chrono::minutes kStepAgeMax{30}, kDeliveryAgeMax{2};
// Threads for short work. What copies whole files keeps others waiting for as long as that takes.
constexpr std::chrono::minutes kPoolAgeMax{2};
constexpr std::array<std::string_view, 3> kLongWork = {"backup pool", "db-copier pool", "exchange pool"};
constexpr std::chrono::minutes kCallLogAgeMax{2};

constexpr std::array<std::string_view, 1> kQueueLabels = {"queue"};
constexpr Metric kWaitingItems{QueueGauges::kWaiting, MetricKind::gauge, "What waits, by queue", kQueueLabels};
constexpr Metric kOldestSeconds{QueueGauges::kOldest, MetricKind::gauge,
                                "For how long the first of a queue waits; 0: nothing does", kQueueLabels};

std::chrono::seconds age_max_of(std::string_view queue) {
  if (queue == "call log") return kCallLogAgeMax;
  const bool is_pool = queue.ends_with(" pool") && std::ranges::find(kLongWork, queue) == kLongWork.end();
  return is_pool ? kPoolAgeMax : std::chrono::minutes(0);
}

// The history's.
std::string figure_of(std::string_view queue) {
  return fmt::format("{}{{queue=\"{}\"}}:value", QueueGauges::kOldest, queue);
}

}  // namespace

Task<Result<std::vector<QueueState>>> read_queues(store::Database* database, UnixMs now_ms) {
  std::vector<store::Statement> batch;
  batch.push_back(
      {"SELECT count(*), coalesce(min(available_ms), 0) FROM (SELECT s.available_ms AS available_ms FROM "
       "runs r JOIN steps s ON s.run = r.id WHERE r.state = 'running' AND s.state = 'ready' AND "
       "s.available_ms <= $1 AND s.available_ms > 0 LIMIT $2)",
       {now_ms, kCountMax}});
  batch.push_back(
      {"SELECT count(*), coalesce(min(due_ms), 0) FROM (SELECT d.due_ms AS due_ms FROM webhook_endpoints e "
       "JOIN webhook_deliveries d ON d.endpoint = e.id WHERE e.is_enabled = 1 AND d.state = 'waiting' AND "
       "d.due_ms <= $1 LIMIT $2)",
       {now_ms, kCountMax}});
  auto tables = co_await database->read_all(std::move(batch));
  if (!tables) co_return error_of(tables);
  std::vector<QueueState> queues;
  queues.push_back({.name = std::string(kReadySteps),
                    .depth = (*tables)[0].integer(0, 0),
                    .oldest_ms = (*tables)[0].integer(0, 1),
                    .depth_max = kStepsMax,
                    .age_max = kStepAgeMax,
                    .figure = figure_of(kReadySteps)});
  queues.push_back({.name = std::string(kDueWebhooks),
                    .depth = (*tables)[1].integer(0, 0),
                    .oldest_ms = (*tables)[1].integer(0, 1),
                    .depth_max = kDeliveriesMax,
                    .age_max = kDeliveryAgeMax,
                    .figure = figure_of(kDueWebhooks)});
  co_return queues;
}

std::vector<QueueState> living_queues(UnixMs now_ms) {
  std::vector<QueueState> queues;
  for (QueueReport& report : report_queues()) {
    const UnixMs oldest_ms = report.oldest_seconds > 0 ? now_ms - std::llround(report.oldest_seconds * 1e3) : 0;
    const std::chrono::seconds age_max = age_max_of(report.name);
    std::string figure = figure_of(report.name);
    queues.push_back({.name = std::move(report.name),
                      .depth = static_cast<std::int64_t>(report.count),
                      .oldest_ms = oldest_ms,
                      .age_max = age_max,
                      .figure = std::move(figure)});
  }
  return queues;
}

QueueGauges::QueueGauges(Metrics& metrics) : metrics_(metrics) {
  set({{.name = std::string(kReadySteps)}, {.name = std::string(kDueWebhooks)}}, 0);
  set(living_queues(0), 0);
}

void QueueGauges::set(const std::vector<QueueState>& queues, UnixMs now_ms) {
  std::set<std::string> gone = known_;
  for (const QueueState& queue : queues) {
    gone.erase(queue.name);
    known_.insert(queue.name);
    metrics_.gauge(kWaitingItems, {queue.name}).set(static_cast<double>(queue.depth));
    metrics_.gauge(kOldestSeconds, {queue.name}).set(queue.age_seconds(now_ms));
  }
  for (const std::string& name : gone) {
    metrics_.gauge(kWaitingItems, {name}).set(0);
    metrics_.gauge(kOldestSeconds, {name}).set(0);
  }
}

}  // namespace atelier::watch

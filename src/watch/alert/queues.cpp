#include "watch/alert/queues.hpp"

#include "base/async.hpp"

namespace atelier::watch {
namespace {

constexpr std::int64_t kCountMax = 10'001;  // more is not counted
constexpr std::int64_t kStepsMax = 1'000, kDeliveriesMax = 1'000;
// Steps wait for places, and a whole evening's work may be asked for at once; webhooks are begun at once.
constexpr std::chrono::minutes kStepAgeMax{30}, kDeliveryAgeMax{2};

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
  queues.push_back({.name = "steps that are ready",
                    .depth = (*tables)[0].integer(0, 0),
                    .oldest_ms = (*tables)[0].integer(0, 1),
                    .depth_max = kStepsMax,
                    .age_max = kStepAgeMax});
  queues.push_back({.name = "webhooks that are due",
                    .depth = (*tables)[1].integer(0, 0),
                    .oldest_ms = (*tables)[1].integer(0, 1),
                    .depth_max = kDeliveriesMax,
                    .age_max = kDeliveryAgeMax});
  co_return queues;
}

}  // namespace atelier::watch

#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "media/supervisor/workers.hpp"
#include "model/price/prices.hpp"
#include "model/route/directory.hpp"
#include "store/blob_store.hpp"
#include "store/cache.hpp"
#include "store/database.hpp"

namespace atelier::watch {

// The studio at one moment, in one document: process, loops, requests, caches, queues, pools, providers. What is
// counted is since the start of the process; what models cost is of the last thirty days, from the call log.
// Thread-safe.
class Overview {
 public:
  struct Parts {
    const Metrics& metrics;
    store::Database& telemetry;
    store::Cache& answers;
    store::BlobStore& blobs;
    model::Models& models;
    const model::Prices& prices;
    media::Workers& workers;
    std::size_t workers_max;
    const Clock& clock;
  };
  static constexpr std::size_t kRoutesMax = 500, kProvidersMax = 200;
  static constexpr std::int64_t kUsageDays = 30;

  explicit Overview(Parts parts) : parts_(parts) {}

  // As PerformanceMetrics in the API's document. Without a call log that can be read the rest is told, and what comes
  // from it is null.
  Task<json::Value> read() const;

 private:
  const Parts parts_;
};

}  // namespace atelier::watch

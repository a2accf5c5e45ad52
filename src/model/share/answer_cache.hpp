#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "model/price/money.hpp"
#include "store/cache.hpp"

namespace atelier::model {

// An answer as its caller got it: the body, or all events of the stream.
struct KeptAnswer {
  std::string bytes;
  std::string candidate, provider, model;  // who gave it
  std::optional<Picodollars> cost = {};    // nullopt: nobody knows
  UnixMs kept_ms = 0;
};

// Answers that were kept for equal requests. Exact: one byte of the request makes another key. Thread-safe; what cannot
// be reached is a miss, counted.
class AnswerCache {
 public:
  static constexpr std::size_t kAnswerBytesMax = 2 << 20;  // before they are deflated

  AnswerCache(store::Cache& cache, const Clock& clock, Metrics& metrics);
  // Not older than `age_max`.
  Task<std::optional<KeptAnswer>> find(std::string key, std::optional<std::chrono::seconds> age_max);
  // Nothing where the answer is longer than is kept. Stamps it.
  Task<> keep(std::string key, KeptAnswer answer, std::chrono::seconds life);

 private:
  store::Cache& cache_;
  const Clock& clock_;
  Counter &hits_, &misses_, &unreachable_, &saved_microdollars_;
};

}  // namespace atelier::model

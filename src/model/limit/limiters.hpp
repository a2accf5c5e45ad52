#pragma once

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "model/limit/key_map.hpp"
#include "model/limit/limiter.hpp"
#include "store/database.hpp"

namespace atelier::model {

// All keys' limiters, and their state's way to telemetry.db and back: a restart gives nobody a new minute. Thread-safe.
class Limiters {
 public:
  struct Options {
    std::size_t keys_max = 100'000;
    std::chrono::milliseconds flush_every{1'000};  // what a crash may forget
  };
  Limiters(store::Database& telemetry, const Clock& clock, Metrics& metrics)
      : Limiters(telemetry, clock, metrics, Options()) {}
  Limiters(store::Database& telemetry, const Clock& clock, Metrics& metrics, Options options);

  // At start, before the first limiter() is asked for. Without it everybody begins with a full bucket.
  Task<Result<>> load();

  // The key's one limiter, with these limits from now on.
  std::shared_ptr<KeyLimiter> limiter(KeyId key, KeyLimits limits);

  // Writes what changed since the last time.
  Task<Result<>> flush();
  // Flushes again and again until cancelled, and once more then. To be spawned by the owner of this.
  Task<Result<>> run();

 private:
  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  KeyMap<KeyLimiter> limiters_;
  std::shared_ptr<void> gauge_;  // reads limiters_
};

}  // namespace atelier::model

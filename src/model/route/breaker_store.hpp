#pragma once

#include <map>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/route/directory.hpp"
#include "store/database.hpp"

namespace atelier::model {

// Breakers' way to telemetry.db and back: a restart does not send everybody to a provider that was resting. Used by one
// task at a time.
class BreakerStore {
 public:
  struct Options {
    std::size_t breakers_max = 10'000;             // kept; what is over is not restored
    std::chrono::milliseconds flush_every{1'000};  // what a crash may forget
  };
  BreakerStore(store::Database& telemetry, Models& models, const Clock& clock)
      : BreakerStore(telemetry, models, clock, Options()) {}
  BreakerStore(store::Database& telemetry, Models& models, const Clock& clock, Options options)
      : database_(telemetry), models_(models), clock_(clock), options_(options) {}

  // At start, once the providers are configured. A breaker whose provider is gone is forgotten.
  Task<Result<>> load();
  // Writes what changed since the last time.
  Task<Result<>> flush();
  // Flushes again and again until cancelled, and once more then. To be spawned by the owner of this.
  Task<Result<>> run();

 private:
  store::Database& database_;
  Models& models_;
  const Clock& clock_;
  const Options options_;
  std::map<std::string, std::uint64_t, std::less<>> written_;  // candidate -> revision of its breaker
};

}  // namespace atelier::model

#include "app/watch_room.hpp"

#include "base/async.hpp"
#include "base/run_elsewhere.hpp"

namespace atelier::app {
namespace {

watch::Overview::Parts overview_parts(const WatchRoom::Parts& parts) {
  return {.metrics = parts.metrics,
          .telemetry = parts.models.telemetry(),
          .answers = parts.models.kept_answers(),
          .blobs = parts.blobs,
          .models = parts.models.chat().models(),
          .prices = parts.models.prices(),
          .workers = parts.workers,
          .workers_max = parts.workers_max,
          .clock = system_clock()};
}

}  // namespace

WatchRoom::WatchRoom(const Parts& parts)
    : parts_(parts),
      process_(parts.metrics, system_clock()),
      history_(parts.models.telemetry(), parts.metrics, system_clock()),
      overview_(overview_parts(parts)),
      caches_({.loops = parts.loops,
               .database = parts.database,
               .blobs = parts.blobs,
               .answers = parts.models.kept_answers()}),
      pulse_(overview_parts(parts)),
      services_{.history = history_, .overview = overview_, .caches = caches_, .pulse = pulse_} {}

void WatchRoom::spawn_upkeep(TaskGroup& group) {
  group.spawn(history_.run());
  group.spawn(watch_loops());
}

Task<Result<>> WatchRoom::watch_loops() {
  TaskGroup group(co_await current_executor());
  for (std::size_t i = 0; i < parts_.loops.size(); ++i)
    group.spawn(run_elsewhere(parts_.loops.executor(i), watch::watch_loop(&parts_.metrics, &system_clock(), i)));
  co_return co_await group.join();
}

}  // namespace atelier::app

#include "app/watch_room.hpp"

#include "base/async.hpp"
#include "base/run_elsewhere.hpp"

namespace atelier::app {

WatchRoom::WatchRoom(const Parts& parts)
    : parts_(parts),
      process_(parts.metrics, system_clock()),
      history_(parts.models.telemetry(), parts.metrics, system_clock()),
      services_{.history = history_} {}

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

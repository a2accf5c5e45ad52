#include "app/error_room.hpp"

#include "base/async.hpp"

namespace atelier::app {

ErrorRoom::ErrorRoom(const Parts& parts)
    : witness_(system_clock(), parts.metrics),
      inbox_(parts.models.telemetry(), witness_, system_clock(), parts.metrics),
      page_figures_(parts.metrics),
      report_gate_(system_clock()),
      tap_(log::add_tap(witness_)) {}

void ErrorRoom::spawn_upkeep(TaskGroup& group) { group.spawn(inbox_.run()); }

}  // namespace atelier::app

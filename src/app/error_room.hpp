#pragma once

#include <memory>

#include "app/model_room.hpp"
#include "base/task_group.hpp"
#include "watch/error/inbox.hpp"
#include "watch/error/witness.hpp"
#include "watch/page/page_figures.hpp"
#include "watch/page/report_gate.hpp"

namespace atelier::app {

// The part of the house that sees what goes wrong, here and in people's pages.
class ErrorRoom {
 public:
  struct Parts {
    const Settings& settings;
    ModelRoom& models;
    Metrics& metrics;
  };
  explicit ErrorRoom(const Parts& parts);

  watch::ErrorWitness& witness() noexcept { return witness_; }
  watch::ErrorInbox& inbox() noexcept { return inbox_; }
  watch::PageFigures& page_figures() noexcept { return page_figures_; }
  watch::ReportGate& report_gate() noexcept { return report_gate_; }
  // What goes on in the background, until the group is cancelled. On its executor.
  void spawn_upkeep(TaskGroup& group);

 private:
  watch::ErrorWitness witness_;
  watch::ErrorInbox inbox_;
  watch::PageFigures page_figures_;
  watch::ReportGate report_gate_;
  std::shared_ptr<void> tap_;  // ours alone; ends before what it feeds
};

}  // namespace atelier::app

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/model_room.hpp"
#include "base/task_group.hpp"
#include "watch/error/inbox.hpp"
#include "watch/error/witness.hpp"
#include "watch/page/page_figures.hpp"
#include "watch/page/report_gate.hpp"
#include "watch/sentry/sender.hpp"

namespace atelier::app {

// The part of the house that sees what goes wrong, here and in people's pages.
class ErrorRoom {
 public:
  struct Parts {
    net::Loops& loops;
    ModelRoom& models;
    Metrics& metrics;
    std::string data_folder;  // where crashes leave their reports
    std::optional<watch::SentryDsn> sentry;
  };
  explicit ErrorRoom(Parts parts);

  watch::ErrorWitness& witness() noexcept { return witness_; }
  watch::ErrorInbox& inbox() noexcept { return inbox_; }
  watch::PageFigures& page_figures() noexcept { return page_figures_; }
  watch::ReportGate& report_gate() noexcept { return report_gate_; }
  // What goes on in the background, until the group is cancelled. On its executor.
  void spawn_upkeep(TaskGroup& group);

 private:
  // What processes before this one left.
  Task<Result<>> tell_crashes();

  const Parts parts_;
  watch::ErrorWitness witness_;
  watch::ErrorInbox inbox_;
  std::unique_ptr<watch::SentrySender> sentry_;  // null: nobody is told
  watch::PageWindows page_windows_;
  watch::PageFigures page_figures_;
  watch::ReportGate report_gate_;
  std::shared_ptr<void> tap_;  // ours alone; ends before what it feeds
};

}  // namespace atelier::app

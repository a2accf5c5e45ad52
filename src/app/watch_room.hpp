#pragma once

#include "app/alert_room.hpp"
#include "app/error_room.hpp"
#include "app/model_room.hpp"
#include "base/task_group.hpp"
#include "watch/history/history.hpp"
#include "watch/objective/objectives.hpp"
#include "watch/otlp/exporter.hpp"
#include "watch/overview/caches.hpp"
#include "watch/overview/overview.hpp"
#include "watch/overview/pulse.hpp"
#include "watch/process/process_metrics.hpp"
#include "watch/services.hpp"
#include "watch/trace/traces.hpp"

namespace atelier::app {

// The part of the house that looks at all of it. Made after what it looks at, and gone before.
class WatchRoom {
 public:
  struct Parts {
    Executor executor;
    net::Loops& loops;
    const Settings& settings;
    store::Database& database;
    store::BlobStore& blobs;
    media::Workers& workers;
    std::size_t workers_max;
    ModelRoom& models;
    Metrics& metrics;
    watch::ObjectiveDefinitions objectives;
    store::EventLog& events;
    studio::People& people;
    std::string data_folder;
    std::optional<watch::SentryDsn> sentry;
    watch::otlp::ExporterOptions otlp;
    const watch::otlp::ModelMeter* calls;  // null: nobody is told of them
    watch::AlertMailer* mailer;            // null: alerts are told of by no mail
  };
  explicit WatchRoom(const Parts& parts);

  watch::Services& services() noexcept { return services_; }
  // What goes on in the background, until the group is cancelled. On the executor.
  void spawn_upkeep(TaskGroup& group);

 private:
  // Each loop is looked at from within.
  Task<Result<>> watch_loops();

  const Parts parts_;
  watch::ProcessMetrics process_;
  watch::History history_;
  watch::Objectives objectives_;
  watch::Overview overview_;
  watch::Caches caches_;
  watch::Pulse pulse_;
  watch::Traces traces_;
  watch::StolenTime stolen_;
  std::unique_ptr<watch::otlp::Exporter> exporter_;  // null: nothing is exported
  std::shared_ptr<void> log_tap_;                    // the exporter's
  ErrorRoom errors_;
  AlertRoom alerts_;
  watch::Services services_;
};

}  // namespace atelier::app

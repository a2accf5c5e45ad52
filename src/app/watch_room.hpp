#pragma once

#include "app/model_room.hpp"
#include "base/task_group.hpp"
#include "watch/history/history.hpp"
#include "watch/overview/caches.hpp"
#include "watch/overview/overview.hpp"
#include "watch/objective/objectives.hpp"
#include "watch/otlp/exporter.hpp"
#include "watch/overview/pulse.hpp"
#include "watch/process/process_metrics.hpp"
#include "watch/services.hpp"

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
  };
  explicit WatchRoom(const Parts& parts);

    watch::ObjectiveDefinitions objectives;
    store::EventLog& events;
    studio::People& people;
    std::string data_folder;
    std::optional<watch::SentryDsn> sentry;
    watch::otlp::ExporterOptions otlp;
    watch::AlertMailer* mailer;  // null: alerts are told of by no mail
  watch::Services& services() noexcept { return services_; }
  // What goes on in the background, until the group is cancelled. On the executor.
  void spawn_upkeep(TaskGroup& group);

 private:
  // Each loop is looked at from within.
  Task<Result<>> watch_loops();

  const Parts parts_;
  watch::ProcessMetrics process_;
  watch::History history_;
  watch::Overview overview_;
  watch::Caches caches_;
  watch::Pulse pulse_;
  watch::Objectives objectives_;
  watch::Services services_;
};

}  // namespace atelier::app

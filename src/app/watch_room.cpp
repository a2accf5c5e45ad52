#include "app/watch_room.hpp"

#include "app/options.hpp"
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
      objectives_({.history = history_,
                   .telemetry = parts.models.telemetry(),
                   .metrics = parts.metrics,
                   .clock = system_clock()},
                  parts.objectives),
      overview_(overview_parts(parts)),
      caches_({.loops = parts.loops,
               .database = parts.database,
               .blobs = parts.blobs,
               .answers = parts.models.kept_answers()}),
      pulse_(overview_parts(parts)),
      traces_(parts.models.telemetry(), parts.metrics, system_clock()),
      errors_({.loops = parts.loops,
               .models = parts.models,
               .metrics = parts.metrics,
               .data_folder = parts.data_folder,
               .sentry = parts.sentry}),
      alerts_({.settings = parts.settings,
               .database = parts.database,
               .events = parts.events,
               .people = parts.people,
               .models = parts.models,
               .metrics = parts.metrics,
               .history = history_,
               .objectives = objectives_,
               .traces = traces_,
               .data_folder = parts.data_folder,
               .mailer = parts.mailer}),
      services_{.history = history_,
                .objectives = objectives_,
                .overview = overview_,
                .caches = caches_,
                .pulse = pulse_,
                .traces = traces_,
                .errors = errors_.inbox(),
                .witness = errors_.witness(),
                .page_figures = errors_.page_figures(),
                .report_gate = errors_.report_gate(),
                .alerts = alerts_.alerts()} {
  trace::keep_per_second(parts.settings.get(kTracesPerSecond));
  if (!parts.settings.get(kMeasures)) {
    trace::turn_off();
    return;
  }
  if (!parts.otlp.is_on()) return;
  exporter_ = std::make_unique<watch::otlp::Exporter>(parts.models.client(), parts.metrics, parts.calls, system_clock(),
                                                      parts.otlp);
  log_tap_ = log::add_tap(*exporter_);
  traces_.listen([this](const std::vector<trace::SpanRecord>& spans) { exporter_->take(spans); });
}

void WatchRoom::spawn_upkeep(TaskGroup& group) {
  if (!parts_.settings.get(kMeasures)) return;
  group.spawn(history_.run());
  group.spawn(traces_.run());
  if (exporter_) group.spawn(exporter_->run());
  errors_.spawn_upkeep(group);
  alerts_.spawn_upkeep(group);
  group.spawn(objectives_.run());
  group.spawn(watch_loops());
}

Task<Result<>> WatchRoom::watch_loops() {
  TaskGroup group(co_await current_executor());
  for (std::size_t i = 0; i < parts_.loops.size(); ++i)
    group.spawn(
        run_elsewhere(parts_.loops.executor(i), watch::watch_loop(&parts_.metrics, &system_clock(), &stolen_, i)));
  co_return co_await group.join();
}

}  // namespace atelier::app

#include <fmt/format.h>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "base/run_elsewhere.hpp"
#include "graph/engine_call.hpp"
#include "graph/rows.hpp"

namespace atelier::graph {
namespace {

constexpr std::int64_t kRunsPerRead = 512;

}  // namespace

Task<Result<>> EngineImpl::recover() { return run_elsewhere(executor_, recover_here()); }

Task<Result<>> EngineImpl::recover_here() {
  ensure(!is_started_, "an engine recovers once");
  const UnixMs lease_until_ms = now_ms() + options_.lease.count();
  std::vector<store::Statement> batch;
  batch.push_back(rows::insert_engine(id_, now_ms(), lease_until_ms));
  if (auto stored = co_await database_.write(std::move(batch)); !stored) co_return error_of(stored);
  crash_point("recover.before_commit");
  if (auto taken = co_await take_up_dead(); !taken) co_return taken;
  crash_point("recover.after_commit");
  if (auto loaded = co_await load_active(); !loaded) co_return loaded;
  is_started_ = true;
  plan_beat();
  group_.spawn(keep_time());
  co_return Result<>{};
}

// Alone, every other engine is dead; otherwise those whose lease has ended.
Task<Result<>> EngineImpl::take_up_dead() {
  const UnixMs dead_before_ms = options_.is_alone ? std::numeric_limits<UnixMs>::max() : now_ms();
  auto dead = co_await database_.read(rows::select_other_engines(id_, dead_before_ms));
  if (!dead) co_return error_of(dead);
  for (std::size_t row = 0; row < dead->size(); ++row) {
    auto taken = co_await database_.write(rows::take_over(dead->text(row, 0), id_));
    if (taken) {
      const auto runs = (*taken)[2].changed_count, steps = (*taken)[1].changed_count;
      if (runs > 0 || steps > 0) log::info("took over an engine's work", {{"runs", runs}, {"steps", steps}});
      continue;
    }
    if (taken.error().code != ErrorCode::conflict) co_return error_of(taken);  // a conflict: someone else was faster
  }
  co_return Result<>{};
}

// In slices, since all the graphs at once may be much.
Task<Result<>> EngineImpl::load_active() {
  std::string after;
  for (;;) {
    auto rows = co_await database_.read_all(rows::select_active(id_, after, kRunsPerRead));
    if (!rows) co_return error_of(rows);
    co_await take_in(&(*rows)[0], &(*rows)[1]);
    if ((*rows)[0].size() < static_cast<std::size_t>(kRunsPerRead)) co_return Result<>{};
    after = (*rows)[0].text((*rows)[0].size() - 1, 0);
  }
}

// What the table has of a run is not what was thought: someone else took it, or a commit whose answer was lost. If it
// is still this engine's, it goes on from what is written.
Task<Result<>> EngineImpl::load_again(RunPtr run) {
  auto rows = co_await database_.read_all(rows::select_active_one(id_, run->head.owner, run->head.id));
  if (!rows)
    log::error("a run cannot be taken up again", {{"run", run->head.id.to_string()}, {"error", rows.error().message}});
  else if (!is_stopping_)
    co_await take_in(&(*rows)[0], &(*rows)[1]);
  co_return Result<>{};
}

// Both lists are in order of runs.
Task<> EngineImpl::take_in(const store::Rows* runs_found, const store::Rows* steps_found) {
  const store::Rows& runs = *runs_found;
  const store::Rows& steps = *steps_found;
  std::size_t next_step = 0;
  for (std::size_t row = 0; row < runs.size(); ++row) {
    const std::string& id = runs.text(row, 0);
    std::vector<StepFields> fields;
    std::vector<bool> forced;
    Result<> read;
    while (next_step < steps.size() && steps.text(next_step, 0) < id) ++next_step;
    for (; next_step < steps.size() && steps.text(next_step, 0) == id; ++next_step) {
      auto step = rows::read_step(steps, next_step);
      if (!step) {
        read = error_of(step);
        fields.emplace_back();
        forced.push_back(false);
        continue;
      }
      fields.push_back(std::move(step->fields));
      forced.push_back(step->is_forced);
    }
    if (const auto known = RunId::parse(id); known && runs_.contains(*known)) continue;
    auto run = read ? load_run(runs, row, std::move(fields), std::move(forced)) : Result<RunPtr>(error_of(read));
    if (!run) {
      log::error("a run cannot be taken up", {{"run", id}, {"error", run.error().describe()}});
      continue;
    }
    co_await hold_run(*run);
    if (!runs_.emplace((*run)->head.id, *run).second) continue;  // loaded twice
    for (std::uint32_t i = 0; i < (*run)->steps.size(); ++i) {
      const Step& step = (*run)->steps[i];
      const bool is_open = step.now.state == StepState::waiting || step.now.state == StepState::ready;
      if (is_open && step.type == nullptr)
        post(*run, happened::Refused{i, Error{.code = ErrorCode::invalid_argument,
                                              .message = fmt::format(
                                                  "node \"{}\" is of type \"{}\", which this version does not have",
                                                  (*run)->node(i).name, (*run)->node(i).type),
                                              .reason = "node_type_unknown",
                                              .where = (*run)->node(i).name,
                                              .retry_after_ms = {},
                                              .source = {}}});
      else if (is_open && step.now.interruptions >= options_.interruptions_max)
        post(*run, happened::Refused{
                       i, Error{.code = ErrorCode::internal,
                                .message = fmt::format(
                                    "it was running each of the {} times the server died, and is not tried again",
                                    step.now.interruptions),
                                .reason = "step_poisoned",
                                .where = (*run)->node(i).name,
                                .retry_after_ms = {},
                                .source = {}}});
    }
    post(*run, happened::Resumed{});
  }
  metrics_.runs_active.set(static_cast<double>(runs_.size()));
}

Result<RunPtr> EngineImpl::load_run(const store::Rows& runs, std::size_t row, std::vector<StepFields> fields,
                                    std::vector<bool> forced) {
  auto run = std::make_shared<ActiveRun>();
  run->head = rows::read_run(runs, row);
  const auto value = json::parse(runs.text(row, 14), kOwnLimits);
  if (!value) return error_of(value);
  auto graph = graph_from_json(*value);
  if (!graph) return error_of(graph);
  run->graph = std::move(*graph);
  run->steps = make_steps(run->graph, registry_);
  if (fields.size() != run->steps.size())
    return fail(ErrorCode::internal,
                fmt::format("{} steps are stored for a graph of {}", fields.size(), run->steps.size()));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fields[i].missing_count = run->steps[i].now.missing_count;
    run->steps[i].now = std::move(fields[i]);
    run->steps[i].is_forced = forced[i];
  }
  for (const Step& step : run->steps) {
    if (step.now.state == StepState::running) ++run->running_count;
    if (step.now.state == StepState::succeeded)
      for (const std::uint32_t dependent : step.dependents) --run->steps[dependent].now.missing_count;
  }
  return run;
}

Task<Result<>> EngineImpl::keep_time() {
  while (!is_stopping_) {
    agenda_.run_due(clock_.now());
    if (is_stopping_) break;
    const auto next = agenda_.next();
    timer_->expires_after(next ? std::max(*next - clock_.now(), std::chrono::steady_clock::duration(0))
                               : std::chrono::hours(1));
    (void)co_await timer_->async_wait(use_task);
  }
  co_return Result<>{};
}

void EngineImpl::plan_beat() {
  schedule(next_beat_, options_.heartbeat, [this] {
    next_beat_.reset();
    plan_beat();
    if (!std::exchange(is_beating_, true)) group_.spawn(beat());
    if (stored_count_ > options_.cached_results_max / 16 && !std::exchange(is_trimming_, true))
      group_.spawn(trim_results());
  });
}

// One statement however many steps run: they hang on the engine's lease. It is lost when someone else, seeing it over,
// took the engine's row away; then nothing that runs here counts any more.
Task<Result<>> EngineImpl::beat() {
  std::vector<store::Statement> batch;
  batch.push_back(rows::renew_lease(id_, now_ms() + options_.lease.count()));
  const auto renewed = co_await database_.write(std::move(batch));
  if (!renewed && renewed.error().code == ErrorCode::conflict) {
    log::error("this engine's lease was taken over", {{"runs", runs_.size()}});
    const auto lost = runs_;
    for (const auto& [id, run] : lost) abandon(run);
    id_ = Ulid::make().to_string();
    std::vector<store::Statement> anew;
    anew.push_back(rows::insert_engine(id_, now_ms(), now_ms() + options_.lease.count()));
    (void)co_await database_.write(std::move(anew));
  } else if (!renewed) {
    log::warn("the lease could not be renewed", {{"error", renewed.error().message}});
  }
  if (!options_.is_alone && !is_stopping_) {
    auto taken = co_await take_up_dead();
    if (taken) taken = co_await load_active();
    if (!taken) log::warn("dead engines could not be looked for", {{"error", taken.error().message}});
  }
  is_beating_ = false;
  co_return Result<>{};
}

Task<Result<>> EngineImpl::trim_results() {
  stored_count_ = 0;
  std::vector<store::Statement> batch;
  batch.push_back(rows::delete_results_beyond(static_cast<std::int64_t>(options_.cached_results_max)));
  if (auto trimmed = co_await database_.write(std::move(batch)); !trimmed)
    log::warn("stored results could not be trimmed", {{"error", trimmed.error().message}});
  is_trimming_ = false;
  co_return Result<>{};
}

Task<> EngineImpl::stop() { return run_elsewhere(executor_, stop_here()); }

Task<> EngineImpl::stop_here() {
  is_stopping_ = true;
  timer_->cancel();
  writable_.notify_all();
  for (ReadyQueue& queue : queues_) queue.clear();
  const auto running = attempts_;
  for (const AttemptPtr& attempt : running) stop_attempt(attempt, Attempt::Stop::interrupted);
  for (const auto& [id, run] : runs_)
    if (run->ended) run->ended->notify_all();
  for (;;) {
    (void)co_await group_.join();
    if (call_count_ == 0 && group_.size() == 0) break;
    if (call_count_ > 0) co_await calls_ended_.wait();
  }
  agenda_.clear();
  // The steps' attempts and the runs refer to each other.
  for (const auto& [id, run] : runs_)
    for (Step& step : run->steps) {
      step.attempt.reset();
      step.following.reset();
      step.ticket.reset();
    }
  runs_.clear();
  in_progress_.clear();
  if (!is_started_) co_return;
  // The row stays, with its lease ended, so that the next engine finds the runs by it.
  std::vector<store::Statement> batch;
  batch.push_back(rows::renew_lease(id_, 0));
  (void)co_await database_.write(std::move(batch));
}

}  // namespace atelier::graph

#include <fmt/format.h>

#include "base/crash_point.hpp"
#include "base/run_elsewhere.hpp"
#include "graph/engine_call.hpp"
#include "graph/rows.hpp"

namespace atelier::graph {
namespace {

constexpr std::size_t kPageMax = 200;
// How often a run of another engine is looked at.
constexpr std::chrono::milliseconds kForeignPoll{250};
// How long a run's progress may go unstored before those who wait for its end are told.
constexpr std::chrono::milliseconds kStallPatience{1'000};

std::unexpected<Error> no_such_run(RunId id) {
  return fail(ErrorCode::not_found, fmt::format("there is no run {}", id.to_string()));
}

Result<RunView> whole_run(const std::vector<store::Rows>& rows, RunId id) {
  if (rows[0].empty() || rows[1].empty()) return no_such_run(id);
  RunView run = rows::read_run(rows[0], 0);
  const auto value = json::parse(rows[1].text(0, 0), kOwnLimits);
  if (!value) return error_of(value);
  ActiveRun shown;
  auto graph = graph_from_json(*value);
  if (!graph) return error_of(graph);
  shown.graph = std::move(*graph);
  shown.steps.resize(shown.graph.nodes.size());
  run.steps.reserve(shown.steps.size());
  for (std::size_t row = 0; row < rows[2].size(); ++row) {
    auto step = rows::read_step(rows[2], row);
    if (!step) return error_of(step);
    if (step->node < shown.steps.size()) run.steps.push_back(view_of(shown, step->node, step->fields));
  }
  return run;
}

}  // namespace

RunPtr EngineImpl::active(Principal principal, RunId id) const {
  const auto found = runs_.find(id);
  return found != runs_.end() && found->second->head.owner == principal.owner ? found->second : nullptr;
}

Task<Result<RunView>> EngineImpl::find(Principal principal, RunId id) {
  return run_elsewhere(executor_, find_here(principal, id));
}

Task<Result<RunView>> EngineImpl::find_here(Principal principal, RunId id) {
  const Call call(*this);
  if (const RunPtr run = active(principal, id)) {
    RunView view = run->head;
    view.stalled = run->stall;
    view.steps.reserve(run->steps.size());
    for (std::uint32_t i = 0; i < run->steps.size(); ++i) view.steps.push_back(view_of(*run, i, run->steps[i].now));
    co_return view;
  }
  auto rows = co_await database_.read_all(rows::select_whole_run(principal.owner, id));
  if (!rows) co_return error_of(rows);
  co_return whole_run(*rows, id);
}

Task<Result<RunView>> EngineImpl::find_summary(Principal principal, RunId id) {
  auto rows = co_await database_.read(rows::select_run(principal.owner, id));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return no_such_run(id);
  RunView view = rows::read_run(*rows, 0);
  if (view.state == RunState::running && stalled_count_ > 0)
    view.stalled = co_await run_elsewhere(executor_, stall_of(id));
  co_return view;
}

Task<std::optional<Error>> EngineImpl::stall_of(RunId id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) co_return std::nullopt;
  co_return found->second->stall;
}

Task<Result<std::optional<RunId>>> EngineImpl::find_by_key(Principal principal, std::string idempotency_key) {
  auto rows = co_await database_.read(rows::select_by_idempotency_key(principal.owner, idempotency_key));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return std::optional<RunId>();
  auto id = RunId::parse(rows->text(0, 0));
  if (!id) co_return error_of(id);
  co_return std::optional<RunId>(*id);
}

Task<Result<Engine::Page>> EngineImpl::list(Principal principal, std::string kind, std::string subject,
                                            std::string after, std::size_t count_max) {
  if (!after.empty() && !RunId::parse(after))
    co_return fail(ErrorCode::invalid_argument, "the cursor is not one that a page gave",
                   {.reason = "cursor_invalid", .where = "after"});
  const std::size_t count = std::clamp<std::size_t>(count_max, 1, kPageMax);
  const std::string before = after.empty() ? std::string(1, '~') : after;  // "~" sorts after every id
  auto rows = co_await database_.read(
      rows::select_page(principal.owner, kind, subject, before, static_cast<std::int64_t>(count) + 1));
  if (!rows) co_return error_of(rows);
  Page page;
  for (std::size_t row = 0; row < std::min(rows->size(), count); ++row) page.runs.push_back(rows::read_run(*rows, row));
  if (rows->size() > count) page.next = page.runs.back().id.to_string();
  for (RunView& view : page.runs)
    if (view.state == RunState::running && stalled_count_ > 0)
      view.stalled = co_await run_elsewhere(executor_, stall_of(view.id));
  co_return page;
}

Task<Result<>> EngineImpl::cancel(Principal principal, RunId id) {
  return run_elsewhere(executor_, cancel_here(principal, id));
}

Task<Result<>> EngineImpl::cancel_here(Principal principal, RunId id) {
  const Call call(*this);
  const RunPtr run = active(principal, id);
  if (!run) {
    auto summary = co_await find_summary(principal, id);
    if (!summary) co_return error_of(summary);
    if (summary->state == RunState::running)
      co_return fail(ErrorCode::unavailable, "the run belongs to another engine",
                     {.reason = "run_elsewhere", .where = {}});
    co_return Result<>{};
  }
  if (!std::exchange(run->is_stopping, true)) {
    crash_point("cancel.before_commit");
    post(run, happened::Cancelled{});
    // Told at once, not after the commit: only what nobody else waits for.
    for (Step& step : run->steps)
      if (const AttemptPtr attempt = step.attempt; attempt && attempt->followers.empty())
        stop_attempt(attempt, Attempt::Stop::cancelled);
  }
  co_return co_await until_over(run);
}

// Waits until the run has ended or is no longer this engine's.
Task<Result<>> EngineImpl::until_over(RunPtr run) {
  if (!run->ended) run->ended = std::make_unique<Signal>(executor_);
  while (!run->is_over && !is_stopping_) {
    const auto until = run->stalled_since + kStallPatience;
    if (!run->stall)
      co_await run->ended->wait();
    else if (std::chrono::steady_clock::now() < until)
      co_await run->ended->wait_until(until);
    else
      co_return std::unexpected(*run->stall);
    const bool is_caller_gone = co_await is_cancelled();
    if (is_caller_gone) co_return fail(ErrorCode::cancelled, "the caller went away while waiting for the end of a run");
  }
  if (!run->is_over) co_return engine_stops();
  co_return Result<>{};
}

Task<Result<RunView>> EngineImpl::wait(Principal principal, RunId id) {
  return run_elsewhere(executor_, wait_here(principal, id));
}

Task<Result<RunView>> EngineImpl::wait_here(Principal principal, RunId id) {
  const Call call(*this);
  for (;;) {
    if (const RunPtr run = active(principal, id)) {
      auto over = co_await until_over(run);
      if (!over) co_return error_of(over);
    }
    if (is_stopping_) co_return engine_stops();
    auto rows = co_await database_.read_all(rows::select_whole_run(principal.owner, id));
    if (!rows) co_return error_of(rows);
    auto view = whole_run(*rows, id);
    if (!view || view->state != RunState::running) co_return view;
    if (auto slept = co_await sleep_for(kForeignPoll); !slept) co_return error_of(slept);
  }
}

}  // namespace atelier::graph

#include <fmt/format.h>

#include "base/crash_point.hpp"
#include "base/run_elsewhere.hpp"
#include "graph/engine_call.hpp"
#include "graph/rows.hpp"
#include "graph/run_trace.hpp"
#include "graph/view_json.hpp"

namespace atelier::graph {
namespace {

constexpr std::uint32_t kFullRetryAfterMs = 1'000;

std::uint32_t index_of(const Graph& graph, std::string_view name) {
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (graph.nodes[i].name == name) return i;
  return static_cast<std::uint32_t>(graph.nodes.size());
}

bool is_plain(const StepFields& fields) noexcept {
  return fields.state == StepState::waiting || fields.state == StepState::ready;
}

}  // namespace

// Checked on the caller's loop; only what touches the engine's state runs on its own.
Task<Result<RunId>> EngineImpl::submit(RunRequest request) {
  if (auto ok = check_graph(request.graph, registry_); !ok) co_return error_of(ok);
  Submission submission{.request = std::move(request), .graph_json = {}, .forced_from = {}};
  submission.graph_json = json::write(to_json(submission.request.graph));
  co_return co_await run_elsewhere(executor_, submit_here(std::move(submission)));
}

RunPtr EngineImpl::make_run(Submission& submission) const {
  RunRequest& request = submission.request;
  auto run = std::make_shared<ActiveRun>();
  run->graph = std::move(request.graph);
  run->steps = make_steps(run->graph, registry_);
  if (submission.forced_from) force_from(run->steps, *submission.forced_from);
  RunView& head = run->head;
  head.id = request.id.is_nil() ? RunId::make() : request.id;
  head.owner = request.principal.owner;
  head.kind = std::move(request.kind);
  head.subject = std::move(request.subject);
  head.title = std::move(request.title);
  head.priority = request.priority;
  head.created_ms = now_ms();
  head.step_count = static_cast<std::uint32_t>(run->steps.size());
  enter_trace(head, request.principal.trace);
  run->begun_at = std::chrono::steady_clock::now();
  return run;
}

Task<Result<RunId>> EngineImpl::submit_here(Submission submission) {
  if (!is_started_ || is_stopping_) co_return engine_stops();
  const Call call(*this);
  if (runs_.size() + call_count_ > options_.runs_at_most) {
    auto full = fail(ErrorCode::unavailable, fmt::format("{} runs are active already", runs_.size()),
                     {.reason = "too_many_runs", .where = {}});
    full.error().retry_after_ms = kFullRetryAfterMs;
    co_return full;
  }
  if (!submission.request.idempotency_key.empty()) {
    auto same = co_await find_same(&submission);
    if (!same) co_return error_of(same);
    if (*same) co_return **same;
  }
  const RunPtr run = make_run(submission);
  co_await hold_run(run);
  const auto draft = std::make_shared<Draft>(run);
  for (std::uint32_t i = 0; i < run->steps.size(); ++i) {
    if (run->steps[i].now.missing_count > 0) continue;
    draft->edit(i).state = StepState::ready;
    draft->ready.push_back(i);
  }
  const Lookup lookup = run->steps.size() > 1 ? Lookup::database : Lookup::memory;
  co_await settle(draft, lookup);
  keep_part(*run, "look for results", run->begun_at);
  draft->conclude(now_ms());
  const auto commit_began = std::chrono::steady_clock::now();
  Batch batch = first_batch(*draft, submission);
  crash_point("submit.before_commit");
  auto rows = co_await database_.write(std::move(batch.statements));
  crash_point("submit.after_commit");
  keep_part(*run, "commit", commit_began);
  if (rows) {
    if (draft->head.state == RunState::running) runs_.emplace(draft->head.id, run);
    commit(draft, batch, *rows);
    co_return draft->head.id;
  }
  undo(*draft);
  Error error = std::move(rows).error();
  if (error.code == ErrorCode::conflict && !submission.request.idempotency_key.empty()) {
    auto same = co_await find_same(&submission);
    if (same && *same) co_return **same;
  }
  co_return std::unexpected(std::move(error));
}

Task<Result<std::optional<RunId>>> EngineImpl::find_same(const Submission* submission) {
  const RunRequest& request = submission->request;
  auto rows =
      co_await database_.read(rows::select_by_idempotency_key(request.principal.owner, request.idempotency_key));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return std::optional<RunId>();
  // A run's kind and subject were moved out of the request when this is asked after a lost race; its graph tells
  // enough.
  if (rows->text(0, 3) != submission->graph_json)
    co_return fail(ErrorCode::invalid_argument, "the idempotency key was used for another graph",
                   {.reason = "idempotency_key_reused", .where = {}});
  auto id = RunId::parse(rows->text(0, 0));
  if (!id) co_return error_of(id);
  co_return std::optional<RunId>(*id);
}

Batch EngineImpl::first_batch(Draft& draft, Submission& submission) {
  const RunPtr& run = draft.run;
  Batch batch;
  batch.statements.reserve(8 + draft.changed.size() + submission.request.together_with.size());
  batch.statements.push_back(rows::insert_run(draft.head, id_, submission.request.idempotency_key));
  batch.statements.push_back(rows::insert_graph(draft.head, submission.graph_json));
  for (std::uint32_t i = 0; i < run->steps.size();) {
    const StepFields& fields = draft.at(i);
    if (!is_plain(fields)) {
      batch.statements.push_back(rows::insert_step(draft.head, i, fields, run->steps[i].is_forced));
      ++i;
      continue;
    }
    std::uint32_t last = i;
    while (last + 1 < run->steps.size() && draft.at(last + 1).state == fields.state &&
           run->steps[last + 1].is_forced == run->steps[i].is_forced)
      ++last;
    batch.statements.push_back(rows::insert_steps(draft.head, i, last, fields.state, run->steps[i].is_forced));
    i = last + 1;
  }
  for (store::Statement& statement : submission.request.together_with) batch.statements.push_back(std::move(statement));
  for (const Digest& digest : draft.forgotten) batch.statements.push_back(rows::delete_result(digest));
  for (const AttemptPtr& attempt : draft.claims) {
    if (!attempt->key) continue;
    batch.lookups.emplace_back(batch.statements.size(), attempt);
    batch.statements.push_back(rows::select_result(*attempt->key));
  }
  append_event(batch, "runs", "run.changed", to_json(draft.head, false), draft.head.owner);
  return batch;
}

Task<Result<RunId>> EngineImpl::run_again(Principal principal, RunId id, Again again) {
  return run_elsewhere(executor_, again_here(principal, id, std::move(again)));
}

Task<Result<RunId>> EngineImpl::again_here(Principal principal, RunId id, Again again) {
  const Call call(*this);
  std::vector<store::Statement> questions;
  questions.push_back(rows::select_run(principal.owner, id));
  questions.push_back(rows::select_graph(principal.owner, id));
  auto rows = co_await database_.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  if ((*rows)[0].empty() || (*rows)[1].empty())
    co_return fail(ErrorCode::not_found, fmt::format("there is no run {}", id.to_string()));
  const RunView head = rows::read_run((*rows)[0], 0);
  Submission submission;
  submission.graph_json = (*rows)[1].text(0, 0);
  auto value = json::parse(submission.graph_json, kOwnLimits);
  if (!value) co_return error_of(value);
  auto graph = graph_from_json(*value);
  if (!graph) co_return error_of(graph);
  // The server may have changed since: a node type may be gone.
  if (auto ok = check_graph(*graph, registry_); !ok) co_return error_of(ok);
  if (!again.from_node.empty()) {
    submission.forced_from = index_of(*graph, again.from_node);
    if (*submission.forced_from == graph->nodes.size())
      co_return fail(ErrorCode::not_found, fmt::format("run {} has no step \"{}\"", id.to_string(), again.from_node),
                     {.reason = "step_not_found", .where = "/from_step"});
  }
  RunRequest& request = submission.request;
  request.id = again.new_id;
  request.principal = principal;
  request.together_with = std::move(again.together_with);
  request.kind = head.kind;
  request.subject = head.subject;
  request.title = head.title;
  request.priority = head.priority;
  request.graph = std::move(*graph);
  co_return co_await submit_here(std::move(submission));
}

}  // namespace atelier::graph

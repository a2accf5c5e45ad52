#include "graph/run_trace.hpp"

#include "graph/engine_impl.hpp"

namespace atelier::graph {
namespace {

bool may_keep(ActiveRun& run) { return !run.head.trace.is_none() && run.span_count++ < kSpansPerRunMax; }

}  // namespace

void enter_trace(RunView& run, const TraceContext& asked_in) {
  run.trace = asked_in.is_none() ? make_trace(true) : asked_in;
  run.trace.is_kept = true;
  run.trace_parent = asked_in.span;
  run.trace.span = make_span_id();
}

void keep_part(ActiveRun& run, std::string_view name, trace::Time started) {
  if (!may_keep(run)) return;
  trace::keep({.context = run.head.trace.below(make_span_id()),
               .parent = run.head.trace.span,
               .name = std::string(name),
               .started = started,
               .ended = std::chrono::steady_clock::now()});
}

void keep_wait(ActiveRun& run, Step& step, trace::Time until) {
  const trace::Time offered_at = std::exchange(step.offered_at, trace::Time());
  if (offered_at == trace::Time() || !may_keep(run)) return;
  trace::keep({.context = run.head.trace.below(make_span_id()),
               .parent = run.head.trace.span,
               .name = "wait for a place",
               .started = offered_at,
               .ended = until,
               .facts = {{"atelier.node_type", std::string(step.type ? step.type->name : "")}}});
}

void keep_claim(ActiveRun& run, const Attempt& attempt) {
  if (!may_keep(run)) return;
  trace::keep({.context = attempt.trace.below(make_span_id()),
               .parent = attempt.trace.span,
               .name = "commit the claim",
               .started = attempt.claimed_at,
               .ended = std::chrono::steady_clock::now()});
}

void keep_attempt(ActiveRun& run, const Attempt& attempt, bool is_cached, std::string_view fault) {
  if (!may_keep(run)) return;
  trace::keep({.context = attempt.trace,
               .parent = run.head.trace.span,
               .name = "step " + std::string(attempt.type->name),
               .started = attempt.claimed_at,
               .ended = std::chrono::steady_clock::now(),
               .fault = std::string(fault),
               .facts = {{"atelier.node", run.node(attempt.step).name},
                         {"atelier.attempt", std::to_string(attempt.number)},
                         {"atelier.cached", is_cached ? "true" : "false"}}});
}

void keep_run(ActiveRun& run, UnixMs now_ms) {
  if (run.head.trace.is_none()) return;
  const trace::Time now = std::chrono::steady_clock::now();
  const std::chrono::milliseconds took(std::max<std::int64_t>(0, now_ms - run.head.created_ms));
  // Only one that was taken up after a restart has not seen its own beginning.
  const trace::Time started = run.begun_at == trace::Time() ? now - took : run.begun_at;
  trace::keep({.context = run.head.trace,
               .parent = run.head.trace_parent,
               .name = "run " + run.head.kind,
               .is_entry = true,
               .started = started,
               .ended = now,
               .fault = run.head.error ? std::string(run.head.error->stable_code()) : std::string(),
               .facts = {{"atelier.run", run.head.id.to_string()},
                         {"atelier.state", std::string(to_string(run.head.state))},
                         {"atelier.steps", std::to_string(run.head.step_count)},
                         {"atelier.steps_cached", std::to_string(run.head.cached_count)}}});
}

}  // namespace atelier::graph

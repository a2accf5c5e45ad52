#include <algorithm>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "graph/engine_impl.hpp"
#include "graph/retry.hpp"
#include "graph/rows.hpp"
#include "graph/run_trace.hpp"
#include "graph/view_json.hpp"

namespace atelier::graph {
namespace {

// More steps than this change at once: one event for the run, and clients read it again.
constexpr std::size_t kStepEventsMax = 16;
constexpr std::chrono::milliseconds kWriteRetryMin{50}, kWriteRetryMax{2'000};

bool is_end(StepState state) noexcept {
  return state == StepState::succeeded || state == StepState::failed || state == StepState::cancelled ||
         state == StepState::unknown;
}

bool is_same_row(const StepFields& left, const StepFields& right) noexcept {
  return left.state == right.state && left.fence == right.fence && left.attempts == right.attempts &&
         left.available_ms == right.available_ms;
}

// Whether the statement that cancels all of a run's steps covers this one.
bool is_in_bulk(Draft::Bulk bulk, StepState was, StepState is) noexcept {
  if (is != StepState::cancelled || bulk == Draft::Bulk::none) return false;
  return was == StepState::waiting || was == StepState::ready ||
         (bulk == Draft::Bulk::all && was == StepState::running);
}

// The start of a step of milliseconds is not worth an event.
bool is_worth_telling(const Step& step, const StepFields& is) noexcept {
  if (is.state == StepState::running) return step.type == nullptr || step.type->node_class != NodeClass::light;
  return is_end(is.state) || (is.state == StepState::ready && is.error);
}

}  // namespace

void EngineImpl::post(const RunPtr& run, Happening happening) {
  run->mailbox.push_back(std::move(happening));
  if (run->is_over) {
    drain(*run);
    return;
  }
  if (std::exchange(run->is_driven, true)) return;
  group_.spawn(drive(run));
}

// What nobody will read any more gives its places back.
void EngineImpl::drain(ActiveRun& run) {
  for (const Happening& happening : std::exchange(run.mailbox, {})) {
    const auto* granted = std::get_if<happened::Granted>(&happening);
    if (granted == nullptr) continue;
    const NodeClass node_class = run.steps[granted->step].type->node_class;
    queue_of(node_class).give_back_place(run.head.owner);
    pump(node_class);
  }
}

Task<Result<>> EngineImpl::drive(RunPtr run) {
  std::chrono::milliseconds pause = kWriteRetryMin;
  while (!run->mailbox.empty() && !run->is_over) {
    std::deque<Happening> taken = std::exchange(run->mailbox, {});
    const auto draft = std::make_shared<Draft>(run);
    for (const Happening& happening : taken) apply(*draft, happening);
    if (draft->head.state == RunState::running && !draft->head.error) co_await settle(draft, Lookup::memory);
    draft->conclude(now_ms());
    const auto commit_began = std::chrono::steady_clock::now();
    Batch batch = next_batch(*draft);
    crash_point("drive.before_commit");
    Result<std::vector<store::Rows>> rows = std::vector<store::Rows>();
    if (!batch.statements.empty()) rows = co_await database_.write(std::move(batch.statements));
    crash_point("drive.after_commit");
    keep_part(*run, "commit", commit_began);
    if (rows && !run->is_over) {
      commit(draft, batch, *rows);
      if (run->stall) {
        log::info("a run's progress is stored again", {{"run", run->head.id.to_string()}});
        end_stall(*run);
        ++writable_count_;
        writable_.notify_all();
      }
      pause = kWriteRetryMin;
      continue;
    }
    undo(*draft);
    run->mailbox.insert(run->mailbox.begin(), std::make_move_iterator(taken.begin()),
                        std::make_move_iterator(taken.end()));
    if (run->is_over) break;
    if (rows.error().code == ErrorCode::conflict) {
      log::warn("a run is not as it was left", {{"run", run->head.id.to_string()}, {"error", rows.error().message}});
      abandon(run);
      group_.spawn(load_again(run));
      break;
    }
    if (is_stopping_) break;  // what is not written happens again after the next start
    stall(run, rows.error());
    // The signal wakes every stalled run when one's pause is over: the others wait on.
    const auto until = std::chrono::steady_clock::now() + pause;
    const std::uint64_t seen_count = writable_count_;
    while (seen_count == writable_count_ && !is_stopping_ && std::chrono::steady_clock::now() < until)
      co_await writable_.wait_until(until);
    pause = std::min(pause * 2, kWriteRetryMax);
  }
  run->is_driven = false;
  if (run->is_over || is_stopping_) drain(*run);
  co_return Result<>{};
}

// Its write failed. Told at once: on a full disk it may be long until the next state can be stored.
void EngineImpl::stall(const RunPtr& run, const Error& why) {
  const bool is_new = !run->stall;
  run->stall = why;
  if (!is_new) return;
  log::warn("a run's progress cannot be stored", {{"run", run->head.id.to_string()}, {"error", why.message}});
  run->stalled_since = std::chrono::steady_clock::now();
  metrics_.runs_stalled.set(static_cast<double>(++stalled_count_));
  tell_run(*run, "run.stalled");
  if (run->ended) run->ended->notify_all();
}

void EngineImpl::end_stall(ActiveRun& run) {
  if (!run.stall) return;
  run.stall.reset();
  metrics_.runs_stalled.set(static_cast<double>(--stalled_count_));
  if (run.is_over) return;  // its end was told, or it is read anew
  tell_run(run, "run.changed");
}

// To those who watch now; what is stored of the run has not changed.
void EngineImpl::tell_run(const ActiveRun& run, std::string_view type) {
  RunView view = run.head;
  view.stalled = run.stall;
  const std::string data = json::write(to_json(view, false));
  for (const std::string& topic : {std::string("runs"), "run/" + view.id.to_string()})
    events_.tell(topic, std::string(type), data, view.owner);
}

void EngineImpl::apply(Draft& draft, const Happening& happening) {
  std::visit([&](const auto& what) { apply(draft, what); }, happening);
}

void EngineImpl::apply(Draft& draft, const happened::Granted& granted) {
  draft.granted.push_back(granted.step);
  if (draft.head.state == RunState::running && draft.at(granted.step).state == StepState::ready)
    draft.ready.push_back(granted.step);
}

void EngineImpl::apply(Draft& draft, const happened::Ended& ended) {
  Draft::Conclusion conclusion{.attempt = ended.attempt, .shared = {}, .delay = {}};
  if (draft.head.state == RunState::running && draft.at(ended.step).state == StepState::running &&
      draft.run->steps[ended.step].attempt == ended.attempt) {
    if (ended.is_interrupted) {
      draft.put_back(ended.step);
      StepFields& fields = draft.edit(ended.step);
      if (draft.head.error) fields.state = StepState::cancelled;
      fields.started_ms = 0;
      --fields.attempts;
    } else if (ended.outcome) {
      draft.succeed(ended.step, *ended.outcome, ended.is_cached, now_ms());
      if (ended.is_cached)
        --draft.edit(ended.step).attempts;
      else
        draft.made.push_back(ended.step);
      conclusion.shared = *ended.outcome;
    } else {
      for (const std::uint32_t source : ended.lost_sources) draft.lose(source);
      apply_failure(draft, ended, conclusion);
    }
  }
  draft.conclusions.push_back(std::move(conclusion));
}

void EngineImpl::apply_failure(Draft& draft, const happened::Ended& ended, Draft::Conclusion& conclusion) {
  const std::uint32_t step = ended.step;
  Error error = ended.outcome.error();
  const NodeType& type = *draft.run->steps[step].type;
  StepFields& fields = draft.edit(step);
  if (is_kill(error)) ++fields.kills;
  if (fields.kills >= options_.poison_kills_max) {
    error.message =
        "it took its worker down " + std::to_string(fields.kills) + " times and is not tried again: " + error.message;
    error.reason = "step_poisoned";
    error.code = ErrorCode::internal;
  }
  const bool is_poisoned = error.reason == "step_poisoned";
  const bool may_pass = is_retryable(error) || !ended.lost_sources.empty();  // those are made again
  if (!is_poisoned && !is_outcome_unknown(error) && may_pass && fields.attempts < type.retry.attempts_max) {
    fields.error = std::make_shared<const Error>(error);
    draft.put_back(step);
    if (draft.head.error) {  // the run has failed already: no more tries
      fields.state = StepState::cancelled;
      fields.ended_ms = now_ms();
      return;
    }
    conclusion.delay =
        backoff(type.retry, fields.attempts, error, std::uniform_real_distribution<double>(0, 1)(random_));
    fields.available_ms = now_ms() + conclusion.delay.count();
    metrics_.retried(type);
    return;
  }
  // What of it a person is told stands in the run; a provider's words may repeat a prompt and are no matter for the
  // log.
  if (error.code != ErrorCode::invalid_argument && error.code != ErrorCode::cancelled)
    log::warn("a step failed", {{"run", draft.run->head.id.to_string()},
                                {"type", type.name},
                                {"code", to_string(error.code)},
                                {"file", error.source.file_name()},
                                {"line", error.source.line()}});
  conclusion.shared = std::unexpected(error);
  const StepState end = is_outcome_unknown(error) ? StepState::unknown : StepState::failed;
  draft.fail(step, end, std::move(error), now_ms());
}

void EngineImpl::apply(Draft& draft, const happened::Shared& shared) {
  const Step& step = draft.run->steps[shared.step];
  if (draft.head.state != RunState::running || draft.at(shared.step).state != StepState::ready ||
      step.following != shared.attempt)
    return;
  if (shared.outcome)
    draft.succeed(shared.step, *shared.outcome, true, now_ms());
  else
    draft.fail(shared.step, StepState::failed, shared.outcome.error(), now_ms());
}

void EngineImpl::apply(Draft& draft, const happened::Adopted& adopted) {
  if (draft.head.state != RunState::running || draft.at(adopted.step).state != StepState::ready) return;
  StepFields& fields = draft.edit(adopted.step);
  fields.state = StepState::running;
  ++fields.fence;
  ++fields.attempts;
  fields.started_ms = now_ms();
  ++draft.running_count;
}

void EngineImpl::apply(Draft& draft, const happened::Refused& refused) {
  if (draft.head.state != RunState::running) return;
  draft.fail(refused.step, StepState::failed, refused.error, now_ms());
}

void EngineImpl::apply(Draft& draft, const happened::Cancelled&) {
  if (draft.head.state == RunState::running) draft.cancel(now_ms());
}

void EngineImpl::apply(Draft& draft, const happened::Resumed&) {
  for (std::uint32_t i = 0; i < draft.run->steps.size(); ++i) {
    const StepFields& now = draft.at(i);
    if (now.state == StepState::ready && now.missing_count > 0)
      draft.edit(i).state = StepState::waiting;  // ran while a source was lost
    if (now.state != StepState::running || draft.run->steps[i].attempt) continue;
    draft.put_back(i);  // claimed, but nobody is at it
    StepFields& fields = draft.edit(i);
    ++fields.fence;
    --fields.attempts;
  }
  if (draft.head.error) {
    draft.cancel_unstarted(now_ms());
    return;
  }
  for (std::uint32_t i = 0; i < draft.run->steps.size(); ++i)
    if (draft.at(i).state == StepState::ready) draft.ready.push_back(i);
}

Batch EngineImpl::next_batch(Draft& draft) {
  const RunPtr& run = draft.run;
  Batch batch;
  std::vector<std::uint32_t> told;
  for (const auto& [index, is] : draft.changed) {
    const StepFields& was = run->steps[index].now;
    if (is_same_row(was, is)) continue;
    if (is_worth_telling(run->steps[index], is)) told.push_back(index);
    if (!is_in_bulk(draft.cancelled, was.state, is.state))
      batch.statements.push_back(rows::update_step(draft.head, index, was, is));
  }
  if (draft.cancelled != Draft::Bulk::none)
    batch.statements.push_back(rows::cancel_steps(draft.head, draft.cancelled, now_ms()));
  const bool is_run_changed = draft.head.done_count != run->head.done_count || draft.head.state != run->head.state ||
                              draft.head.error.has_value() != run->head.error.has_value();
  if (batch.statements.empty() && draft.forgotten.empty() && !is_run_changed) return batch;
  // First, so that an engine that lost the run changes nothing at all.
  batch.statements.insert(batch.statements.begin(),
                          is_run_changed ? rows::update_run(draft.head, id_) : rows::expect_run(draft.head, id_));
  for (const Digest& digest : draft.forgotten) batch.statements.push_back(rows::delete_result(digest));
  for (const std::uint32_t step : draft.made) {
    const StepFields& is = draft.at(step);
    if (is.key)
      batch.statements.push_back(
          rows::insert_result(draft.head.owner, *is.key, run->node(step).type, is.result->json, now_ms()));
  }
  for (const AttemptPtr& attempt : draft.claims) {
    if (!attempt->key) continue;
    batch.lookups.emplace_back(batch.statements.size(), attempt);
    batch.statements.push_back(rows::select_result(*attempt->key));
  }
  const std::string topic = "run/" + draft.head.id.to_string();
  const bool is_ended = draft.head.state != RunState::running;
  const bool is_coalesced = told.size() > kStepEventsMax;
  if (!is_coalesced) {
    for (const std::uint32_t index : told) {
      StepView view = view_of(*run, index, draft.at(index));
      append_event(batch, topic, "step.changed",
                   json::Object{{"run", draft.head.id.to_string()},
                                {"step", to_json(view)},
                                {"done_count", draft.head.done_count},
                                {"cached_count", draft.head.cached_count},
                                {"step_count", draft.head.step_count}},
                   draft.head.owner);
    }
  }
  if (is_coalesced || is_ended) {
    const json::Value summary = to_json(draft.head, false);
    append_event(batch, topic, "run.changed", summary, draft.head.owner);
    if (is_ended) append_event(batch, "runs", "run.changed", summary, draft.head.owner);
  }
  return batch;
}

// The write failed: what the draft took in advance goes back.
void EngineImpl::undo(Draft& draft) {
  for (const AttemptPtr& attempt : draft.claims) {
    if (attempt->key) {
      if (const auto found = in_progress_.find(*attempt->key); found != in_progress_.end() && found->second == attempt)
        in_progress_.erase(found);
      Draft::Conclusion nothing{.attempt = attempt, .shared = {}, .delay = {}};
      conclude(nothing);
    }
    if (attempt->has_granted_place) continue;  // it belongs to the grant, which will be read again
    queue_of(attempt->type->node_class).give_back_place(attempt->owner);
    pump(attempt->type->node_class);
  }
}

void EngineImpl::commit(const DraftPtr& draft, Batch& batch, const std::vector<store::Rows>& rows) {
  const RunPtr& run = draft->run;
  std::vector<std::uint32_t> offered;
  for (auto& [index, fields] : draft->changed) {
    if (fields.state == StepState::ready) offered.push_back(index);
    commit_step(run, index, std::move(fields));
  }
  for (const std::uint32_t step : draft->granted) {  // a place that was not needed after all
    const NodeClass node_class = run->steps[step].type->node_class;
    queue_of(node_class).give_back_place(run->head.owner);
    if (run->steps[step].now.state == StepState::ready) offered.push_back(step);
    pump(node_class);
  }
  run->head = std::move(draft->head);
  run->running_count = draft->running_count;
  for (const std::uint32_t step : draft->made)
    if (run->steps[step].now.key) {
      front_.put(*run->steps[step].now.key, run->steps[step].now.result);
      ++stored_count_;
    }
  metrics_.front_bytes.set(static_cast<double>(front_.size_bytes()));
  for (auto& [statement, event] : batch.events) {
    event.position = rows[statement].integer(0, 0);
    event.number = rows[statement].integer(0, 1);
    events_.committed(std::move(event));
  }
  for (const auto& [statement, attempt] : batch.lookups)
    if (!rows[statement].empty()) attempt->stored = rows[statement].text(0, 0);
  if (run->head.state != RunState::running) end_run(run);
  for (const AttemptPtr& attempt : draft->claims) launch(attempt);
  for (const std::uint32_t step : offered) offer(run, step);
  for (Draft::Conclusion& conclusion : draft->conclusions) conclude(conclusion);
  metrics_.runs_active.set(static_cast<double>(runs_.size()));
}

void EngineImpl::commit_step(const RunPtr& run, std::uint32_t index, StepFields&& fields) {
  Step& step = run->steps[index];
  const StepState was = step.now.state;
  step.now = std::move(fields);
  const StepState is = step.now.state;
  if (was == is) return;
  if (is != StepState::ready) withdraw(run, index);
  if (was == StepState::running)
    if (const AttemptPtr attempt = std::exchange(step.attempt, nullptr); attempt && is == StepState::cancelled)
      hand_over(attempt);
  if (!is_end(is) || step.type == nullptr) return;
  metrics_.step_ended(*step.type, is);
  if (is == StepState::succeeded && step.type->is_cacheable)
    (step.now.is_cached ? metrics_.cache_hits : metrics_.cache_misses).add();
}

// Steps that wait for the same result get it, or go on by themselves.
void EngineImpl::conclude(Draft::Conclusion& conclusion) {
  const AttemptPtr& attempt = conclusion.attempt;
  if (attempt->key)
    if (const auto found = in_progress_.find(*attempt->key); found != in_progress_.end() && found->second == attempt)
      in_progress_.erase(found);
  for (const StepRef& follower : std::exchange(attempt->followers, {})) {
    if (conclusion.shared) {
      metrics_.shared.add();
      post(follower.run, happened::Shared{follower.step, attempt, *conclusion.shared});
    } else {
      follower.run->steps[follower.step].following.reset();
      offer(follower.run, follower.step, conclusion.delay);
    }
  }
}

// What its steps hold may be evicted again.
void EngineImpl::release_blobs(ActiveRun& run) {
  for (Step& step : run.steps) step.now.pins.reset();
  run.pins.clear();
}

void EngineImpl::end_run(const RunPtr& run) {
  run->is_over = true;
  release_blobs(*run);
  metrics_.run_ended(run->head.state);
  keep_run(*run, now_ms());
  runs_.erase(run->head.id);
  for (std::uint32_t i = 0; i < run->steps.size(); ++i) withdraw(run, i);
  if (run->ended) run->ended->notify_all();
  if (call_count_ > 0 && is_stopping_) calls_ended_.notify_all();
  drain(*run);
}

// Another engine has the run, or the table says otherwise: nothing more is done about it here.
void EngineImpl::abandon(const RunPtr& run) {
  run->is_over = true;
  release_blobs(*run);
  end_stall(*run);
  runs_.erase(run->head.id);
  for (std::uint32_t i = 0; i < run->steps.size(); ++i) {
    withdraw(run, i);
    if (const AttemptPtr attempt = std::exchange(run->steps[i].attempt, nullptr)) {
      metrics_.leases_lost.add();
      hand_over(attempt);
    }
  }
  if (run->ended) run->ended->notify_all();
  drain(*run);
}

}  // namespace atelier::graph

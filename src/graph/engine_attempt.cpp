#include <fmt/format.h>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "graph/engine_impl.hpp"
#include "graph/rows.hpp"
#include "graph/run_trace.hpp"

namespace atelier::graph {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

// Shared with callbacks of workers that may outlive the attempt, and called from their threads.
class EngineImpl::Reporter final : public StepReporter {
 public:
  Reporter(EngineImpl& engine, const AttemptPtr& attempt)
      : executor_(engine.executor_), engine_(engine), attempt_(attempt) {}

  void progress(std::int64_t done, std::int64_t total) override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto last = last_.load(std::memory_order_relaxed);
    const auto interval = std::chrono::duration_cast<std::chrono::steady_clock::duration>(kProgressInterval).count();
    if (now - last < interval && done < total) return;
    if (!last_.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
    // The engine outlives its attempts; one that has ended is not looked at again.
    asio::post(executor_, [engine = &engine_, weak = attempt_, done, total] {
      if (const AttemptPtr attempt = weak.lock(); attempt && !attempt->is_ended)
        engine->tell_progress(*attempt, done, total);
    });
  }

 private:
  const Executor executor_;
  EngineImpl& engine_;
  const std::weak_ptr<Attempt> attempt_;
  std::atomic<std::chrono::steady_clock::rep> last_ = 0;
};

void EngineImpl::tell_progress(const Attempt& attempt, std::int64_t done, std::int64_t total) {
  const auto tell = [&](const RunPtr& run, std::uint32_t index) {
    Step& step = run->steps[index];
    step.progress_done = done;
    step.progress_total = total;
    const std::string id = run->head.id.to_string();
    events_.tell(
        "run/" + id, "step.progress",
        json::write(json::Object{{"run", id}, {"node", run->node(index).name}, {"done", done}, {"total", total}}),
        run->head.owner);
  };
  tell(attempt.run, attempt.step);
  for (const StepRef& follower : attempt.followers) tell(follower.run, follower.step);
}

void EngineImpl::launch(const AttemptPtr& attempt) {
  attempt->run->steps[attempt->step].attempt = attempt;
  attempt->started = clock_.now();
  keep_wait(*attempt->run, attempt->run->steps[attempt->step], attempt->claimed_at);
  keep_claim(*attempt->run, *attempt);
  attempts_.insert(attempt);
  schedule(attempt->deadline, attempt->type->timeout, [this, attempt] {
    attempt->deadline.reset();
    stop_attempt(attempt, Attempt::Stop::deadline);
    // A coroutine that does not listen keeps its place, but the step goes on without it.
    schedule(attempt->deadline, std::chrono::seconds(2), [this, attempt] {
      attempt->deadline.reset();
      tell_end(attempt, fail(ErrorCode::cancelled, "it did not stop when told"), false);
    });
  });
  if (is_stopping_) stop_attempt(attempt, Attempt::Stop::interrupted);
  group_.spawn(carry(attempt));
}

Task<Result<>> EngineImpl::carry(AttemptPtr attempt) {
  crash_point("step.before_run");
  HeldResult found;
  if (attempt->stored) found = co_await take_stored(attempt);
  if (found.result) {
    tell_end(attempt, std::move(found), true);
  } else {
    if (attempt->stop == Attempt::Stop::none) {
      TaskGroup work(executor_);
      attempt->work = &work;
      work.spawn(perform(attempt));
      const auto joined = co_await work.join();
      attempt->work = nullptr;
      if (!attempt->outcome && !joined) attempt->outcome = Result<Outputs>(error_of(joined));
    }
    crash_point("step.after_run");
    metrics_.attempt_took(*attempt->type, seconds_between(attempt->started, clock_.now()));
    Result<HeldResult> outcome = fail(ErrorCode::cancelled, "stopped before it began");
    std::vector<std::uint32_t> lost_sources;
    if (attempt->outcome && *attempt->outcome) {
      outcome = co_await take_made(attempt);
    } else if (attempt->outcome) {
      outcome = error_of(std::move(*attempt->outcome));
      if (outcome.error().reason == "blob_not_found") lost_sources = co_await find_lost_sources(attempt);
    }
    tell_end(attempt, std::move(outcome), false, std::move(lost_sources));
  }
  attempts_.erase(attempt);
  queue_of(attempt->type->node_class).give_back_place(attempt->owner);
  pump(attempt->type->node_class);
  co_return Result<>{};
}

// What the claim found in the table, if all its blobs are still there.
Task<HeldResult> EngineImpl::take_stored(AttemptPtr attempt) {
  auto result = parse_result(std::move(*attempt->stored));
  if (!result) {
    log::warn("a stored result cannot be read", {{"type", attempt->type->name}, {"error", result.error().message}});
    co_return HeldResult();
  }
  auto held = co_await hold_result(*result);
  if (!held) co_return HeldResult();
  front_.put(*attempt->key, *result);
  co_return std::move(*held);
}

Task<Result<>> EngineImpl::perform(AttemptPtr attempt) {
  attempt->outcome = co_await attempt->type->run(&services_, make_step_run(attempt));
  co_return Result<>{};
}

StepRun EngineImpl::make_step_run(const AttemptPtr& attempt) const {
  const ActiveRun& run = *attempt->run;
  const Step& step = run.steps[attempt->step];
  StepRun made;
  made.principal = Principal{.owner = run.head.owner, .role = Role::member, .trace = attempt->trace};
  made.run = run.head.id;
  made.node = run.node(attempt->step).name;
  made.parameters = run.node(attempt->step).parameters;
  for (const Source& source : step.sources) {
    const std::string_view port = attempt->type->inputs[source.port].name;
    auto found = made.inputs.find(port);
    if (found == made.inputs.end()) found = made.inputs.emplace(std::string(port), std::vector<PortValue>()).first;
    if (source.given) {
      found->second.push_back(run.graph.given[*source.given].value);
      continue;
    }
    const Outputs& outputs = run.steps[source.node].now.result->outputs;
    // An output that its step may leave out gives nothing to an optional input.
    if (const auto output = outputs.find(source.from_port); output != outputs.end())
      found->second.push_back(output->second);
  }
  made.attempt = attempt->number;
  made.deadline = attempt->started + attempt->type->timeout;
  made.reporter = std::make_shared<Reporter>(const_cast<EngineImpl&>(*this), attempt);
  return made;
}

// Asks it to end. Nobody joins it any more, and its outcome tells why.
void EngineImpl::stop_attempt(const AttemptPtr& attempt, Attempt::Stop why) {
  if (attempt->stop != Attempt::Stop::none) return;
  attempt->stop = why;
  if (attempt->key)
    if (const auto found = in_progress_.find(*attempt->key); found != in_progress_.end() && found->second == attempt)
      in_progress_.erase(found);
  if (attempt->work) attempt->work->cancel();
}

void EngineImpl::tell_end(const AttemptPtr& attempt, Result<HeldResult> outcome, bool is_cached,
                          std::vector<std::uint32_t> lost_sources) {
  if (std::exchange(attempt->is_ended, true)) return;
  keep_attempt(*attempt->run, *attempt, is_cached, outcome ? std::string_view() : outcome.error().stable_code());
  unschedule(attempt->deadline);
  const bool is_interrupted = !outcome && attempt->stop == Attempt::Stop::interrupted;
  if (!outcome && attempt->stop == Attempt::Stop::deadline)
    outcome = fail(ErrorCode::deadline_exceeded,
                   fmt::format("it took longer than the {} ms it is given", attempt->type->timeout.count()),
                   {.reason = {}, .where = attempt->run->node(attempt->step).name});
  post(attempt->run, happened::Ended{.step = attempt->step,
                                     .attempt = attempt,
                                     .outcome = std::move(outcome),
                                     .is_cached = is_cached,
                                     .is_interrupted = is_interrupted,
                                     .lost_sources = std::move(lost_sources)});
}

// Its own run does not want it any more. Another that waits for the same takes it over; without one it stops.
void EngineImpl::hand_over(const AttemptPtr& attempt) {
  const bool is_alive = !attempt->is_ended && attempt->stop == Attempt::Stop::none;
  while (is_alive && !attempt->followers.empty()) {
    const StepRef heir = attempt->followers.front();
    attempt->followers.erase(attempt->followers.begin());
    Step& step = heir.run->steps[heir.step];
    step.following.reset();
    if (heir.run->is_over || heir.run->is_stopping || step.now.state != StepState::ready) continue;
    attempt->run = heir.run;
    attempt->step = heir.step;
    step.attempt = attempt;
    post(heir.run, happened::Adopted{.step = heir.step, .attempt = attempt});
    return;
  }
  stop_attempt(attempt, Attempt::Stop::cancelled);
}

}  // namespace atelier::graph

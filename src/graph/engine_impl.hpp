#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/async.hpp"
#include "base/task_group.hpp"
#include "graph/active_run.hpp"
#include "graph/engine.hpp"
#include "graph/metrics.hpp"
#include "graph/ready_queue.hpp"
#include "graph/result.hpp"

namespace atelier::graph {

// One try of one step, and whoever waits for the same result.
struct Attempt {
  enum class Stop : std::uint8_t { none, cancelled, interrupted, deadline };

  RunPtr run;  // whom it works for; another's when that one is cancelled and others wait
  std::uint32_t step = 0;
  const NodeType* type = nullptr;
  UserId owner;
  std::optional<Digest> key;
  std::optional<std::string> stored;  // outputs that the claim found in the table
  std::vector<StepRef> followers;     // ready steps that wait for this one's result
  std::uint32_t number = 1;
  bool has_granted_place = false;  // by its queue, before the claim was written
  bool is_ended = false;           // its outcome was told
  Stop stop = Stop::none;
  TaskGroup* work = nullptr;  // while the node type's coroutine runs
  std::optional<Agenda::Entry> deadline;
  std::chrono::steady_clock::time_point started;
  std::optional<Result<Outputs>> outcome;
  TraceContext trace = {};                             // its span is the attempt's
  std::chrono::steady_clock::time_point claimed_at{};  // of the steady clock, whatever clock the engine has
};

// Statements of one commit, and what to do with their answers.
struct Batch {
  std::vector<store::Statement> statements;
  std::vector<std::pair<std::size_t, store::Event>> events;  // by statement
  std::vector<std::pair<std::size_t, AttemptPtr>> lookups;
};

// Everything runs on one loop. The database is the truth: what happens to a run is collected in its mailbox, one
// coroutine per run (drive) drafts the next state, writes it, and only then makes it so in memory.
class EngineImpl final : public Engine {
 public:
  struct Parts {
    Executor executor;
    store::Database& database;
    store::BlobStore& blobs;
    store::EventLog& events;
    const NodeRegistry& registry;
    NodeServices& services;
    const Clock& clock;
    EngineOptions options;
  };
  EngineImpl(Parts parts, Metrics& metrics);
  ~EngineImpl() override;

  Task<Result<RunId>> submit(RunRequest request) override;
  Task<Result<RunView>> find(Principal principal, RunId id) override;
  Task<Result<RunView>> find_summary(Principal principal, RunId id) override;
  Task<Result<std::optional<RunId>>> find_by_key(Principal principal, std::string idempotency_key) override;
  Task<Result<Page>> list(Principal principal, std::string kind, std::string subject, std::string after,
                          std::size_t count_max) override;
  Task<Result<>> cancel(Principal principal, RunId id) override;
  Task<Result<RunId>> run_again(Principal principal, RunId id, Again again) override;
  Task<Result<RunView>> wait(Principal principal, RunId id) override;
  Task<Result<std::size_t>> forget_before(UnixMs ended_ms) override;
  Task<Result<>> recover() override;
  Task<> stop() override;
  void wake() override;

 private:
  class Reporter;
  class Call;  // counts a public call in progress
  enum class Lookup : std::uint8_t { memory, database };
  struct Submission {
    RunRequest request;
    std::string graph_json;
    std::optional<std::uint32_t> forced_from;
  };

  // engine_submit.cpp
  Task<Result<RunId>> submit_here(Submission submission);
  Task<Result<std::optional<RunId>>> find_same(const Submission* submission);
  Task<Result<RunId>> again_here(Principal principal, RunId id, Again again);
  RunPtr make_run(Submission& submission) const;
  Batch first_batch(Draft& draft, Submission& submission);

  // engine_read.cpp
  Task<Result<RunView>> find_here(Principal principal, RunId id);
  Task<Result<RunView>> wait_here(Principal principal, RunId id);
  Task<Result<>> cancel_here(Principal principal, RunId id);
  Task<Result<>> until_over(RunPtr run);
  Task<std::optional<Error>> stall_of(RunId id);
  RunPtr active(Principal principal, RunId id) const;

  // engine_forget.cpp
  Task<Result<>> forget(std::string owner, std::string run, std::int64_t step_count);

  // engine_drive.cpp: from what happened to the next committed state
  void post(const RunPtr& run, Happening happening);
  Task<Result<>> drive(RunPtr run);
  void apply(Draft& draft, const Happening& happening);
  void apply(Draft& draft, const happened::Granted& granted);
  void apply(Draft& draft, const happened::Ended& ended);
  void apply(Draft& draft, const happened::Shared& shared);
  void apply(Draft& draft, const happened::Adopted& adopted);
  void apply(Draft& draft, const happened::Refused& refused);
  void apply(Draft& draft, const happened::Cancelled& cancelled);
  void apply(Draft& draft, const happened::Resumed& resumed);
  void apply_failure(Draft& draft, const happened::Ended& ended, Draft::Conclusion& conclusion);
  Batch next_batch(Draft& draft);
  void undo(Draft& draft);
  void commit(const DraftPtr& draft, Batch& batch, const std::vector<store::Rows>& rows);
  void commit_step(const RunPtr& run, std::uint32_t step, StepFields&& fields);
  void conclude(Draft::Conclusion& conclusion);
  void end_run(const RunPtr& run);
  void abandon(const RunPtr& run);
  void drain(ActiveRun& run);
  void release_blobs(ActiveRun& run);
  void stall(const RunPtr& run, const Error& why);
  void end_stall(ActiveRun& run);
  void tell_run(const ActiveRun& run, std::string_view type);

  // engine_hold.cpp: what active runs need is not evicted
  Task<std::optional<HeldResult>> hold_result(ResultPtr result);
  Task<> hold_run(RunPtr run);

  // engine_settle.cpp: the cache, and places
  Task<> settle(DraftPtr draft, Lookup lookup);
  std::vector<std::uint32_t> take_hits(Draft& draft);
  Task<std::vector<Digest>> hold(DraftPtr draft, std::vector<std::uint32_t> hits);
  Task<bool> fetch_results(DraftPtr draft, bool is_first);
  void place(Draft& draft);
  void claim(Draft& draft, std::uint32_t step, bool has_granted_place);
  void offer(const RunPtr& run, std::uint32_t step, std::chrono::milliseconds delay = std::chrono::milliseconds(0));
  void withdraw(const RunPtr& run, std::uint32_t step);
  void pump(NodeClass node_class);
  bool is_cacheable(const ActiveRun& run, std::uint32_t step) const;
  bool follow(const RunPtr& run, std::uint32_t step);
  ReadyQueue& queue_of(NodeClass node_class) { return queues_[static_cast<std::size_t>(node_class)]; }

  // engine_attempt.cpp
  void launch(const AttemptPtr& attempt);
  Task<Result<>> carry(AttemptPtr attempt);
  Task<Result<>> perform(AttemptPtr attempt);
  Task<HeldResult> take_stored(AttemptPtr attempt);
  Task<Result<HeldResult>> take_made(AttemptPtr attempt);
  Task<std::vector<std::uint32_t>> find_lost_sources(AttemptPtr attempt);
  StepRun make_step_run(const AttemptPtr& attempt) const;
  void stop_attempt(const AttemptPtr& attempt, Attempt::Stop why);
  void tell_end(const AttemptPtr& attempt, Result<HeldResult> outcome, bool is_cached,
                std::vector<std::uint32_t> lost_sources = {});
  void hand_over(const AttemptPtr& attempt);
  void tell_progress(const Attempt& attempt, std::int64_t done, std::int64_t total);

  // engine_recover.cpp
  Task<Result<>> recover_here();
  Task<> stop_here();
  Task<Result<>> take_up_dead();
  Task<Result<>> load_active();
  Task<Result<>> load_again(RunPtr run);
  Result<RunPtr> load_run(const store::Rows& runs, std::size_t row, std::vector<StepFields> fields,
                          std::vector<bool> forced);
  Task<> take_in(const store::Rows* runs_found, const store::Rows* steps_found);  // they outlive it
  Task<Result<>> keep_time();
  Task<Result<>> beat();
  Task<Result<>> trim_results();
  void plan_beat();

  void schedule(std::optional<Agenda::Entry>& entry, std::chrono::milliseconds after, std::function<void()> what);
  void unschedule(std::optional<Agenda::Entry>& entry);
  void append_event(Batch& batch, std::string topic, std::string_view type, const json::Value& data,
                    UserId owner) const;
  UnixMs now_ms() const { return clock_.wall_ms(); }
  void show_queue(NodeClass node_class);

  const Executor executor_;
  store::Database& database_;
  store::BlobStore& blobs_;
  store::EventLog& events_;
  const NodeRegistry& registry_;
  NodeServices& services_;
  const Clock& clock_;
  const EngineOptions options_;
  EngineMetrics metrics_;
  std::string id_;  // of this engine's life
  bool is_started_ = false;
  bool is_stopping_ = false;
  std::size_t call_count_ = 0;
  std::size_t stored_count_ = 0;                // results since the last trim
  std::atomic<std::size_t> stalled_count_ = 0;  // of runs; read on any loop

  ResultFront front_;
  std::array<ReadyQueue, kNodeClassCount> queues_;
  std::unordered_map<RunId, RunPtr> runs_;
  std::unordered_map<Digest, AttemptPtr> in_progress_;  // by result key: what identical steps wait for
  std::unordered_set<AttemptPtr> attempts_;
  std::mt19937_64 random_;
  Agenda agenda_;
  std::optional<Agenda::Entry> next_beat_;
  bool is_beating_ = false, is_trimming_ = false;
  std::shared_ptr<Timer> timer_;  // shared with wake(), which comes from any thread
  Signal calls_ended_;
  Signal writable_;  // a stalled run's write succeeded: the others' may too; or it is time to stop
  std::uint64_t writable_count_ = 0;
  TaskGroup group_;  // last: its members use all of the above
};

}  // namespace atelier::graph

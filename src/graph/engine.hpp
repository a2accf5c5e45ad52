#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "graph/graph.hpp"
#include "store/blob_store.hpp"
#include "store/database.hpp"
#include "store/events.hpp"

namespace atelier::graph {

// Spelled as on the wire and in the database.
enum class StepState : std::uint8_t { waiting, ready, running, succeeded, failed, cancelled, unknown };
enum class RunState : std::uint8_t { running, succeeded, failed, cancelled };
std::string_view to_string(StepState state) noexcept;
std::string_view to_string(RunState state) noexcept;
std::optional<StepState> parse_step_state(std::string_view text) noexcept;
std::optional<RunState> parse_run_state(std::string_view text) noexcept;

struct StepView {
  std::string node, type, label;
  StepState state = StepState::waiting;
  std::uint32_t attempts = 0;
  bool is_cached = false;  // the result was taken, not made
  std::int64_t progress_done = 0, progress_total = 0;
  UnixMs started_ms = 0, ended_ms = 0;
  std::optional<Error> error;
  Outputs outputs;  // of a succeeded step
};

struct RunView {
  RunId id;
  UserId owner;
  std::string kind;     // "production.render"
  std::string subject;  // id of what asked for it; may be empty
  std::string title;    // for people
  RunState state = RunState::running;
  std::int64_t priority = 0;
  UnixMs created_ms = 0, ended_ms = 0;
  std::uint32_t step_count = 0, done_count = 0, cached_count = 0;
  std::optional<Error> error;  // of the step that failed it
  std::optional<Error>
      stalled;  // why its progress is not stored at the moment; goes on by itself. Never in the database
  std::vector<StepView> steps;  // only where asked for
  TraceContext trace = {};      // in which it was asked for; its span is the run's. None: of a version before
  SpanId trace_parent = 0;      // what asked for it
};

struct RunRequest {
  RunId id;  // nil: made by the engine
  Principal principal;
  std::string kind;
  std::string subject;
  std::string title;
  Graph graph;
  std::int64_t priority = 0;  // higher first
  // Written in the same transaction as the run: what asked for it is never without it, nor it without what asked.
  std::vector<store::Statement> together_with;
  // A second submission with the same key and owner gives the first one's run.
  std::string idempotency_key;
};

struct EngineOptions {
  std::uint32_t light_at_most = 256, media_at_most = 2, network_at_most = 64;
  std::chrono::milliseconds lease{30'000};
  std::chrono::milliseconds heartbeat{10'000};
  std::uint32_t poison_kills_max = 2;   // a step that kills its worker this often fails
  std::uint32_t interruptions_max = 5;  // a step that ran whenever the server was killed fails after so often
  std::size_t cached_results_max = 100'000;
  std::size_t front_bytes_max = 16 << 20;  // results in memory
  std::size_t runs_at_most = 50'000;       // active ones; more are refused as unavailable
  // Nobody else uses the database (its folder is locked): whatever another engine left is dead, and taken up at once.
  // Otherwise what another engine runs is taken over when its lease has ended.
  bool is_alone = true;
};

// Runs graphs durably. Lives on one loop; its methods may be awaited from any loop. A run, its steps and what asked for
// it are one commit; every step state that was answered survives kill -9.
class Engine {
 public:
  virtual ~Engine() = default;

  // Checks the graph, then stores and starts it. Answers after the commit is durable.
  virtual Task<Result<RunId>> submit(RunRequest request) = 0;
  virtual Task<Result<RunView>> find(Principal principal, RunId id) = 0;          // with steps
  virtual Task<Result<RunView>> find_summary(Principal principal, RunId id) = 0;  // without steps: one row
  // The run that was submitted with this idempotency key.
  virtual Task<Result<std::optional<RunId>>> find_by_key(Principal principal, std::string idempotency_key) = 0;
  struct Page {
    std::vector<RunView> runs;  // newest first, without steps
    std::string next;           // cursor of the next page; empty at the end
  };
  virtual Task<Result<Page>> list(Principal principal, std::string kind, std::string subject, std::string after,
                                  std::size_t count_max) = 0;
  // Ends within 500 ms: running steps are told to stop, the others never start. Cancelling twice is fine. Of a run that
  // is stalled the answer is that stall's error, after a second: it is cancelled all the same, once that can be stored.
  virtual Task<Result<>> cancel(Principal principal, RunId id) = 0;
  // A new run of the same graph. Without a step: takes every result there is, so that only what failed runs. From a
  // step: that step and all that depend on it run again, whatever the cache holds.
  struct Again {
    std::string from_node;                        // empty: what has no result
    RunId new_id;                                 // nil: made by the engine
    std::vector<store::Statement> together_with;  // as RunRequest's
  };
  virtual Task<Result<RunId>> run_again(Principal principal, RunId id, Again again) = 0;
  // Waits for the end of a run. One that is stalled for over a second is answered with the stall's error: a write that
  // fails once is nothing to tell who waits, but a full disk may last, and then they can do something about it.
  virtual Task<Result<RunView>> wait(Principal principal, RunId id) = 0;

  // Deletes runs that ended before that moment, their steps and graphs, in small slices; of each owner, kind and
  // subject the newest stays. How many.
  virtual Task<Result<std::size_t>> forget_before(UnixMs ended_ms) = 0;

  // Takes up what a crash or stop left: called before the first submit, and again if it failed, until it succeeds.
  virtual Task<Result<>> recover() = 0;
  // Takes no more steps, interrupts those that run without counting the attempt, returns when all have stopped.
  virtual Task<> stop() = 0;

  // Looks at the clock now. For whoever moves a clock by hand: otherwise the engine sleeps until something is due.
  virtual void wake() = 0;
};

// The services and registry outlive the engine.
std::unique_ptr<Engine> make_engine(Executor executor, store::Database& database, store::BlobStore& blobs,
                                    store::EventLog& events, const NodeRegistry& registry, NodeServices& services,
                                    Metrics& metrics, const Clock& clock, EngineOptions options);

}  // namespace atelier::graph

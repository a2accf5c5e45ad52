#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/async.hpp"
#include "graph/agenda.hpp"
#include "graph/engine.hpp"
#include "graph/ready_queue.hpp"
#include "graph/result.hpp"

namespace atelier::graph {

struct Attempt;
using AttemptPtr = std::shared_ptr<Attempt>;  // shared by its coroutine, its step and whoever waits for the same result
using RunPtr = std::shared_ptr<ActiveRun>;    // shared by the engine and the attempts that may outlast the run

// What of a step changes. Mirrors its row as last committed; changed only through a Draft.
struct StepFields {
  StepState state = StepState::waiting;
  std::uint32_t missing_count = 0;  // sources that have not succeeded; not in the row
  std::uint32_t attempts = 0;       // those that count
  std::uint32_t kills = 0;          // of them, those that took their worker with them
  std::uint32_t interruptions = 0;  // by the death of the server
  bool is_cached = false;
  std::int64_t fence = 0;  // rises with every claim
  UnixMs available_ms = 0, started_ms = 0, ended_ms = 0;
  std::optional<Digest> key;
  ResultPtr result;
  std::shared_ptr<const std::vector<store::BlobPin>> pins;  // HeldResult's
  std::shared_ptr<const Error> error;                       // shared with drafts, to keep their copies cheap
};

// One input of a step: an output of an earlier node, or a given value.
struct Source {
  std::uint32_t port = 0;  // index into NodeType::inputs
  std::optional<std::uint32_t> given;
  std::uint32_t node = 0;
  std::string_view from_port;  // into the graph
};

struct Step {
  const NodeType* type = nullptr;  // null when this server no longer has it
  bool is_forced = false;          // runs whatever the cache holds
  StepFields now;
  std::vector<Source> sources;  // by port, then in order
  std::vector<std::uint32_t> dependents;
  std::int64_t progress_done = 0, progress_total = 0;
  AttemptPtr attempt;                        // while running
  AttemptPtr following;                      // while an identical step runs for it
  std::optional<ReadyQueue::Ticket> ticket;  // while queued
  std::optional<Agenda::Entry> backoff;
  std::chrono::steady_clock::time_point offered_at{};  // when it began to wait for a place
};

// What happened to a run, in order. One coroutine per run turns it into commits.
namespace happened {
struct Granted {  // a place for a ready step
  std::uint32_t step;
};
struct Ended {  // an attempt
  std::uint32_t step;
  AttemptPtr attempt;
  Result<HeldResult> outcome;
  bool is_cached = false;
  bool is_interrupted = false;
  std::vector<std::uint32_t> lost_sources = {};  // steps whose blobs it needed and did not find
};
struct Shared {  // the identical step that this one waited for
  std::uint32_t step;
  AttemptPtr attempt;
  Result<HeldResult> outcome;
};
struct Adopted {  // an attempt whose own run went away
  std::uint32_t step;
  AttemptPtr attempt;
};
struct Refused {  // a step that cannot go on after recovery
  std::uint32_t step;
  Error error;
};
struct Cancelled {};
struct Resumed {};  // taken up after a crash or stop
}  // namespace happened
using Happening = std::variant<happened::Granted, happened::Ended, happened::Shared, happened::Adopted,
                               happened::Refused, happened::Cancelled, happened::Resumed>;

struct ActiveRun {
  RunView head;  // without steps
  Graph graph;
  std::vector<Step> steps;
  std::vector<store::BlobPin> pins;  // of given blobs, and of the results it was loaded with
  std::uint32_t running_count = 0;
  std::uint32_t place_count = 0;  // attempts whose coroutine lives
  std::deque<Happening> mailbox;
  bool is_driven = false;
  bool is_over = false;        // ended, or no longer this engine's
  bool is_stopping = false;    // cancellation was asked for
  std::optional<Error> stall;  // why its state is not stored; the write is made again until it succeeds
  std::chrono::steady_clock::time_point stalled_since;
  std::unique_ptr<Signal> ended;                     // or stalled; made by the first who waits
  std::uint32_t span_count = 0;                      // recorded of it
  std::chrono::steady_clock::time_point begun_at{};  // none: before this engine was

  const Node& node(std::uint32_t step) const { return graph.nodes[step]; }
};

// The steps of a checked graph, with their sources and dependents. `forced_from`: that node and all after it are
// forced.
std::vector<Step> make_steps(const Graph& graph, const NodeRegistry& registry);
void force_from(std::vector<Step>& steps, std::uint32_t node);
StepView view_of(const ActiveRun& run, std::uint32_t step, const StepFields& fields);

// The state of a run as it will be after the next commit: copies of what changes.
class Draft {
 public:
  explicit Draft(RunPtr run);

  const StepFields& at(std::uint32_t step) const;
  StepFields& edit(std::uint32_t step);
  // The key of a cacheable step whose sources have all succeeded.
  void set_key(std::uint32_t step, std::string_view version_suffix);

  void succeed(std::uint32_t step, HeldResult held, bool is_cached, UnixMs now_ms);
  // Takes back the last successes, newest first: their steps are ready again.
  void take_back(std::uint32_t step);
  // A success of before whose blobs are gone: the step is ready again, and what was ready after it waits. What runs may
  // finish, and what ended stays ended.
  void lose(std::uint32_t step);
  // A step that ran and did not end: ready, or waiting for a source that was lost meanwhile.
  void put_back(std::uint32_t step);
  // The step ends; steps not begun are cancelled, those that run may finish.
  void fail(std::uint32_t step, StepState state, Error error, UnixMs now_ms);
  void cancel(UnixMs now_ms);
  // Steps not begun never will.
  void cancel_unstarted(UnixMs now_ms);
  // Sets the run's end if nothing is left to do.
  void conclude(UnixMs now_ms);

  const RunPtr run;
  RunView head;
  std::uint32_t running_count;
  std::vector<std::pair<std::uint32_t, StepFields>> changed;  // sorted by step when stored
  std::vector<std::uint32_t> ready;                           // became ready, not yet looked up
  std::vector<std::uint32_t> unplaced;                        // ready, and not in the cache
  std::vector<std::uint32_t> granted;                         // have a place
  std::vector<AttemptPtr> claims;                             // begin once committed
  std::vector<Digest> forgotten;                              // stored results whose blobs are gone
  std::vector<std::uint32_t> made;                            // succeeded by running: their results are to be stored
  // An attempt that is over, and what that means for the steps that wait for the same result.
  struct Conclusion {
    AttemptPtr attempt;
    std::optional<Result<HeldResult>> shared;  // they get this; without it they go on alone
    std::chrono::milliseconds delay{0};        // after this
  };
  std::vector<Conclusion> conclusions;
  enum class Bulk : std::uint8_t { none, unstarted, all };
  Bulk cancelled = Bulk::none;  // what one statement cancels

 private:
  std::unordered_map<std::uint32_t, std::size_t> places_;  // into changed
};
using DraftPtr = std::shared_ptr<Draft>;  // shared by a run's driver and the coroutines it awaits

}  // namespace atelier::graph

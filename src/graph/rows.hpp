#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/active_run.hpp"
#include "store/database.hpp"

// The engine's SQL, all of it. Every statement that changes a state names the state it changes from.
namespace atelier::graph::rows {

using store::Rows;
using store::Statement;

// Engines.
Statement insert_engine(const std::string& engine, UnixMs now_ms, UnixMs lease_until_ms);
Statement renew_lease(const std::string& engine, UnixMs lease_until_ms);  // conflict when somebody took it over
Statement delete_engine(const std::string& engine);
Statement select_other_engines(const std::string& engine, UnixMs lease_until_max_ms);
// Runs and their running steps of one engine become another's: the steps are ready again, and an attempt that was
// interrupted is not counted.
std::vector<Statement> take_over(const std::string& from_engine, const std::string& to_engine);
std::vector<Statement> select_active(const std::string& engine, const std::string& after_run,
                                     std::int64_t count_max);                                  // runs, steps
std::vector<Statement> select_active_one(const std::string& engine, UserId owner, RunId run);  // the same columns

// Runs.
Statement insert_run(const RunView& run, const std::string& engine, const std::string& idempotency_key);
Statement insert_graph(const RunView& run, std::string graph);
Statement update_run(const RunView& run, const std::string& engine);  // conflict when it is not this engine's any more
Statement expect_run(const RunView& run, const std::string& engine);  // the same, changing nothing
Statement select_run(UserId owner, RunId id);
std::vector<Statement> select_whole_run(UserId owner, RunId id);  // run, graph, steps
Statement select_graph(UserId owner, RunId id);
Statement select_by_idempotency_key(UserId owner, const std::string& key);
Statement select_page(UserId owner, const std::string& kind, const std::string& subject, const std::string& before,
                      std::int64_t count);
RunView read_run(const Rows& rows, std::size_t row);

// Runs that ended, from after the given one on to those that ended before a moment, in order of their ends: ended_ms,
// owner, id, step_count, and whether a newer one of the same owner, kind and subject is there.
struct EndedAt {
  std::int64_t ended_ms = 0;
  std::string owner, run;
};
Statement select_ended(const EndedAt& after, UnixMs before_ms, std::int64_t count_max);
Statement delete_steps(const std::string& run, std::int64_t first, std::int64_t end);
Statement delete_graph(const std::string& run);
Statement delete_run(const std::string& owner, const std::string& run);  // unless it is active

// Steps.
Statement insert_steps(const RunView& run, std::uint32_t first, std::uint32_t last, StepState state, bool is_forced);
Statement insert_step(const RunView& run, std::uint32_t step, const StepFields& fields, bool is_forced);
Statement update_step(const RunView& run, std::uint32_t step, const StepFields& was, const StepFields& is);
Statement cancel_steps(const RunView& run, Draft::Bulk bulk, UnixMs now_ms);
struct StepRow {
  std::string run;
  std::uint32_t node = 0;
  bool is_forced = false;
  StepFields fields;
};
Result<StepRow> read_step(const Rows& rows, std::size_t row);

// Results.
Statement insert_result(UserId owner, const Digest& key, std::string_view type, const std::string& outputs,
                        UnixMs now_ms);
Statement select_result(const Digest& key);
Statement delete_result(const Digest& key);
Statement delete_results_beyond(std::int64_t count_max);
// What the steps of the last run of the same kind and subject gave: key and outputs.
Statement select_last_results(const RunView& run, std::int64_t count_max);

}  // namespace atelier::graph::rows

#pragma once

#include <chrono>
#include <string_view>

#include "base/trace.hpp"
#include "graph/active_run.hpp"

// What a run did in its trace. A run is seldom, and worth being kept whole: up to kSpansPerRunMax spans.
namespace atelier::graph {

struct Attempt;

inline constexpr std::uint32_t kSpansPerRunMax = 500;

// Puts a new run into the trace it was asked for in, or into one of its own.
void enter_trace(RunView& run, const TraceContext& asked_in);

// A part of the run itself, such as a commit, from `started` until now.
void keep_part(ActiveRun& run, std::string_view name, trace::Time started);
// Where it waited for a place among the steps of its class.
void keep_wait(ActiveRun& run, Step& step, trace::Time until);
// Its claim was committed, and its work begins.
void keep_claim(ActiveRun& run, const Attempt& attempt);
// An attempt that is over. `fault` is its error's code, or "".
void keep_attempt(ActiveRun& run, const Attempt& attempt, bool is_cached, std::string_view fault);
// The run, once it has ended.
void keep_run(ActiveRun& run, UnixMs now_ms);

}  // namespace atelier::graph

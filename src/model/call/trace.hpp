#pragma once

#include "base/trace_context.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {

struct CallReport;

// Puts `traceparent` in, unless there is one (the operator's own) or no trace.
void put_trace(WireRequest& request, const TraceContext& trace);

// Records a call that has ended, and its attempts beneath it, if its trace is kept, or it failed.
void keep_spans(const CallReport& report, std::chrono::steady_clock::time_point started);

}  // namespace atelier::model

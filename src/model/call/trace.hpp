#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/trace_context.hpp"
#include "model/media/request.hpp"
#include "model/provider/adapter.hpp"

namespace atelier::model {

struct CallReport;

// What is told of a span, by the names of OpenTelemetry's conventions for generative models where they have one.
using TraceFacts = std::vector<std::pair<std::string_view, std::string>>;

// What a request asks for beside its texts: of a text that is another's, such as a stop sequence, nothing.
TraceFacts wishes_of(const ChatRequest& request);
TraceFacts wishes_of(const MediaRequest& request);

// Puts `traceparent` in, unless there is one (the operator's own) or no trace.
void put_trace(WireRequest& request, const TraceContext& trace);

// Records a call that has ended, and its attempts beneath it, if its trace is kept, or it failed.
void keep_spans(const CallReport& report, std::chrono::steady_clock::time_point started);

}  // namespace atelier::model

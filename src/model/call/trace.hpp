#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/provider/adapter.hpp"

// W3C Trace Context: by one id a call is found again in the caller's records, in ours and in the provider's.
namespace atelier::model {

inline constexpr std::string_view kTraceHeader = "traceparent";

struct Trace {
  std::string id = {};     // 32 lower-case hexadecimal digits; empty: none
  bool is_sampled = true;  // somebody keeps records of it: we do, unless the caller said otherwise
};

// The trace that a caller's traceparent names; one of our own where there is none, or none that is valid.
Trace trace_of(std::optional<std::string_view> traceparent);
// For one request of the trace: its header's value, with an id of its own.
std::string write_traceparent(const Trace& trace);
// Puts the header in, unless there is one (the operator's own) or no trace.
void put_trace(WireRequest& request, const Trace& trace);

}  // namespace atelier::model

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier {

using SpanId = std::uint64_t;  // 0: none

// Where in which trace something happens (W3C Trace Context): by one id it is found again in the caller's records, in
// ours and in the provider's. Copied freely; what is recorded with it is base/trace.hpp's.
struct TraceContext {
  std::uint64_t high = 0, low = 0;  // the trace's id; both 0: none
  SpanId span = 0;                  // whose children are to come; 0: they are the first
  bool is_kept = false;             // what happens in it is recorded, however quick
  bool is_sampled = true;           // told onward: somebody keeps records of it

  bool is_none() const noexcept { return high == 0 && low == 0; }
  // 32 lower-case hexadecimal digits; "" of none.
  std::string id() const;
  TraceContext below(SpanId child) const noexcept {
    TraceContext context = *this;
    context.span = child;
    return context;
  }
};

inline constexpr std::string_view kTraceHeader = "traceparent";

// A trace of our own, without a span yet.
TraceContext make_trace(bool is_kept);
// Ids must differ; nobody is kept from guessing them. Costs a few nanoseconds.
SpanId make_span_id() noexcept;
std::string span_id_text(SpanId span);  // 16 lower-case hexadecimal digits
std::optional<SpanId> parse_span_id(std::string_view text) noexcept;
// Of a trace's id as id() writes it.
std::optional<TraceContext> parse_trace_id(std::string_view text) noexcept;

// The trace and the span that a `traceparent` names; nullopt where it is not valid. Never says that anything is kept.
std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;
// Of the context's span; a made one where it has none.
std::string write_traceparent(const TraceContext& context);

}  // namespace atelier

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/trace_context.hpp"

// What happened in which trace, and when. Recording costs what is recorded: of a trace that is not kept, what failed or
// was slow alone. Thread-safe.
namespace atelier::trace {

using Time = std::chrono::steady_clock::time_point;

enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3 };  // as OTLP numbers them

// One thing that happened, once it has ended.
struct SpanRecord {
  TraceContext context;  // its own id is context.span
  SpanId parent = 0;     // 0, or of no span of ours: it came from outside
  std::string name;      // "GET /api/runs/{id}", "step story.scene": of few kinds, never what a user wrote
  SpanKind kind = SpanKind::internal;
  bool is_entry = false;  // what others asked of us: lists show these
  Time started{}, ended{};
  std::string fault = {};  // the error's stable code; empty: it went well
  // Names as OpenTelemetry has them where it has them. Never a secret, nor what was said or asked.
  std::vector<std::pair<std::string_view, std::string>> facts = {};
};

// Whether another trace is kept from its beginning: so many a second of each thread, so that whoever is alone sees all
// they do, and a rush costs no more. What changes something has as many of its own: the reads of a page that opens do
// not take them from the press that follows.
enum class Intent : std::uint8_t { reads, changes };
bool wants_another(Intent intent = Intent::changes) noexcept;
// For a process; 0: none are, but what fails or is slow.
void keep_per_second(std::uint32_t count) noexcept;
// Nothing is recorded from here on, whatever happens. For a process.
void turn_off() noexcept;

// What takes this long is recorded even where its trace is not kept.
inline constexpr std::chrono::milliseconds kSlow{500};
bool is_worth_keeping(const TraceContext& context, bool has_failed, std::chrono::steady_clock::duration took) noexcept;

// Dropped and counted where nobody takes them.
void keep(SpanRecord record);
// All that were kept since.
std::vector<SpanRecord> take();
inline constexpr std::size_t kWaitingMax = 16'384;
std::uint64_t dropped_count() noexcept;

// A span from its making to its end: the destructor's at the latest. Of a context without a trace it does nothing.
class Span {
 public:
  Span() = default;
  // `name` must outlive it.
  Span(const TraceContext& parent, std::string_view name, SpanKind kind = SpanKind::internal);
  ~Span() { end(); }
  Span(Span&& other) noexcept;
  Span& operator=(Span&& other) noexcept;
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  // For what happens within it.
  const TraceContext& context() const noexcept { return context_; }
  void fact(std::string_view name, std::string value);
  void fail(std::string_view code) { fault_ = code; }
  void end();

 private:
  TraceContext context_;
  SpanId parent_ = 0;
  std::string_view name_;
  SpanKind kind_ = SpanKind::internal;
  Time started_{};
  std::string fault_;
  std::vector<std::pair<std::string_view, std::string>> facts_;
};

// Microseconds since 1970. All spans of a process have one relation of its clocks, so that they stay in order when the
// wall's steps.
std::int64_t unix_us(Time time) noexcept;

}  // namespace atelier::trace

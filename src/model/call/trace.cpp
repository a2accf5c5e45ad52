#include "model/call/trace.hpp"

#include <algorithm>

#include "base/trace.hpp"
#include "model/call/call_account.hpp"

namespace atelier::model {
namespace {

using Facts = std::vector<std::pair<std::string_view, std::string>>;

std::string_view operation_of(const CallReport& report) { return report.operation; }

void add_count(Facts& facts, std::string_view name, std::int64_t count) {
  if (count > 0) facts.emplace_back(name, std::to_string(count));
}

void keep_attempt(const CallReport& report, const AttemptReport& attempt) {
  Facts facts = {{"gen_ai.request.model", attempt.candidate}};
  if (attempt.first_token)
    facts.emplace_back("gen_ai.response.time_to_first_chunk", std::to_string(attempt.first_token->count()) + " ms");
  if (attempt.fault && attempt.fault->status != 0)
    facts.emplace_back("http.response.status_code", std::to_string(attempt.fault->status));
  trace::keep({.context = report.trace.below(attempt.span),
               .parent = report.trace.span,
               .name = "attempt",
               .kind = trace::SpanKind::client,
               .started = attempt.began_at,
               .ended = std::max(attempt.ended_at, attempt.began_at),
               .fault = attempt.fault ? std::string(to_string(attempt.fault->kind)) : std::string(),
               .facts = std::move(facts)});
}

}  // namespace

void put_trace(WireRequest& request, const TraceContext& trace) {
  if (trace.is_none()) return;
  const bool has_one =
      std::ranges::any_of(request.headers, [](const auto& field) { return field.first == kTraceHeader; });
  if (!has_one) request.headers.emplace_back(kTraceHeader, write_traceparent(trace));
}

void keep_spans(const CallReport& report, std::chrono::steady_clock::time_point started) {
  // Long answers are what models give: a call that is slow alone is no reason.
  const bool has_failed = report.error || report.attempts.size() > 1;
  if (!trace::is_worth_keeping(report.trace, has_failed, {})) return;
  const auto ended = std::chrono::steady_clock::now();
  // As the conventions for generative models name these things.
  Facts facts = {{"gen_ai.operation.name", std::string(operation_of(report))},
                 {"gen_ai.provider.name", report.provider},
                 {"gen_ai.request.model", report.asked},
                 {"gen_ai.response.model", report.model},
                 {"request_id", report.request_id}};
  if (!report.route.empty()) facts.emplace_back("atelier.route", report.route);
  add_count(facts, "gen_ai.usage.input_tokens", report.usage.input_total());
  add_count(facts, "gen_ai.usage.output_tokens", report.usage.output_total());
  if (report.is_aborted) facts.emplace_back("atelier.aborted", "true");
  for (const AttemptReport& attempt : report.attempts) keep_attempt(report, attempt);
  trace::keep({.context = report.trace,
               .parent = report.parent,
               .name = "call " + std::string(operation_of(report)),
               .kind = trace::SpanKind::internal,
               .started = started,
               .ended = ended,
               .fault = report.error ? std::string(report.error->stable_code()) : std::string(),
               .facts = std::move(facts)});
}

}  // namespace atelier::model

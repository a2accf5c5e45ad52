#include "model/call/trace.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/trace.hpp"
#include "model/call/call_account.hpp"

namespace atelier::model {
namespace {

void add_count(TraceFacts& facts, std::string_view name, std::int64_t count) {
  if (count > 0) facts.emplace_back(name, std::to_string(count));
}

template <typename Number>
void add_wish(TraceFacts& facts, std::string_view name, const std::optional<Number>& wish) {
  if (wish) facts.emplace_back(name, fmt::format("{}", *wish));
}

void add_usage(TraceFacts& facts, const Usage& usage) {
  add_count(facts, "gen_ai.usage.input_tokens", usage.input_total());
  add_count(facts, "gen_ai.usage.output_tokens", usage.output_total());
  add_count(facts, "gen_ai.usage.cache_read.input_tokens", usage.cached_read);
  add_count(facts, "gen_ai.usage.cache_creation.input_tokens", usage.cached_write + usage.cached_write_hour);
  add_count(facts, "gen_ai.usage.reasoning.output_tokens", usage.reasoning);
}

// A request to a provider: what the conventions call a client's span.
void keep_attempt(const CallReport& report, const AttemptReport& attempt) {
  TraceFacts facts = {{"gen_ai.operation.name", std::string(report.operation)},
                      {"gen_ai.provider.name", std::string(attempt.provider())},
                      {"gen_ai.request.model", std::string(attempt.model())},
                      {"gen_ai.request.stream", report.is_streamed ? "true" : "false"}};
  facts.insert(facts.end(), report.wishes.begin(), report.wishes.end());
  if (attempt.first_token)
    facts.emplace_back("gen_ai.response.time_to_first_chunk",
                       fmt::format("{}", std::chrono::duration<double>(*attempt.first_token).count()));
  add_usage(facts, attempt.usage);
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

// "text", "json", "image" and "speech" are the kinds the conventions know.
std::string_view output_type(MediaKind kind) {
  switch (kind) {
    case MediaKind::image:
    case MediaKind::upscale:
      return "image";
    case MediaKind::speech:
      return "speech";
    case MediaKind::transcription:
      return "text";
    default:
      return {};
  }
}

}  // namespace

TraceFacts wishes_of(const ChatRequest& request) {
  TraceFacts facts;
  add_wish(facts, "gen_ai.request.max_tokens", request.output_tokens_max);
  add_wish(facts, "gen_ai.request.temperature", request.temperature);
  add_wish(facts, "gen_ai.request.top_p", request.top_p);
  add_wish(facts, "gen_ai.request.top_k", request.top_k);
  add_wish(facts, "gen_ai.request.frequency_penalty", request.frequency_penalty);
  add_wish(facts, "gen_ai.request.presence_penalty", request.presence_penalty);
  add_wish(facts, "gen_ai.request.seed", request.seed);
  if (request.answer_count != 1)
    facts.emplace_back("gen_ai.request.choice.count", std::to_string(request.answer_count));
  if (request.format)
    facts.emplace_back("gen_ai.output.type", request.format->kind == AnswerFormat::Kind::text ? "text" : "json");
  return facts;
}

TraceFacts wishes_of(const MediaRequest& request) {
  TraceFacts facts;
  if (const std::string_view type = output_type(request.kind); !type.empty())
    facts.emplace_back("gen_ai.output.type", type);
  return facts;
}

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
  TraceFacts facts = {{"gen_ai.operation.name", std::string(report.operation)},
                      {"gen_ai.provider.name", report.provider},
                      {"gen_ai.request.model", report.asked},
                      {"gen_ai.response.model", report.model},
                      {"request_id", report.request_id}};
  if (!report.route.empty()) facts.emplace_back("atelier.route", report.route);
  add_usage(facts, report.usage);
  if (report.is_aborted) facts.emplace_back("atelier.aborted", "true");
  for (const AttemptReport& attempt : report.attempts) keep_attempt(report, attempt);
  trace::keep({.context = report.trace,
               .parent = report.parent,
               .name = "call " + std::string(report.operation),
               .kind = trace::SpanKind::internal,
               .started = started,
               .ended = ended,
               .fault = report.error ? std::string(report.error->stable_code()) : std::string(),
               .facts = std::move(facts)});
}

}  // namespace atelier::model

#include "model/call/call_account.hpp"

#include "base/async.hpp"
#include "base/trace.hpp"
#include "model/call/trace.hpp"
#include "model/record/record_of.hpp"

namespace atelier::model {

void add_up(Usage& sum, const Usage& more) {
  sum.input += more.input;
  sum.cached_read += more.cached_read;
  sum.cached_write += more.cached_write;
  sum.cached_write_hour += more.cached_write_hour;
  sum.output += more.output;
  sum.reasoning += more.reasoning;
  sum.input_audio += more.input_audio;
  sum.output_audio += more.output_audio;
  sum.input_image += more.input_image;
  sum.output_image += more.output_image;
  sum.characters += more.characters;
  sum.audio_seconds += more.audio_seconds;
  sum.video_seconds += more.video_seconds;
  sum.images += more.images;
  if (more.cost_picodollars) sum.cost_picodollars = plus(sum.cost_picodollars.value_or(0), *more.cost_picodollars);
  sum.is_estimated |= more.is_estimated;
  sum.tier = more.tier;  // each attempt was priced in its own; the last one's is told
}

void enter_trace(CallReport& report, const TraceContext& made_in) {
  const TraceContext trace = made_in.is_none() ? make_trace(trace::wants_another()) : made_in;
  report.parent = trace.span;
  report.trace = trace.below(make_span_id());
}

CallAccount::CallAccount(const CallBooks& books, CallReport opening)
    : books_(books), started_(books.clock.now()), report_(std::move(opening)) {
  report_.started_ms = books.clock.wall_ms();
}

CallAccount::~CallAccount() {
  if (has_ended_) return;
  report_.is_aborted = true;
  end({});
}

std::chrono::milliseconds CallAccount::since(std::chrono::steady_clock::time_point then) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(books_.clock.now() - then);
}

Task<Result<>> CallAccount::admit(std::int64_t input_tokens, std::int64_t output_tokens_max, std::int64_t answer_count,
                                  std::vector<CandidatePtr> candidates) {
  const std::int64_t input = std::max<std::int64_t>(input_tokens, 0);
  unheard_ = {.input = input_tokens, .is_estimated = true};
  const Usage most{
      .input = input * prompts_max_,
      .output = times(std::max<std::int64_t>(output_tokens_max, 0), std::max<std::int64_t>(answer_count, 1))};
  // Tokens a minute are held for one: a call that fits is not refused for a second attempt that it will rarely have.
  return ask_gate(most, input * (prompts_max_ - 1), std::move(candidates));
}

Task<Result<>> CallAccount::admit(Usage most, std::vector<CandidatePtr> candidates) {
  unheard_ = most;
  unheard_.is_estimated = true;
  return ask_gate(most, 0, std::move(candidates));
}

Task<Result<>> CallAccount::ask_gate(Usage most, std::int64_t tokens_not_held, std::vector<CandidatePtr> candidates) {
  if (books_.gate == nullptr || !report_.key || (!report_.key->limiter && !report_.key->allowance))
    co_return Result<>{};
  std::vector<std::shared_ptr<const ModelPrice>> kept;  // the estimate below reads them
  std::vector<const ModelPrice*> prices;
  if (books_.prices != nullptr) {
    for (const CandidatePtr& candidate : candidates) {
      kept.push_back(candidate->price(*books_.prices));
      prices.push_back(kept.back().get());
    }
  }
  CallEstimate estimate = estimate_call(most, prices);
  estimate.tokens -= tokens_not_held;
  RatePass held;
  auto pass = books_.gate->try_admit(*report_.key, estimate, held);
  if (!pass) pass = co_await books_.gate->wait_for_money(report_.key, estimate, std::move(held));
  if (!*pass) co_return error_of(std::move(*pass));
  pass_ = std::move(**pass);
  co_return Result<>{};
}

void CallAccount::show_candidate(const Candidate& candidate) {
  report_.candidate = candidate.name;
  report_.provider = candidate.provider->name;
  report_.model = candidate.model;
}

void CallAccount::begin(Running& running, const Candidate& candidate) {
  show_candidate(candidate);
  running.at = report_.attempts.size();
  running.candidate = &candidate;
  running.started = books_.clock.now();
  running.price = books_.prices != nullptr ? candidate.price(*books_.prices) : nullptr;
  running.is_attempting = true;
  running.is_counted = false;
  report_.attempts.push_back({.candidate = candidate.name,
                              .began = since(started_),
                              .span = make_span_id(),
                              .began_at = std::chrono::steady_clock::now()});
}

void CallAccount::attempt_began(const Candidate& candidate) { begin(at_hand_, candidate); }

void CallAccount::hedge_began(const Candidate& candidate) {
  std::swap(at_hand_, beside_);
  begin(at_hand_, candidate);
  report_.hedge = Hedge::begun;
}

void CallAccount::turn_to(const Candidate& candidate) {
  if (at_hand_.candidate == &candidate || beside_.candidate != &candidate) return;
  std::swap(at_hand_, beside_);
  show_candidate(candidate);
}

void CallAccount::attempt_ended(const std::optional<Fault>& fault) {
  AttemptReport& attempt = report_.attempts[at_hand_.at];
  attempt.took = since(at_hand_.started);
  attempt.ended_at = std::chrono::steady_clock::now();
  attempt.fault = fault;
  at_hand_.is_attempting = fault && fault->kind == Fault::Kind::cancelled;
}

TraceContext CallAccount::trace_of(const Candidate& candidate) const noexcept {
  const Running& running = beside_.candidate == &candidate ? beside_ : at_hand_;
  return running.candidate == &candidate ? report_.trace.below(report_.attempts[running.at].span) : report_.trace;
}

void CallAccount::attempt_lost() {
  at_hand_.is_attempting = true;
  charge_unheard(at_hand_);
  const Fault lost{.kind = Fault::Kind::cancelled,
                   .message = "another candidate was quicker",
                   .code = std::string(kHedgeLost),
                   .is_ours = true};
  attempt_ended(lost);
  at_hand_.is_attempting = false;
}

void CallAccount::used(const Candidate& candidate, const Usage& usage) {
  turn_to(candidate);
  at_hand_.is_counted = true;
  if (!report_.attempts.empty()) add_up(report_.attempts[at_hand_.at].usage, usage);
  const auto price = books_.prices != nullptr ? candidate.price(*books_.prices) : nullptr;
  add(price.get(), usage);
}

void CallAccount::add(const ModelPrice* price, const Usage& usage) {
  std::optional<Picodollars> cost = usage.cost_picodollars;
  if (!cost && price != nullptr) cost = price->cost(usage, usage.tier);
  report_.cost = cost && report_.cost ? std::optional(plus(*report_.cost, *cost)) : std::nullopt;
  add_up(report_.usage, usage);
  report_.has_usage = true;
}

// It was left while a provider was at work that had said nothing yet: that was sent the request at least, and will want
// to be paid for reading it.
void CallAccount::charge_unheard(Running& running) {
  if (!running.is_attempting || std::exchange(running.is_counted, true)) return;
  add(running.price.get(), unheard_);
}

void CallAccount::keep(std::string& text, std::string_view bytes) {
  if (books_.log == nullptr || !books_.log->keeps_texts()) return;
  const std::size_t bytes_max = books_.log->text_bytes_max();
  if (text.size() < bytes_max) text.append(bytes.substr(0, bytes_max - text.size()));
}

void CallAccount::first_token_came() {
  if (!report_.first_token) report_.first_token = since(started_);
  if (report_.attempts.empty()) return;
  AttemptReport& attempt = report_.attempts[at_hand_.at];
  if (!attempt.first_token) attempt.first_token = since(at_hand_.started);
}

void CallAccount::end(std::optional<Error> error) {
  if (std::exchange(has_ended_, true)) return;
  report_.error = std::move(error);
  report_.total = since(started_);
  for (Running* running : {&at_hand_, &beside_}) {
    if (!running->is_attempting) continue;
    AttemptReport& attempt = report_.attempts[running->at];
    if (attempt.took.count() == 0) attempt.took = since(running->started);
    if (attempt.ended_at < attempt.began_at) attempt.ended_at = std::chrono::steady_clock::now();
    if (report_.is_aborted) charge_unheard(*running);
  }
  pass_.settle(report_.usage.input_total() + report_.usage.output_total(), report_.cost);
  if (books_.log != nullptr) books_.log->add(record_of(report_), std::move(texts_));
  if (books_.on_end) books_.on_end(report_);
  keep_spans(report_, traced_at_);
}

}  // namespace atelier::model

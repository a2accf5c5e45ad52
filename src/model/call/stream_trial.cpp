#include "model/call/stream_trial.hpp"

#include "base/async.hpp"
#include "model/call/carry.hpp"
#include "model/call/chat_parts.hpp"
#include "model/call/said_call.hpp"

namespace atelier::model {
namespace {

bool is_event_stream(const UpstreamAnswer& answer) {
  const auto type = answer.header("content-type");
  return type && (type->starts_with("text/event-stream") || type->starts_with("application/x-ndjson"));
}

}  // namespace

Task<std::expected<void, Fault>> StreamTrial::run(CandidatePtr candidate, Breaker::Permit permit) {
  attempt_.emplace(candidate, permit, parts_.clock);
  auto begun = co_await try_candidate(candidate);
  if (begun) co_return begun;
  count_usage();
  failed(begun.error());
  clear();
  co_return begun;
}

void StreamTrial::clear() {
  attempt_.reset();
  stream_.reset();
  held_.clear();
  is_whole_ = false;
}

Task<std::expected<void, Fault>> StreamTrial::try_candidate(CandidatePtr candidate) {
  ChatCall& call = parts_.call;
  auto exchange = co_await begin_exchange(&parts_.upstream, &call, candidate, parts_.carried.has_value(),
                                          parts_.account.trace_of(*candidate));
  if (!exchange) co_return std::unexpected(std::move(exchange.error()));
  if (!is_event_stream(*exchange->answer)) {
    auto taken = co_await take_whole(std::move(*exchange), candidate);
    co_return taken;
  }
  const ChatAdapter& adapter = *exchange->way.adapter;
  const Quirks& quirks = candidate->provider->quirks;
  if (exchange->way.is_relayed)
    stream_ = relay_stream(std::move(exchange->answer), adapter, call.request, quirks);
  else
    stream_ = translated_stream(std::move(exchange->answer), exchange->way, *call.face, call.request,
                                head_for(call, parts_.clock), quirks, parts_.carried);
  auto shown = co_await hold();
  co_return shown;
}

// Start-up events are held until there is something to see, so that a failure before it is nobody's business but ours.
Task<std::expected<void, Fault>> StreamTrial::hold() {
  for (;;) {
    auto step = co_await stream_->next();
    if (!step) co_return std::unexpected(std::move(step.error()));
    if (step->fault) co_return std::unexpected(std::move(*step->fault));
    held_ += step->bytes;
    if (step->is_meaningful || step->has_ended) {
      if (step->is_finished && may_be_empty() && says_nothing(stream_->said().answer()))
        co_return std::unexpected(empty_answer());
      is_whole_ = step->has_ended;
      has_something_to_show();
      co_return std::expected<void, Fault>();
    }
    if (held_.size() > parts_.options.held_bytes_max) {
      Fault fault{.kind = Fault::Kind::broken, .message = "the provider sent a mebibyte of events that say nothing"};
      co_return std::unexpected(std::move(fault));
    }
    if (parts_.clock.now() - attempt_->started() > attempt_->candidate()->provider->first_byte_timeout * 2) {
      Fault fault{
          .kind = Fault::Kind::timeout, .message = "the first token took too long", .code = "first_token_timeout"};
      co_return std::unexpected(std::move(fault));
    }
  }
}

// A provider that answers a streamed call with JSON: an answer all the same, or an error.
Task<std::expected<void, Fault>> StreamTrial::take_whole(Exchange exchange, CandidatePtr candidate) {
  ChatCall& call = parts_.call;
  const ChatAdapter& adapter = *exchange.way.adapter;
  auto body = co_await read_whole(*exchange.answer, parts_.options.answer_bytes_max);
  if (!body) co_return std::unexpected(fault_of(body.error()));
  auto whole = adapter.read_answer(exchange.answer->head(), *body, candidate->provider->quirks);
  if (!whole) co_return std::unexpected(std::move(whole.error()));
  if (may_be_empty() && says_nothing(*whole)) co_return std::unexpected(empty_answer());
  if (!exchange.way.call_of.empty()) SaidCall(exchange.way.call_of, call.request_id).shape(*whole);
  auto written = write_all(*call.face, *whole, call.request, head_for(call, parts_.clock), parts_.carried);
  if (!written) co_return std::unexpected(std::move(written.error()));
  held_ = std::move(*written);
  has_something_to_show();
  parts_.account.used(*candidate,
                      whole->usage.is_nothing() ? estimate_usage(call, *whole, whole->usage.tier) : whole->usage);
  is_whole_ = true;
  co_return std::expected<void, Fault>();
}

void StreamTrial::call_off() {
  count_usage();
  clear();
}

// An answer that says nothing is no answer while another candidate may have one. This may be one of two attempts at
// once.
bool StreamTrial::may_be_empty() {
  parts_.plan.turn_to(*attempt_->candidate());
  return !parts_.carried && parts_.plan.has_another();
}

void StreamTrial::has_something_to_show() {
  attempt_->first_token_came();
  parts_.account.turn_to(*attempt_->candidate());
  parts_.account.first_token_came();
}

void StreamTrial::count_usage() {
  if (!stream_ || !attempt_) return;
  Usage used;
  std::optional<Usage> told = stream_->usage();
  const ServiceTier tier = told ? told->tier : ServiceTier::standard;
  if (told && told->is_nothing()) told.reset();  // a place for it and no count
  // Cut short, a provider's own count is of the beginning (Anthropic's message_start) or missing.
  if (told && (is_whole_ || told->output_total() > 1 || !stream_->is_all_kept())) {
    used = *told;
  } else {
    const AnswerBuilder said = stream_->said();
    if (!told && said.answer().choices.empty()) return;  // nothing was received that could be counted
    used = estimate_usage(parts_.call, said.answer(), tier);
    if (told) used.input = told->input, used.cached_read = told->cached_read, used.cached_write = told->cached_write;
  }
  parts_.account.used(*attempt_->candidate(), used);
}

}  // namespace atelier::model

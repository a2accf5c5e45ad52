#include "base/async.hpp"
#include "model/call/attempt.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/attempt_stream.hpp"
#include "model/call/carry.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/call/chat_parts.hpp"
#include "model/call/exchange.hpp"
#include "model/call/said_call.hpp"

namespace atelier::model {
namespace {

bool is_event_stream(const UpstreamAnswer& answer) {
  const auto type = answer.header("content-type");
  return type && (type->starts_with("text/event-stream") || type->starts_with("application/x-ndjson"));
}

}  // namespace

// A streamed call from its first attempt to its end.
struct ChatStream::Call final : Trial {
  Call(ChatGateway& owner, ChatCall asked, DirectoryPtr known, AttemptPlan attempts)
      : gateway(owner), call(std::move(asked)), directory(std::move(known)), plan(std::move(attempts)), account(owner.books_, opening(call)) {}
  ~Call() override {
    if (!account.has_ended()) count_usage();
  }

  // Goes through the plan until an attempt has something to show; a Fault when there is none.
  Task<std::expected<void, Fault>> begin(std::optional<Carried> carried);
  Task<std::expected<void, Fault>> run(CandidatePtr candidate, Breaker::Permit permit) override;
  Task<std::expected<void, Fault>> try_candidate(CandidatePtr candidate);
  Task<std::expected<void, Fault>> hold();
  Task<std::expected<void, Fault>> take_whole(Exchange exchange, CandidatePtr candidate);
  Task<std::optional<std::string>> next();
  Task<std::optional<std::string>> go_on_elsewhere(Fault fault);
  void count_usage();
  const Clock& clock() const noexcept { return gateway.books_.clock; }

  ChatGateway& gateway;
  ChatCall call;
  const DirectoryPtr directory;  // keeps the route alive
  AttemptPlan plan;
  CallAccount account;
  std::optional<Carried> carried_answer;  // what the caller has of an attempt that broke off
  std::optional<Attempt> attempt;
  std::unique_ptr<AttemptStream> stream;  // null: everything is in `held`
  std::string held;                       // not yet sent
  bool is_whole = false;                  // nothing comes after `held`
  std::optional<Fault> broken;            // what broke the attempt off, to be dealt with next
};

Task<std::expected<void, Fault>> ChatStream::Call::begin(std::optional<Carried> carried) {
  carried_answer = std::move(carried);
  return run_attempts(&plan, this, &account, &clock());
}

Task<std::expected<void, Fault>> ChatStream::Call::run(CandidatePtr candidate, Breaker::Permit permit) {
  attempt.emplace(candidate, permit, clock());
  auto begun = co_await try_candidate(candidate);
  if (begun) co_return begun;
  count_usage();
  attempt->failed(begun.error());
  attempt.reset();
  stream.reset();
  held.clear();
  co_return begun;
}

Task<std::expected<void, Fault>> ChatStream::Call::try_candidate(CandidatePtr candidate) {
  auto exchange = co_await begin_exchange(&gateway.upstream_, &call, candidate, carried_answer.has_value());
  if (!exchange) co_return std::unexpected(std::move(exchange.error()));
  if (!is_event_stream(*exchange->answer)) {
    auto taken = co_await take_whole(std::move(*exchange), candidate);
    co_return taken;
  }
  const ChatAdapter& adapter = *exchange->way.adapter;
  if (exchange->way.is_relayed)
    stream = relay_stream(std::move(exchange->answer), adapter, call.request, candidate->provider->quirks);
  else
    stream = translated_stream(std::move(exchange->answer), exchange->way, *call.face, call.request, head_for(call, clock()), candidate->provider->quirks, carried_answer);
  auto shown = co_await hold();
  co_return shown;
}

// Start-up events are held until there is something to see, so that a failure before it is nobody's business but ours.
Task<std::expected<void, Fault>> ChatStream::Call::hold() {
  for (;;) {
    auto step = co_await stream->next();
    if (!step) co_return std::unexpected(std::move(step.error()));
    if (step->fault) co_return std::unexpected(std::move(*step->fault));
    held += step->bytes;
    if (step->is_meaningful || step->has_ended) {
      if (step->is_finished && !carried_answer && plan.has_another() && says_nothing(stream->said().answer())) co_return std::unexpected(empty_answer());
      is_whole = step->has_ended;
      attempt->first_token_came();
      account.first_token_came();
      co_return std::expected<void, Fault>();
    }
    if (held.size() > gateway.options_.held_bytes_max) {
      Fault fault{.kind = Fault::Kind::broken, .message = "the provider sent a mebibyte of events that say nothing"};
      co_return std::unexpected(std::move(fault));
    }
    if (clock().now() - attempt->started() > attempt->candidate()->provider->first_byte_timeout * 2) {
      Fault fault{.kind = Fault::Kind::timeout, .message = "the first token took too long", .code = "first_token_timeout"};
      co_return std::unexpected(std::move(fault));
    }
  }
}

// A provider that answers a streamed call with JSON: an answer all the same, or an error.
Task<std::expected<void, Fault>> ChatStream::Call::take_whole(Exchange exchange, CandidatePtr candidate) {
  const ChatAdapter& adapter = *exchange.way.adapter;
  auto body = co_await read_whole(*exchange.answer, gateway.options_.answer_bytes_max);
  if (!body) co_return std::unexpected(fault_of(body.error()));
  auto whole = adapter.read_answer(exchange.answer->head(), *body, candidate->provider->quirks);
  if (!whole) co_return std::unexpected(std::move(whole.error()));
  if (!carried_answer && plan.has_another() && says_nothing(*whole)) co_return std::unexpected(empty_answer());
  if (!exchange.way.call_of.empty()) SaidCall(exchange.way.call_of, call.request_id).shape(*whole);
  auto written = write_all(*call.face, *whole, call.request, head_for(call, clock()), carried_answer);
  if (!written) co_return std::unexpected(std::move(written.error()));
  held = std::move(*written);
  attempt->first_token_came();
  account.first_token_came();
  account.used(*candidate, whole->usage == Usage() ? estimate_usage(call, *whole) : whole->usage);
  is_whole = true;
  co_return std::expected<void, Fault>();
}

Task<std::optional<std::string>> ChatStream::Call::next() {
  if (!held.empty()) {
    account.said(held);
    co_return std::exchange(held, std::string());
  }
  if (account.has_ended()) co_return std::nullopt;
  if (is_whole) {
    count_usage();
    attempt->succeeded();
    account.attempt_ended({});
    account.ended();
    if (stream) co_await stream->leave();
    co_return std::nullopt;
  }
  if (!broken) {
    auto step = co_await stream->next();
    if (step && !step->fault) {
      is_whole = step->has_ended;
      account.said(step->bytes);
      co_return std::move(step->bytes);
    }
    broken = step ? std::move(*step->fault) : std::move(step.error());
    // What came before it broke off belongs to the caller.
    if (step && !step->bytes.empty()) co_return std::move(step->bytes);
  }
  Fault fault = std::move(*std::exchange(broken, std::nullopt));
  // Nobody reads any more: the destructor accounts.
  if (fault.kind == Fault::Kind::cancelled) co_return std::nullopt;
  co_return co_await go_on_elsewhere(std::move(fault));
}

// In mid-answer. Text that another candidate repeats word for word can be gone on with; otherwise one honest error.
Task<std::optional<std::string>> ChatStream::Call::go_on_elsewhere(Fault fault) {
  count_usage();
  account.attempt_ended(fault);
  attempt->failed(fault);
  plan.failed(fault, clock().now());
  plan.leave_current();
  std::optional<Carried> said;
  if (call.may_fall_back && stream->is_all_kept()) {
    said = stream->carried();
    if (!Carry::is_possible(said->said)) said.reset();
  }
  attempt.reset();
  stream.reset();
  if (said) {
    auto begun = co_await begin(std::move(said));
    if (begun) co_return std::exchange(held, std::string());
    if (begun.error().kind == Fault::Kind::cancelled) co_return std::nullopt;
  }
  const Error error = to_error(fault, account.report().provider);
  account.failed(error);
  co_return write_stream_error(call.face->protocol(), error, call.request_id);
}

// What the attempt at hand used: told, or counted by us from what was received. Once for each attempt.
void ChatStream::Call::count_usage() {
  if (!stream || !attempt) return;
  Usage used;
  std::optional<Usage> told = stream->usage();
  if (told == Usage()) told.reset();  // a place for it and no count
  // Cut short, a provider's own count is of the beginning (Anthropic's message_start) or missing.
  if (told && (is_whole || told->output_total() > 1 || !stream->is_all_kept())) {
    used = *told;
  } else {
    const AnswerBuilder said = stream->said();
    if (!told && said.answer().choices.empty()) return;  // nothing was received that could be counted
    used = estimate_usage(call, said.answer());
    if (told) used.input = told->input, used.cached_read = told->cached_read, used.cached_write = told->cached_write;
  }
  account.used(*attempt->candidate(), used);
}

ChatStream::ChatStream(std::unique_ptr<Call> call) : call_(std::move(call)) {}
ChatStream::~ChatStream() = default;
Task<std::optional<std::string>> ChatStream::next() { return call_->next(); }
const CallReport& ChatStream::report() const noexcept { return call_->account.report(); }

Task<OpenedStream> ChatGateway::open(ChatCall call) {
  OpenedStream opened{.stream = nullptr, .report = {}};
  DirectoryPtr directory = models_.directory();
  const double random = draw();
  auto chosen = choose(*directory, call.request.model, call.strategy, call.key, books_.clock, books_.prices, random);
  PlanOptions plan_options = options_.plan;
  plan_options.may_fall_back = call.may_fall_back;
  AttemptPlan plan(chosen ? chosen->candidates : std::vector<CandidatePtr>(), call.deadline, random, plan_options);
  auto running = std::make_unique<ChatStream::Call>(*this, std::move(call), directory, std::move(plan));
  running->account.asked(running->call.body);
  Result<> admitted;
  if (chosen) {
    running->account.takes_route(chosen->route);
    admitted = co_await admit(&running->account, &running->call, std::move(chosen->candidates));
  } else {
    admitted = error_of(chosen);
  }
  if (!admitted) {
    running->account.failed(admitted.error());
    opened.report = running->account.report();
    opened.stream = error_of(admitted);
    co_return opened;
  }
  auto begun = co_await running->begin(std::nullopt);
  opened.report = running->account.report();
  if (begun) {
    opened.stream = std::make_unique<ChatStream>(std::move(running));
    co_return opened;
  }
  const Error error = to_error(begun.error(), opened.report.provider.empty() ? "the gateway" : opened.report.provider);
  if (begun.error().kind != Fault::Kind::cancelled) running->account.failed(error);
  opened.stream = std::unexpected(error);
  co_return opened;
}

}  // namespace atelier::model

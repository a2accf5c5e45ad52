#include "base/async.hpp"
#include "model/call/carry.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/call/chat_parts.hpp"
#include "model/call/hedge.hpp"
#include "model/call/stream_trial.hpp"

namespace atelier::model {

// A streamed call from its first attempt to its end.
struct ChatStream::Call {
  Call(ChatGateway& owner, ChatCall asked, DirectoryPtr known, AttemptPlan attempts)
      : gateway(owner),
        call(std::move(asked)),
        directory(std::move(known)),
        plan(std::move(attempts)),
        account(owner.books_, opening(call)),
        parts{.upstream = owner.upstream_,
              .call = call,
              .plan = plan,
              .account = account,
              .clock = owner.books_.clock,
              .options = owner.options_,
              .carried = carried} {}
  ~Call() {
    if (!account.has_ended()) trial->count_usage();
  }

  // Goes through the plan until an attempt has something to show; a Fault when there is none.
  Task<std::expected<void, Fault>> begin() { return run_attempts(&plan, trial, &account, &clock()); }
  Task<std::expected<void, Fault>> begin_hedged();
  Task<std::optional<std::string>> next();
  Task<std::optional<std::string>> go_on_elsewhere(Fault fault);
  const Clock& clock() const noexcept { return gateway.books_.clock; }

  ChatGateway& gateway;
  ChatCall call;
  const DirectoryPtr directory;  // keeps the route alive
  AttemptPlan plan;
  CallAccount account;
  std::optional<Carried> carried;  // what the caller has of an attempt that broke off
  const StreamParts parts;
  StreamTrial first{parts};
  std::unique_ptr<StreamTrial> second;  // of a call that hedges
  StreamTrial* trial = &first;          // whose answer the caller gets
  std::optional<Fault> broken;          // what broke the attempt off, to be dealt with next
};

Task<std::expected<void, Fault>> ChatStream::Call::begin_hedged() {
  second = std::make_unique<StreamTrial>(parts);
  auto won = co_await run_hedged_attempts(&plan, &first, second.get(), &account, &gateway.books_);
  if (!won) co_return std::unexpected(std::move(won.error()));
  if (*won == second.get()) trial = second.get();
  co_return std::expected<void, Fault>();
}

Task<std::optional<std::string>> ChatStream::Call::next() {
  if (trial->has_held()) {
    std::string held = trial->take_held();
    account.said(held);
    co_return held;
  }
  if (account.has_ended()) co_return std::nullopt;
  if (trial->is_whole()) {
    trial->count_usage();
    trial->succeeded();
    account.attempt_ended({});
    account.ended();
    if (AttemptStream* stream = trial->stream()) co_await stream->leave();
    co_return std::nullopt;
  }
  if (!broken) {
    auto step = co_await trial->stream()->next();
    if (step && !step->fault) {
      trial->went_on(*step);
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
  trial->count_usage();
  account.attempt_ended(fault);
  trial->failed(fault);
  plan.failed(fault, clock().now());
  plan.leave_current();
  std::optional<Carried> said;
  if (call.may_fall_back && trial->stream()->is_all_kept()) {
    said = trial->stream()->carried();
    if (!Carry::is_possible(said->said)) said.reset();
  }
  trial->clear();
  if (said) {
    carried = std::move(said);
    auto begun = co_await begin();
    if (begun) co_return trial->take_held();
    if (begun.error().kind == Fault::Kind::cancelled) co_return std::nullopt;
  }
  const Error error = to_error(fault, account.report().provider);
  account.failed(error);
  co_return write_stream_error(call.face->protocol(), error, call.request_id);
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
  bool hedges = false;
  if (chosen) {
    running->account.takes_route(chosen->route);
    hedges = may_hedge(running->call, *chosen);
    if (hedges) running->account.may_hedge();
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
  Task<std::expected<void, Fault>> beginning = hedges ? running->begin_hedged() : running->begin();
  auto begun = co_await std::move(beginning);
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

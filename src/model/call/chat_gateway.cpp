#include "model/call/chat_gateway.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "model/call/attempt.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/chat_parts.hpp"
#include "model/call/exchange.hpp"
#include "model/call/hedge.hpp"
#include "model/call/said_call.hpp"
#include "model/limit/input_tokens.hpp"

namespace atelier::model {
namespace {

constexpr std::int64_t kFewTokens = 8;

// One attempt at a whole answer.
class WholeTrial final : public Trial {
 public:
  WholeTrial(Upstream& upstream, ChatCall& call, CallAccount& account, AttemptPlan& plan, const Clock& clock,
             std::size_t bytes_max)
      : upstream_(upstream), call_(call), account_(account), plan_(plan), clock_(clock), bytes_max_(bytes_max) {}

  Task<std::expected<void, Fault>> run(CandidatePtr candidate, Breaker::Permit permit) override {
    Attempt attempt(candidate, permit, clock_);
    auto asked = co_await ask(candidate);
    if (asked) {
      attempt.succeeded();
      account_.turn_to(*candidate);
      account_.first_token_came();
      account_.attempt_ended({});
    } else {
      attempt.failed(asked.error());
    }
    co_return asked;
  }
  std::string take_body() { return std::move(body_); }

 private:
  Task<std::expected<void, Fault>> ask(CandidatePtr candidate) {
    auto exchange = co_await begin_exchange(&upstream_, &call_, candidate, false, account_.trace_of(*candidate));
    if (!exchange) co_return std::unexpected(std::move(exchange.error()));
    UpstreamAnswer& answer = *exchange->answer;
    auto body = co_await read_whole(answer, bytes_max_);
    if (!body) co_return std::unexpected(fault_of(body.error()));
    const ChatAdapter& adapter = *exchange->way.adapter;
    if (exchange->way.is_relayed) {
      auto usage = adapter.glance(answer.status(), *body, candidate->provider->quirks);
      if (!usage) co_return std::unexpected(std::move(usage.error()));
      // Only an answer of next to no tokens can be an empty one, and only one of none does without its count: others
      // are not read for that.
      if (usage->output_total() < kFewTokens) {
        auto said = adapter.read_answer(answer.head(), *body, candidate->provider->quirks);
        if (said) *usage = counted(*usage, *said);
        account_.used(*candidate, *usage);
        if (said && says_nothing(*said) && has_another(*candidate)) co_return std::unexpected(empty_answer());
      } else {
        account_.used(*candidate, *usage);
      }
      body_ = std::move(*body);
      co_return std::expected<void, Fault>();
    }
    auto whole = adapter.read_answer(answer.head(), *body, candidate->provider->quirks);
    if (!whole) co_return std::unexpected(std::move(whole.error()));
    account_.used(*candidate, counted(whole->usage, *whole));
    if (!exchange->way.call_of.empty()) SaidCall(exchange->way.call_of, call_.request_id).shape(*whole);
    if (says_nothing(*whole) && has_another(*candidate)) co_return std::unexpected(empty_answer());
    body_ = call_.face->write_answer(*whole, call_.request, head_for(call_, clock_));
    co_return std::expected<void, Fault>();
  }

  // This may be one of two attempts at once.
  bool has_another(const Candidate& candidate) {
    plan_.turn_to(candidate);
    return plan_.has_another();
  }

  // Some providers do not count.
  Usage counted(const Usage& told, const ChatAnswer& said) const {
    return told.is_nothing() ? estimate_usage(call_, said, told.tier) : told;
  }

  Upstream& upstream_;
  ChatCall& call_;
  CallAccount& account_;
  AttemptPlan& plan_;
  const Clock& clock_;
  const std::size_t bytes_max_;
  std::string body_;
};

}  // namespace

AnswerHead head_for(const ChatCall& call, const Clock& clock) {
  return {.id = call.request_id, .model = call.request.model, .created_s = clock.wall_ms() / 1000};
}

bool says_nothing(const ChatAnswer& answer) noexcept {
  const auto is_empty = [](const Part& part) {
    const auto* text = std::get_if<Text>(&part);
    return text && text->text.find_first_not_of(" \t\r\n") == std::string::npos;
  };
  return std::ranges::all_of(answer.choices, [&](const Choice& choice) {
    return (choice.stop == StopReason::stop || choice.stop == StopReason::content_filter) &&
           std::ranges::all_of(choice.parts, is_empty);
  });
}

Fault empty_answer() {
  return Fault{
      .kind = Fault::Kind::broken, .message = "the provider's answer says nothing", .code = std::string(kAnswerEmpty)};
}

CallReport opening(const ChatCall& call) {
  CallReport report;
  report.request_id = call.request_id;
  enter_trace(report, call.trace);
  report.key = call.key;
  report.face = call.face->protocol();
  report.asked = call.request.model;
  report.is_streamed = call.request.is_streamed;
  report.wishes = wishes_of(call.request);
  return report;
}

bool may_hedge(const ChatCall& call, const Chosen& chosen) noexcept {
  return call.hedges.value_or(chosen.hedges) && call.may_fall_back && chosen.candidates.size() > 1;
}

Task<Result<>> admit(CallAccount* account, const ChatCall* call, std::vector<CandidatePtr> candidates) {
  // What a caller sets no bound to: most answers are shorter, and what was not used is given back.
  constexpr std::int64_t kOutputTokensAssumed = 4'096;
  return account->admit(estimate_input_tokens(call->body),
                        call->request.output_tokens_max.value_or(kOutputTokensAssumed), call->request.answer_count,
                        std::move(candidates));
}

Task<WholeAnswer> ChatGateway::answer(ChatCall call) {
  WholeAnswer whole{.body = std::string(), .report = {}};
  CallAccount account(books_, opening(call));
  account.asked(call.body);
  const DirectoryPtr directory = models_.directory();
  const double random = draw();
  auto chosen = choose(*directory, call.request.model, call.strategy, call.key, books_.clock, books_.prices, random);
  Result<> admitted;
  bool hedges = false;
  if (chosen) {
    account.takes_route(chosen->route);
    hedges = may_hedge(call, *chosen);
    if (hedges) account.may_hedge();
    admitted = co_await admit(&account, &call, chosen->candidates);
  } else {
    admitted = error_of(chosen);
  }
  if (!admitted) {
    account.failed(admitted.error());
    whole.report = account.report();
    whole.body = error_of(admitted);
    co_return whole;
  }
  PlanOptions plan_options = options_.plan;
  plan_options.may_fall_back = call.may_fall_back;
  AttemptPlan plan(std::move(chosen->candidates), call.deadline, random, plan_options);
  WholeTrial trial(upstream_, call, account, plan, books_.clock, options_.answer_bytes_max);
  std::unique_ptr<WholeTrial> second;
  WholeTrial* answering = &trial;
  std::expected<void, Fault> answered;
  if (hedges) {
    second = std::make_unique<WholeTrial>(upstream_, call, account, plan, books_.clock, options_.answer_bytes_max);
    auto won = co_await run_hedged_attempts(&plan, &trial, second.get(), &account, &books_);
    if (won)
      answering = *won == second.get() ? second.get() : &trial;
    else
      answered = std::unexpected(std::move(won.error()));
  } else {
    answered = co_await run_attempts(&plan, &trial, &account, &books_.clock);
  }
  if (answered) {
    whole.body = answering->take_body();
    account.said(*whole.body);
    account.ended();
    whole.report = account.report();
    co_return whole;
  }
  const std::string& provider = account.report().provider;
  const Error error = to_error(answered.error(), provider.empty() ? "the gateway" : provider);
  if (answered.error().kind != Fault::Kind::cancelled) account.failed(error);
  whole.report = account.report();
  whole.body = std::unexpected(error);
  co_return whole;
}

}  // namespace atelier::model

#include "base/async.hpp"
#include "model/call/attempt.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/chat_gateway.hpp"

namespace atelier::model {
namespace {

class EndpointTrial final : public Trial {
 public:
  EndpointTrial(Upstream& upstream, const EndpointCall& call, CallAccount& account, const Clock& clock,
                std::size_t bytes_max)
      : upstream_(upstream), call_(call), account_(account), clock_(clock), bytes_max_(bytes_max) {}

  Task<std::expected<void, Fault>> run(CandidatePtr candidate, Breaker::Permit permit) override {
    Attempt attempt(candidate, permit, clock_);
    auto asked = co_await ask(candidate);
    if (asked) {
      attempt.succeeded();
      account_.attempt_ended({});
    } else {
      attempt.failed(asked.error());
    }
    co_return asked;
  }
  std::string take_body() { return std::move(body_); }

 private:
  Task<std::expected<void, Fault>> ask(CandidatePtr candidate) {
    const Provider& provider = *candidate->provider;
    auto request = endpoint_request(call_.endpoint, call_.body, provider.protocol, candidate->target());
    if (!request || !*request) {
      Fault fault{.kind = request ? Fault::Kind::caller : Fault::Kind::unsupported,
                  .message = request ? request->error().message : "it does not serve this"};
      co_return std::unexpected(std::move(fault));
    }
    put_trace(**request, call_.trace);
    auto answer = co_await upstream_.send(candidate->provider, std::move(**request), call_.deadline);
    if (!answer) co_return std::unexpected(fault_of(answer.error()));
    auto body = co_await read_whole(**answer, bytes_max_);
    if (!body) co_return std::unexpected(fault_of(body.error()));
    auto usage = read_endpoint_answer(call_.endpoint, (*answer)->head(), *body, provider.protocol, provider.quirks);
    if (!usage) co_return std::unexpected(std::move(usage.error()));
    account_.used(*candidate, *usage);
    body_ = std::move(*body);
    co_return std::expected<void, Fault>();
  }

  Upstream& upstream_;
  const EndpointCall& call_;
  CallAccount& account_;
  const Clock& clock_;
  const std::size_t bytes_max_;
  std::string body_;
};

CallReport opening(const EndpointCall& call) {
  CallReport report;
  report.request_id = call.request_id;
  report.key = call.key;
  report.face = call.face;
  report.asked = call.model;
  report.trace = call.trace.id;
  return report;
}

// Those that serve it, in order.
Result<std::vector<CandidatePtr>> servers_of(const EndpointCall& call, std::vector<CandidatePtr> candidates) {
  std::erase_if(candidates, [&](const CandidatePtr& one) {
    return !endpoint_request(call.endpoint, "{}", one->provider->protocol, one->target());
  });
  if (candidates.empty())
    return fail(ErrorCode::invalid_argument,
                "no provider of \"" + call.model + "\" serves " + std::string(to_string(call.endpoint)),
                {.reason = "endpoint_not_served", .where = "model"});
  return candidates;
}

}  // namespace

Task<WholeAnswer> ChatGateway::relay(EndpointCall call) {
  WholeAnswer whole{.body = std::string(), .report = {}};
  CallAccount account(books_, opening(call));
  account.asked(call.body);
  const DirectoryPtr directory = models_.directory();
  const double random = draw();
  auto chosen = choose(*directory, call.model, call.strategy, call.key, books_.clock, books_.prices, random);
  auto candidates =
      chosen ? servers_of(call, std::move(chosen->candidates)) : Result<std::vector<CandidatePtr>>(error_of(chosen));
  if (chosen) account.takes_route(chosen->route);
  Result<> admitted;
  if (candidates)
    admitted = co_await account.admit(estimated_tokens(call.body.size()), 0, 1, *candidates);
  else
    admitted = error_of(candidates);
  if (!admitted) {
    account.failed(admitted.error());
    whole.report = account.report();
    whole.body = error_of(admitted);
    co_return whole;
  }
  PlanOptions plan_options = options_.plan;
  plan_options.may_fall_back = call.may_fall_back;
  AttemptPlan plan(std::move(*candidates), call.deadline, random, plan_options);
  EndpointTrial trial(upstream_, call, account, books_.clock, options_.answer_bytes_max);
  auto answered = co_await run_attempts(&plan, &trial, &account, &books_.clock);
  if (answered) {
    account.first_token_came();
    whole.body = trial.take_body();
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

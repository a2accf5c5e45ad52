#include "model/call/call_account.hpp"

#include "base/async.hpp"

namespace atelier::model {
namespace {

void add(Usage& sum, const Usage& more) {
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
  if (more.cost_picodollars) sum.cost_picodollars = plus(sum.cost_picodollars.value_or(0), *more.cost_picodollars);
  sum.is_estimated |= more.is_estimated;
}

}  // namespace

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
  if (books_.gate == nullptr || !report_.key || (!report_.key->limiter && !report_.key->allowance)) co_return Result<>{};
  std::vector<std::shared_ptr<const ModelPrice>> kept;  // the estimate below reads them
  std::vector<const ModelPrice*> prices;
  if (books_.prices != nullptr) {
    for (const CandidatePtr& candidate : candidates) {
      kept.push_back(candidate->price(*books_.prices));
      prices.push_back(kept.back().get());
    }
  }
  const CallEstimate estimate = estimate_call(input_tokens, output_tokens_max, answer_count, prices);
  auto pass = co_await books_.gate->admit(report_.key, estimate);
  if (!pass) co_return error_of(pass);
  pass_ = std::move(*pass);
  co_return Result<>{};
}

void CallAccount::attempt_began(const Candidate& candidate) {
  report_.candidate = candidate.name;
  report_.provider = candidate.provider->name;
  report_.model = candidate.model;
  report_.attempts.push_back({.candidate = candidate.name});
  attempt_started_ = books_.clock.now();
}

void CallAccount::attempt_ended(const std::optional<Fault>& fault) {
  AttemptReport& attempt = report_.attempts.back();
  attempt.took = since(attempt_started_);
  attempt.fault = fault;
}

void CallAccount::used(const Candidate& candidate, const Usage& usage) {
  std::optional<Picodollars> cost = usage.cost_picodollars;
  if (!cost && books_.prices != nullptr) {
    const auto price = candidate.price(*books_.prices);
    if (price) cost = price->cost(usage, ServiceTier::standard);
  }
  report_.cost = cost && report_.cost ? std::optional(plus(*report_.cost, *cost)) : std::nullopt;
  add(report_.usage, usage);
  report_.has_usage = true;
}

void CallAccount::first_token_came() {
  if (report_.first_token.count() == 0) report_.first_token = since(started_);
}

void CallAccount::end(std::optional<Error> error) {
  if (std::exchange(has_ended_, true)) return;
  report_.error = std::move(error);
  report_.total = since(started_);
  pass_.settle(report_.usage.input_total() + report_.usage.output_total(), report_.cost);
  if (books_.on_end) books_.on_end(report_);
}

}  // namespace atelier::model

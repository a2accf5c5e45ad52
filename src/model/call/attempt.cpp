#include "model/call/attempt.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kBytesPerToken = 4;

}  // namespace

Attempt::Attempt(CandidatePtr candidate, Breaker::Permit permit, const Clock& clock)
    : candidate_(std::move(candidate)), permit_(permit), clock_(clock), started_(clock.now()) {
  candidate_->in_flight.fetch_add(1, std::memory_order_relaxed);
}

Attempt::~Attempt() {
  candidate_->in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (!is_told_) candidate_->breaker.tell(permit_, Health::no_sign, clock_.now());
}

void Attempt::first_token_came() noexcept {
  if (std::exchange(has_first_token_, true)) return;
  first_token_ = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - started_);
}

void Attempt::succeeded() {
  if (std::exchange(is_told_, true)) return;
  const auto now = clock_.now();
  candidate_->breaker.tell(permit_, Health::good, now);
  std::optional<std::chrono::milliseconds> first_token;
  if (has_first_token_) first_token = first_token_;
  candidate_->record.attempt_ended(true, first_token,
                                   std::chrono::duration_cast<std::chrono::milliseconds>(now - started_));
}

void Attempt::taken() {
  if (std::exchange(is_told_, true)) return;
  candidate_->breaker.tell(permit_, Health::good, clock_.now());
}

void Attempt::failed(const Fault& fault) {
  if (std::exchange(is_told_, true)) return;
  const auto now = clock_.now();
  std::optional<std::chrono::milliseconds> floor;
  if (fault.retry_after_ms) floor = std::chrono::milliseconds(*fault.retry_after_ms);
  const Health health = health_of(fault);
  candidate_->breaker.tell(permit_, health, now, floor);
  if (health == Health::no_sign && fault.kind != Fault::Kind::rate_limit) return;
  candidate_->record.attempt_ended(false, {}, {});
  candidate_->record.failed(std::string(to_string(fault.kind)) + ": " + fault.message, clock_.wall_ms());
}

std::int64_t estimated_tokens(std::size_t bytes) noexcept {
  return static_cast<std::int64_t>((bytes + kBytesPerToken - 1) / kBytesPerToken);
}

Usage estimate_usage(const ChatCall& call, const ChatAnswer& said, ServiceTier tier) {
  std::size_t said_bytes = 0, thought_bytes = 0;
  for (const Choice& choice : said.choices) {
    for (const Part& part : choice.parts) {
      if (const auto* text = std::get_if<Text>(&part)) said_bytes += text->text.size();
      if (const auto* reasoning = std::get_if<Reasoning>(&part)) thought_bytes += reasoning->text.size();
      if (const auto* tool = std::get_if<ToolCall>(&part)) said_bytes += tool->name.size() + tool->arguments.size();
    }
  }
  Usage usage;
  usage.input = estimated_tokens(call.body.size());
  usage.output = estimated_tokens(said_bytes);
  usage.reasoning = estimated_tokens(thought_bytes);
  usage.is_estimated = true;
  usage.tier = tier;
  return usage;
}

}  // namespace atelier::model

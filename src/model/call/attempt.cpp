#include "model/call/attempt.hpp"

#include "base/async.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kFaultBytesMax = 256 << 10;
constexpr std::size_t kBytesPerToken = 4;

// An older server that does not know the option we put in for accounting.
bool is_about_stream_options(const Fault& fault) {
  return fault.kind == Fault::Kind::caller && (fault.message.find("stream_options") != std::string::npos || fault.param.find("stream_options") != std::string::npos);
}

Fault caller_fault(const Error& error) {
  Fault fault{.kind = Fault::Kind::caller, .status = 400, .message = error.message, .code = error.reason, .param = error.where};
  return fault;
}

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
  first_token_came();
  const auto now = clock_.now();
  candidate_->breaker.tell(permit_, Health::good, now);
  candidate_->record.attempt_ended(true, first_token_, std::chrono::duration_cast<std::chrono::milliseconds>(now - started_));
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

std::expected<WireRequest, Fault> wire_request(ChatCall& call, const Candidate& candidate, bool must_translate) {
  const ChatAdapter& adapter = adapter_for(candidate.provider->protocol);
  Target target = candidate.target();
  if (candidate.lacks_stream_options.load(std::memory_order_relaxed)) target.quirks.has_stream_options = false;
  const bool is_same = adapter.protocol() == call.face->protocol();
  if (is_same && !must_translate) {
    auto request = adapter.relay(call.body, call.request, target);
    if (!request) return std::unexpected(caller_fault(request.error()));
    return std::move(*request);
  }
  if (!call.is_read) {
    auto body = json::parse(call.body);
    if (!body) return std::unexpected(caller_fault(body.error()));
    auto request = call.face->read_request(*body);
    if (!request) return std::unexpected(caller_fault(request.error()));
    call.request = std::move(*request);
    call.is_read = true;
  }
  auto request = adapter.request(call.request, target);
  if (!request) {
    // What this protocol cannot say another candidate's may.
    Fault fault = caller_fault(request.error());
    fault.kind = Fault::Kind::model_missing;
    fault.code = "not_supported_by_provider";
    return std::unexpected(std::move(fault));
  }
  return std::move(*request);
}

Task<std::expected<std::unique_ptr<UpstreamAnswer>, Fault>> begin_exchange(Upstream& upstream, ChatCall& call, CandidatePtr candidate, bool must_translate,
                                                                           std::chrono::steady_clock::time_point deadline) {
  const ChatAdapter& adapter = adapter_for(candidate->provider->protocol);
  for (;;) {
    auto request = wire_request(call, *candidate, must_translate);
    if (!request) co_return std::unexpected(std::move(request.error()));
    auto answer = co_await upstream.send(candidate->provider, std::move(*request), deadline);
    if (!answer) co_return std::unexpected(fault_of(answer.error()));
    const int status = (*answer)->status();
    if (status >= 200 && status < 300) co_return std::move(*answer);
    auto body = co_await read_whole(**answer, kFaultBytesMax);
    const std::string text = body ? std::move(*body) : std::string();
    if (!body && body.error().code == ErrorCode::cancelled) co_return std::unexpected(fault_of(body.error()));
    Fault fault = adapter.read_fault((*answer)->head(), text);
    const bool may_leave_out = call.request.is_streamed && is_about_stream_options(fault) && !candidate->lacks_stream_options.exchange(true);
    if (!may_leave_out) co_return std::unexpected(std::move(fault));
  }
}

std::int64_t estimated_tokens(std::size_t bytes) noexcept { return static_cast<std::int64_t>((bytes + kBytesPerToken - 1) / kBytesPerToken); }

Usage estimate_usage(const ChatCall& call, const ChatAnswer& said) {
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
  return usage;
}

}  // namespace atelier::model

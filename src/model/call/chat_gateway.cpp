#include "model/call/chat_gateway.hpp"

#include <random>

#include "base/async.hpp"
#include "model/call/attempt.hpp"
#include "model/call/carry.hpp"

namespace atelier::model {
namespace {

double draw() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

std::chrono::milliseconds since(std::chrono::steady_clock::time_point then, std::chrono::steady_clock::time_point now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
}

AnswerHead head_for(const ChatCall& call, const Clock& clock) { return {.id = call.request_id, .model = call.request.model, .created_s = clock.wall_ms() / 1000}; }

bool is_event_stream(const UpstreamAnswer& answer) {
  const auto type = answer.header("content-type");
  return type && (type->starts_with("text/event-stream") || type->starts_with("application/x-ndjson"));
}

Fault cancelled_fault() { return Fault{.kind = Fault::Kind::cancelled, .message = "the caller went away"}; }

}  // namespace

// A streamed call from its first attempt to its end.
struct ChatStream::Call {
  Call(ChatGateway& owner, ChatCall asked, DirectoryPtr known, AttemptPlan attempts, ChatGateway::OnEnd told)
      : gateway(owner), call(std::move(asked)), directory(std::move(known)), plan(std::move(attempts)), on_end(std::move(told)), started(owner.clock_.now()) {
    report.is_streamed = true;
  }
  ~Call() {
    if (has_ended) return;
    report.is_aborted = true;
    if (attempt) account();
    end();
  }

  // Goes through the plan until an attempt has something to show; a Fault when there is none.
  Task<std::expected<void, Fault>> begin(std::optional<ChatAnswer> carried);
  Task<std::expected<void, Fault>> try_candidate(AttemptPlan::Step step, std::optional<ChatAnswer> carried);
  Task<std::expected<void, Fault>> hold();
  Task<std::expected<void, Fault>> take_whole(std::unique_ptr<UpstreamAnswer> answer, CandidatePtr candidate);
  Task<std::optional<std::string>> next();
  Task<std::optional<std::string>> go_on_elsewhere(Fault fault);
  void account();
  void end();

  ChatGateway& gateway;
  ChatCall call;
  const DirectoryPtr directory;  // keeps the route alive
  AttemptPlan plan;
  const ChatGateway::OnEnd on_end;
  const std::chrono::steady_clock::time_point started;
  CallReport report;
  std::optional<Attempt> attempt;
  std::unique_ptr<AttemptStream> stream;  // null: everything is in `held`
  std::string held;                       // not yet sent
  bool is_whole = false;                  // nothing comes after `held`
  bool has_ended = false;
};

Task<std::expected<void, Fault>> ChatStream::Call::begin(std::optional<ChatAnswer> carried) {
  for (;;) {
    const auto now = gateway.clock_.now();
    AttemptPlan::Step step = plan.next(now);
    if (step.what == AttemptPlan::Step::What::give_up) co_return std::unexpected(plan.verdict(now));
    if (step.what == AttemptPlan::Step::What::wait) {
      auto slept = co_await sleep_for(step.wait);
      if (!slept) co_return std::unexpected(cancelled_fault());
      continue;
    }
    report.attempts = plan.attempt_count();
    auto begun = co_await try_candidate(std::move(step), carried);
    if (begun) co_return begun;
    if (attempt) attempt->failed(begun.error());
    attempt.reset();
    stream.reset();
    held.clear();
    plan.failed(begun.error(), gateway.clock_.now());
    if (begun.error().kind == Fault::Kind::cancelled) co_return begun;
  }
}

Task<std::expected<void, Fault>> ChatStream::Call::try_candidate(AttemptPlan::Step step, std::optional<ChatAnswer> carried) {
  const CandidatePtr candidate = step.candidate;
  report.candidate = candidate->name;
  report.provider = candidate->provider->name;
  report.model = candidate->model;
  attempt.emplace(candidate, step.permit, gateway.clock_);
  auto answer = co_await begin_exchange(gateway.upstream_, call, candidate, carried.has_value(), call.deadline);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (!is_event_stream(**answer)) {
    auto taken = co_await take_whole(std::move(*answer), candidate);
    co_return taken;
  }
  const ChatAdapter& adapter = adapter_for(candidate->provider->protocol);
  if (adapter.protocol() == call.face->protocol() && !carried)
    stream = relay_stream(std::move(*answer), adapter, call.request, candidate->provider->quirks);
  else
    stream = translated_stream(std::move(*answer), adapter, *call.face, call.request, head_for(call, gateway.clock_), candidate->provider->quirks, std::move(carried));
  auto shown = co_await hold();
  co_return shown;
}

// Start-up events are held until there is something to see, so that a failure before it is nobody's business but ours.
Task<std::expected<void, Fault>> ChatStream::Call::hold() {
  for (;;) {
    auto step = co_await stream->next();
    if (!step) co_return std::unexpected(std::move(step.error()));
    held += step->bytes;
    if (step->is_meaningful || step->has_ended) {
      is_whole = step->has_ended;
      attempt->first_token_came();
      if (report.first_token.count() == 0) report.first_token = since(started, gateway.clock_.now());
      co_return std::expected<void, Fault>();
    }
    if (held.size() > gateway.options_.held_bytes_max) {
      Fault fault{.kind = Fault::Kind::broken, .message = "the provider sent a mebibyte of events that say nothing"};
      co_return std::unexpected(std::move(fault));
    }
    if (gateway.clock_.now() - started > attempt->candidate()->provider->first_byte_timeout * 2) {
      Fault fault{.kind = Fault::Kind::timeout, .message = "the first token took too long", .code = "first_token_timeout"};
      co_return std::unexpected(std::move(fault));
    }
  }
}

// A provider that answers a streamed call with JSON: an answer all the same, or an error.
Task<std::expected<void, Fault>> ChatStream::Call::take_whole(std::unique_ptr<UpstreamAnswer> answer, CandidatePtr candidate) {
  const ChatAdapter& adapter = adapter_for(candidate->provider->protocol);
  auto body = co_await read_whole(*answer, gateway.options_.answer_bytes_max);
  if (!body) co_return std::unexpected(fault_of(body.error()));
  auto whole = adapter.read_answer(answer->head(), *body, candidate->provider->quirks);
  if (!whole) co_return std::unexpected(std::move(whole.error()));
  attempt->first_token_came();
  report.first_token = since(started, gateway.clock_.now());
  held = write_all(*call.face, *whole, call.request, head_for(call, gateway.clock_));
  report.usage = whole->usage;
  report.has_usage = true;
  is_whole = true;
  co_return std::expected<void, Fault>();
}

Task<std::optional<std::string>> ChatStream::Call::next() {
  if (!held.empty()) co_return std::exchange(held, std::string());
  if (has_ended) co_return std::nullopt;
  if (is_whole) {
    account();
    attempt->succeeded();
    end();
    co_return std::nullopt;
  }
  auto step = co_await stream->next();
  if (!step) {
    const bool is_ours = step.error().kind != Fault::Kind::cancelled;
    if (is_ours) co_return co_await go_on_elsewhere(std::move(step.error()));
    co_return std::nullopt;  // nobody reads any more; the destructor accounts
  }
  is_whole = step->has_ended;
  co_return std::move(step->bytes);
}

// In mid-answer. Text that another candidate repeats word for word can be gone on with; otherwise one honest error.
Task<std::optional<std::string>> ChatStream::Call::go_on_elsewhere(Fault fault) {
  account();
  attempt->failed(fault);
  plan.failed(fault, gateway.clock_.now());
  plan.leave_current();
  std::optional<ChatAnswer> said;
  if (call.may_fall_back && stream->is_all_kept()) {
    said = stream->said().take_answer();
    if (!Carry::is_possible(*said)) said.reset();
  }
  attempt.reset();
  stream.reset();
  if (said) {
    auto begun = co_await begin(std::move(said));
    if (begun) co_return std::exchange(held, std::string());
    if (begun.error().kind == Fault::Kind::cancelled) co_return std::nullopt;
  }
  report.fault = fault;
  const Error error = to_error(fault, report.provider);
  end();
  co_return write_stream_error(call.face->protocol(), error, call.request_id);
}

void ChatStream::Call::account() {
  if (!stream) return;
  std::optional<Usage> told = stream->usage();
  // Cut short, a provider's own count is of the beginning (Anthropic's message_start) or missing.
  if (!told || (!is_whole && told->output_total() <= 1)) {
    if (!stream->is_all_kept() && told) {
      report.usage = *told;
    } else {
      const AnswerBuilder said = stream->said();
      report.usage = estimate_usage(call, said.answer());
      if (told) report.usage.input = told->input, report.usage.cached_read = told->cached_read, report.usage.cached_write = told->cached_write;
    }
  } else {
    report.usage = *told;
  }
  report.has_usage = true;
}

void ChatStream::Call::end() {
  if (std::exchange(has_ended, true)) return;
  report.total = since(started, gateway.clock_.now());
  if (on_end) on_end(report);
}

ChatStream::ChatStream(std::unique_ptr<Call> call) : call_(std::move(call)) {}
ChatStream::~ChatStream() = default;
Task<std::optional<std::string>> ChatStream::next() { return call_->next(); }
const CallReport& ChatStream::report() const noexcept { return call_->report; }

Task<OpenedStream> ChatGateway::open(ChatCall call, OnEnd on_end) {
  OpenedStream opened{.stream = nullptr, .report = {}};
  opened.report.is_streamed = true;
  DirectoryPtr directory = models_.directory();
  auto resolved = directory->resolve(call.request.model);
  if (!resolved) {
    opened.stream = error_of(resolved);
    co_return opened;
  }
  if (call.strategy) resolved->strategy = *call.strategy;
  const double random = draw();
  PlanOptions plan_options = options_.plan;
  plan_options.may_fall_back = call.may_fall_back;
  AttemptPlan plan(order(*resolved, clock_.now(), random, prices_, cost_of_), call.deadline, random, plan_options);
  auto running = std::make_unique<ChatStream::Call>(*this, std::move(call), std::move(directory), std::move(plan), std::move(on_end));
  auto begun = co_await running->begin(std::nullopt);
  if (begun) {
    opened.stream = std::make_unique<ChatStream>(std::move(running));
    co_return opened;
  }
  running->report.fault = begun.error();
  running->report.is_aborted = begun.error().kind == Fault::Kind::cancelled;
  running->end();
  opened.report = running->report;
  opened.stream = std::unexpected(to_error(begun.error(), running->report.provider));
  co_return opened;
}

namespace {

struct Answered {
  std::string body;
  Usage usage;
};

// One attempt at a whole answer.
Task<std::expected<Answered, Fault>> ask(Upstream& upstream, ChatCall& call, CandidatePtr candidate, std::size_t bytes_max, const Clock& clock) {
  auto answer = co_await begin_exchange(upstream, call, candidate, false, call.deadline);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto body = co_await read_whole(**answer, bytes_max);
  if (!body) co_return std::unexpected(fault_of(body.error()));
  const ChatAdapter& adapter = adapter_for(candidate->provider->protocol);
  Answered answered;
  if (adapter.protocol() == call.face->protocol()) {
    auto glanced = adapter.glance((*answer)->status(), *body, candidate->provider->quirks);
    if (!glanced) {
      Fault fault = std::move(glanced.error());
      co_return std::unexpected(std::move(fault));
    }
    answered.usage = *glanced;
    answered.body = std::move(*body);
    co_return answered;
  }
  auto whole = adapter.read_answer((*answer)->head(), *body, candidate->provider->quirks);
  if (!whole) co_return std::unexpected(std::move(whole.error()));
  answered.usage = whole->usage;
  answered.body = call.face->write_answer(*whole, call.request, head_for(call, clock));
  co_return answered;
}

}  // namespace

Task<WholeAnswer> ChatGateway::answer(ChatCall call) {
  WholeAnswer whole{.body = std::string(), .report = {}};
  CallReport& report = whole.report;
  const auto started = clock_.now();
  const DirectoryPtr directory = models_.directory();
  auto resolved = directory->resolve(call.request.model);
  if (!resolved) {
    whole.body = error_of(resolved);
    co_return whole;
  }
  if (call.strategy) resolved->strategy = *call.strategy;
  const double random = draw();
  PlanOptions plan_options = options_.plan;
  plan_options.may_fall_back = call.may_fall_back;
  AttemptPlan plan(order(*resolved, started, random, prices_, cost_of_), call.deadline, random, plan_options);
  for (;;) {
    const auto now = clock_.now();
    const AttemptPlan::Step step = plan.next(now);
    if (step.what == AttemptPlan::Step::What::give_up) {
      report.fault = plan.verdict(now);
      break;
    }
    if (step.what == AttemptPlan::Step::What::wait) {
      auto slept = co_await sleep_for(step.wait);
      if (slept) continue;
      report.fault = cancelled_fault();
      break;
    }
    report.candidate = step.candidate->name;
    report.provider = step.candidate->provider->name;
    report.model = step.candidate->model;
    report.attempts = plan.attempt_count();
    Attempt attempt(step.candidate, step.permit, clock_);
    auto answered = co_await ask(upstream_, call, step.candidate, options_.answer_bytes_max, clock_);
    if (answered) {
      attempt.succeeded();
      report.usage = answered->usage;
      report.has_usage = true;
      whole.body = std::move(answered->body);
      break;
    }
    attempt.failed(answered.error());
    plan.failed(answered.error(), clock_.now());
    if (answered.error().kind != Fault::Kind::cancelled) continue;
    report.fault = answered.error();
    break;
  }
  report.total = since(started, clock_.now());
  report.first_token = report.total;
  if (!report.fault) co_return whole;
  report.is_aborted = report.fault->kind == Fault::Kind::cancelled;
  whole.body = std::unexpected(to_error(*report.fault, report.provider.empty() ? "the gateway" : report.provider));
  co_return whole;
}

}  // namespace atelier::model

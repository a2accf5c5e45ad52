#include "model/call/endpoint_stream.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "model/call/attempt.hpp"
#include "model/call/attempt_loop.hpp"
#include "model/call/event_splitter.hpp"
#include "model/call/trace.hpp"
#include "model/media/adapter.hpp"
#include "model/provider/form_data.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

constexpr std::string_view kJson = "application/json";

std::string_view operation_of(Endpoint endpoint) {
  if (endpoint == Endpoint::embeddings) return "embeddings";
  return is_media(endpoint) ? "generate_content" : to_string(endpoint);
}

CallReport opening(const EndpointCall& call) {
  CallReport report;
  report.request_id = call.request_id;
  report.key = call.key;
  report.face = call.face;
  report.asked = call.model;
  report.operation = operation_of(call.endpoint);
  enter_trace(report, call.trace);
  return report;
}

EndpointBody body_of(const EndpointCall& call) { return {.bytes = call.body, .content_type = call.content_type}; }

bool serves(const Provider& provider, Endpoint endpoint) {
  if (!model::serves(provider.protocol, endpoint)) return false;
  return is_media(endpoint) ? media_wire_of(provider.protocol, provider.quirks) == MediaWire::openai
                            : provider.quirks.has_chat;
}

// Those that serve it, in order.
Result<std::vector<CandidatePtr>> servers_of(const EndpointCall& call, std::vector<CandidatePtr> candidates) {
  std::erase_if(candidates, [&](const CandidatePtr& one) { return !serves(*one->provider, call.endpoint); });
  if (candidates.empty())
    return fail(ErrorCode::invalid_argument,
                "no provider of \"" + call.model + "\" serves " + std::string(to_string(call.endpoint)),
                {.reason = "endpoint_not_served", .where = "model"});
  return candidates;
}

}  // namespace

// A call from its first attempt to its end. An answer in JSON is read whole in the attempt; of any other kind the
// attempt ends with the first bytes, up to which another candidate can still take over.
struct EndpointStream::Call final : Trial {
  Call(Upstream& reached, const CallBooks& kept, const GatewayOptions& bounds, EndpointCall asked, DirectoryPtr known)
      : upstream(reached),
        books(kept),
        options(bounds),
        call(std::move(asked)),
        directory(std::move(known)),
        account(kept, opening(call)) {}
  ~Call() override {
    // Left in the middle: what was told until then is paid.
    if (!account.has_ended() && stream) count_usage();
  }

  Task<std::expected<void, Fault>> run(CandidatePtr candidate, Breaker::Permit permit) override {
    attempt.emplace(candidate, permit, books.clock);
    forget();
    auto asked = co_await ask(candidate);
    if (!asked) {
      Fault& why = asked.error();
      why.may_be_paid =
          is_media(call.endpoint) && (why.kind == Fault::Kind::broken || why.kind == Fault::Kind::timeout);
      attempt->failed(why);
    }
    co_return asked;
  }

  // What the attempt before left.
  void forget() {
    stream.reset();
    held.clear();
    splitter = EventSplitter();
    usage.reset();
    told.reset();
    is_typed = is_terminal = false;
  }

  Task<std::expected<void, Fault>> ask(CandidatePtr candidate) {
    const Provider& provider = *candidate->provider;
    auto request = endpoint_request(call.endpoint, body_of(call), provider.protocol, candidate->target());
    if (!request) {
      Fault fault{.kind = Fault::Kind::caller, .message = request.error().message, .is_ours = true};
      co_return std::unexpected(std::move(fault));
    }
    put_trace(*request, account.trace_of(*candidate));
    auto answer = co_await upstream.send(candidate->provider, std::move(*request), call.deadline);
    if (!answer) co_return std::unexpected(fault_of(answer.error()));
    stream = std::move(*answer);
    const HttpHead head = stream->head();
    form = answer_form(call.endpoint, head);
    if (form != AnswerForm::json) {
      content_type = std::string(head.find("content-type").value_or("application/octet-stream"));
      auto begun = co_await begin();
      if (!begun) stream.reset();
      co_return begun;
    }
    auto body = co_await read_whole(*stream, options.answer_bytes_max);
    stream.reset();
    if (!body) co_return std::unexpected(fault_of(body.error()));
    auto used = read_endpoint_answer(call.endpoint, head, *body, provider.protocol, provider.quirks);
    if (!used) co_return std::unexpected(std::move(used.error()));
    usage = *used;
    count_usage();
    attempt->succeeded();
    account.attempt_ended({});
    held = std::move(*body);
    co_return std::expected<void, Fault>();
  }

  Task<std::expected<void, Fault>> begin() {
    auto first = co_await stream->next();
    if (!first) co_return std::unexpected(fault_of(first.error()));
    if (!*first) co_return std::unexpected(broken_answer("the answer has no bytes"));
    held.assign(**first);
    if (form == AnswerForm::file && !may_be_file(held))
      co_return std::unexpected(broken_answer("the answer is a page and no file"));
    if (auto endless = watch(held)) co_return std::unexpected(std::move(*endless));
    // An answer that begins with its failure has not begun.
    if (told) co_return std::unexpected(std::move(*std::exchange(told, std::nullopt)));
    attempt->first_token_came();
    account.first_token_came();
    co_return std::expected<void, Fault>();
  }

  // What events tell of; a file tells nothing. A Fault where an event has no end.
  std::optional<Fault> watch(std::string_view bytes) {
    if (form != AnswerForm::events) return std::nullopt;
    splitter.feed(bytes);
    for (;;) {
      const auto block = splitter.next();
      if (!block) return fault_of(block.error());
      if (!*block) return std::nullopt;
      if (!(*block)->has_data) continue;
      const Quirks& quirks = attempt->candidate()->provider->quirks;
      EndpointEvent event = read_endpoint_event(call.endpoint, (*block)->type, (*block)->data, quirks);
      is_typed |= event.is_typed;
      is_terminal |= event.is_terminal;
      if (event.usage) add(*event.usage);
      if (event.fault) told = std::move(event.fault);
    }
  }
  void add(const Usage& more) {
    const std::int64_t images = usage ? usage->images + more.images : more.images;
    if (!usage || !more.is_nothing()) usage = more;
    usage->images = images;
  }

  // Texts are for the log, files are not.
  void keep(std::string_view bytes) {
    if (form != AnswerForm::file) account.said(bytes);
  }

  // Once for each attempt.
  void count_usage() {
    Usage used = std::exchange(usage, std::nullopt).value_or(Usage());
    if (used.is_nothing()) used = asked_usage(call.endpoint, body_of(call));
    account.used(*attempt->candidate(), used);
  }

  void end_with(const Fault& why) {
    count_usage();
    attempt->failed(why);
    account.attempt_ended(why);
    account.failed(to_error(why, account.report().provider));
  }

  Task<Result<std::optional<std::string>>> next() {
    if (!held.empty()) {
      keep(held);
      co_return std::exchange(held, std::string());
    }
    if (!stream || account.has_ended()) co_return std::nullopt;
    auto piece = co_await stream->next();
    if (piece && *piece) {
      std::string bytes(**piece);
      const auto endless = watch(bytes);
      if (endless) {
        end_with(*endless);
        co_return write_stream_error(call.face, to_error(*endless, account.report().provider), call.request_id);
      }
      keep(bytes);
      co_return bytes;
    }
    if (!piece && piece.error().code == ErrorCode::cancelled) co_return error_of(piece);  // the destructor accounts
    if (piece && !told && (is_terminal || !is_typed)) {
      count_usage();
      attempt->succeeded();
      account.attempt_ended({});
      account.ended();
      co_return std::nullopt;
    }
    const bool is_told = told.has_value();  // the caller has the event
    Fault why;
    if (is_told)
      why = std::move(*std::exchange(told, std::nullopt));
    else if (piece)
      why = broken_answer("the provider's answer ended before it was whole");
    else
      why = fault_of(piece.error());
    end_with(why);
    const Error error = to_error(why, account.report().provider);
    if (is_told) co_return std::nullopt;
    // Of a file there is no way to say it but to end before the end.
    if (form == AnswerForm::file) co_return std::unexpected(error);
    co_return write_stream_error(call.face, error, call.request_id);
  }

  Upstream& upstream;
  const CallBooks& books;
  const GatewayOptions& options;
  const EndpointCall call;
  const DirectoryPtr directory;  // keeps the route alive
  CallAccount account;
  std::optional<Attempt> attempt;
  std::unique_ptr<UpstreamAnswer> stream;  // null: the answer is whole
  std::string content_type{kJson}, held;
  AnswerForm form = AnswerForm::json;
  bool is_typed = false, is_terminal = false;  // what its events tell
  EventSplitter splitter;
  std::optional<Usage> usage;
  std::optional<Fault> told;  // by an event
};

EndpointStream::EndpointStream(std::unique_ptr<Call> call) : call_(std::move(call)) {}
EndpointStream::~EndpointStream() = default;
Task<Result<std::optional<std::string>>> EndpointStream::next() { return call_->next(); }
const CallReport& EndpointStream::report() const noexcept { return call_->account.report(); }

OpenedEndpoint::OpenedEndpoint() = default;
OpenedEndpoint::OpenedEndpoint(OpenedEndpoint&&) noexcept = default;
OpenedEndpoint::~OpenedEndpoint() = default;

Task<OpenedEndpoint> ChatGateway::open(EndpointCall asked) {
  OpenedEndpoint opened;
  DirectoryPtr directory = models_.directory();
  auto running = std::make_unique<EndpointStream::Call>(upstream_, books_, options_, std::move(asked), directory);
  const EndpointCall& call = running->call;
  CallAccount& account = running->account;
  if (!is_form(call.content_type)) account.asked(call.body);  // of a form most bytes are files
  const double random = draw();
  auto chosen = choose(*directory, call.model, call.strategy, call.key, books_.clock, books_.prices, random);
  auto candidates =
      chosen ? servers_of(call, std::move(chosen->candidates)) : Result<std::vector<CandidatePtr>>(error_of(chosen));
  if (chosen) account.takes_route(chosen->route);
  Result<> admitted;
  if (!candidates)
    admitted = error_of(candidates);
  else if (is_media(call.endpoint))
    admitted = co_await account.admit(media_at_most(call.endpoint, body_of(call)), *candidates);
  else
    admitted = co_await account.admit(estimated_tokens(call.body.size()), 0, 1, *candidates);
  if (!admitted) {
    account.failed(admitted.error());
    opened.report = account.report();
    opened.body = error_of(admitted);
    co_return opened;
  }
  PlanOptions plan_options = options_.plan;
  plan_options.may_fall_back = call.may_fall_back;
  AttemptPlan plan(std::move(*candidates), call.deadline, random, plan_options);
  auto answered = co_await run_attempts(&plan, running.get(), &account, &books_.clock);
  if (!answered) {
    const std::string& provider = account.report().provider;
    const Error error = to_error(answered.error(), provider.empty() ? "the gateway" : provider);
    if (answered.error().kind != Fault::Kind::cancelled) account.failed(error);
    opened.report = account.report();
    opened.body = std::unexpected(error);
    co_return opened;
  }
  opened.content_type = running->content_type;
  if (running->stream) {
    opened.report = account.report();
    opened.stream = std::make_unique<EndpointStream>(std::move(running));
    co_return opened;
  }
  account.first_token_came();
  account.said(running->held);
  account.ended();
  opened.body = std::move(running->held);
  opened.report = account.report();
  co_return opened;
}

bool ChatGateway::relays(const std::string& model, Endpoint endpoint) const {
  const auto resolved = models_.directory()->resolve(model);
  return !resolved || std::ranges::any_of(resolved->candidates,
                                          [&](const CandidatePtr& one) { return serves(*one->provider, endpoint); });
}

Task<WholeAnswer> ChatGateway::relay(EndpointCall call) {
  OpenedEndpoint opened = co_await open(std::move(call));
  WholeAnswer whole{.body = std::move(opened.body), .report = std::move(opened.report)};
  co_return whole;
}

}  // namespace atelier::model

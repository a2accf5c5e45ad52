#include "model/call/exchange.hpp"

#include <algorithm>

#include "base/async.hpp"
#include "model/call/trace.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kFaultBytesMax = 256 << 10;

Fault caller_fault(const Error& error) {
  return {.kind = Fault::Kind::caller,
          .status = 400,
          .message = error.message,
          .code = error.reason,
          .param = error.where,
          .is_ours = true};
}

std::expected<void, Fault> read_in_full(ChatCall& call) {
  if (call.is_read) return {};
  auto body = json::parse(call.body);
  if (!body) return std::unexpected(caller_fault(body.error()));
  auto request = call.face->read_request(*body);
  if (!request) return std::unexpected(caller_fault(request.error()));
  request->wants_sealed_thoughts = call.request.wants_sealed_thoughts;
  call.request = std::move(*request);
  call.is_read = true;
  return {};
}

Target target_for(const Candidate& candidate) {
  Target target = candidate.target();
  if (candidate.lacks_stream_options.load(std::memory_order_relaxed)) target.quirks.has_stream_options = false;
  return target;
}

// Chat shows no thoughts and takes none back, and newer models use no tools there while they think.
bool is_better_said_in_responses(const ChatRequest& request) {
  const bool can_be_said = request.stop.empty() && request.answer_count == 1;
  return can_be_said && request.reasoning && request.reasoning->effort != "none";
}

// An older server that does not know the option we put in for accounting.
bool is_about_stream_options(const Fault& fault) {
  return fault.kind == Fault::Kind::caller && (fault.message.find("stream_options") != std::string::npos ||
                                               fault.param.find("stream_options") != std::string::npos);
}

// A server that has chat alone. One that names the model knows the endpoint.
bool is_about_endpoint(const Fault& fault) {
  return fault.status == 405 || fault.status == 501 ||
         (fault.status == 404 && fault.code != "model_not_found" && fault.param != "model");
}

// Whether to ask once more in a plainer way, which is remembered.
bool may_be_plainer(const Fault& fault, const ChatCall& call, const Way& way, Candidate& candidate) {
  if (way.adapter->protocol() != candidate.provider->protocol)
    return is_about_endpoint(fault) && !candidate.lacks_responses.exchange(true);
  return call.request.is_streamed && is_about_stream_options(fault) && !candidate.lacks_stream_options.exchange(true);
}

}  // namespace

std::expected<Way, Fault> way_to(ChatCall& call, const Candidate& candidate, bool must_translate) {
  const Provider& provider = *candidate.provider;
  const Protocol asked = call.face->protocol();
  Protocol spoken = provider.protocol;
  const bool has_choice =
      provider.quirks.has_responses && !candidate.lacks_responses.load(std::memory_order_relaxed) && asked != spoken;
  if (has_choice && asked == Protocol::openai_responses) {
    spoken = asked;
  } else if (has_choice) {
    if (auto read = read_in_full(call); !read) return std::unexpected(std::move(read.error()));
    if (is_better_said_in_responses(call.request)) spoken = Protocol::openai_responses;
  }
  Way way{.adapter = &adapter_for(spoken),
          .is_relayed = spoken == asked && !provider.quirks.answers_differ && !must_translate};
  if (way.is_relayed) return way;
  if (auto read = read_in_full(call); !read) return std::unexpected(std::move(read.error()));
  way.call_of = way.adapter->said_as_call_of(call.request);
  return way;
}

std::expected<WireRequest, Fault> wire_request(ChatCall& call, const Candidate& candidate, const Way& way) {
  Result<WireRequest> request;
  if (way.is_relayed) {
    request = way.adapter->relay(call.body, call.request, target_for(candidate));
    if (!request) return std::unexpected(caller_fault(request.error()));
  } else {
    request = way.adapter->request(call.request, target_for(candidate));
    if (!request) {
      Fault fault = caller_fault(request.error());
      fault.kind = Fault::Kind::unsupported;
      return std::unexpected(std::move(fault));
    }
  }
  // What the caller's protocol says beside the body goes where the body goes. The operator's own word stands.
  if (way.adapter->protocol() == call.face->protocol())
    for (const auto& [name, value] : call.headers)
      if (std::ranges::find(request->headers, name, &std::pair<std::string, std::string>::first) ==
          request->headers.end())
        request->headers.emplace_back(name, value);
  return std::move(*request);
}

Task<std::expected<Exchange, Fault>> begin_exchange(Upstream* upstream, ChatCall* call, CandidatePtr candidate,
                                                    bool must_translate, TraceContext trace) {
  for (;;) {
    auto way = way_to(*call, *candidate, must_translate);
    if (!way) co_return std::unexpected(std::move(way.error()));
    auto request = wire_request(*call, *candidate, *way);
    if (!request) co_return std::unexpected(std::move(request.error()));
    put_trace(*request, trace);
    auto answer = co_await upstream->send(candidate->provider, std::move(*request), call->deadline);
    if (!answer) co_return std::unexpected(fault_of(answer.error()));
    const int status = (*answer)->status();
    if (status >= 200 && status < 300) {
      Exchange exchange{.answer = std::move(*answer), .way = *way};
      co_return exchange;
    }
    auto body = co_await read_whole(**answer, kFaultBytesMax);
    const std::string text = body ? std::move(*body) : std::string();
    if (!body && body.error().code == ErrorCode::cancelled) co_return std::unexpected(fault_of(body.error()));
    Fault fault = way->adapter->read_fault((*answer)->head(), text);
    if (!may_be_plainer(fault, *call, *way, *candidate)) co_return std::unexpected(std::move(fault));
  }
}

}  // namespace atelier::model

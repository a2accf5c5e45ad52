// The gateway's conversations, in three protocols: what programs send with their official clients.
#include <fmt/format.h>

#include "api/tables.hpp"
#include "api/v1/v1.hpp"
#include "base/async.hpp"
#include "model/face/glance.hpp"
#include "model/kept/response_turn.hpp"
#include "net/problem.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 32 << 20;
constexpr std::chrono::seconds kDeadline{300};

const model::ChatFace& face_of(model::Protocol protocol) {
  switch (protocol) {
    case model::Protocol::openai_responses:
      return model::openai_responses_face();
    case model::Protocol::anthropic:
      return model::anthropic_face();
    default:
      return model::openai_chat_face();
  }
}

// What these protocols say of betas, which fields of the body depend on.
void read_betas(const net::Request& request, model::ChatCall& call) {
  const std::string_view name = call.face->protocol() == model::Protocol::anthropic ? "anthropic-beta" : "openai-beta";
  std::string betas;
  for (const auto& [field, value] : request.headers.fields())
    if (field == name) betas.append(betas.empty() ? "" : ",").append(value);
  if (!betas.empty()) call.headers.emplace_back(name, std::move(betas));
}

// Owns the stream until the server has sent it, or gives up.
struct Pump {
  std::unique_ptr<model::AnswerStream> stream;
  std::unique_ptr<model::ResponseTurn> turn;  // null: no state in it
  const Clock& clock;

  bool is_over = false;

  // What is to be sent next; nullopt at the end.
  Task<std::optional<std::string>> next() {
    while (!is_over) {
      auto bytes = co_await stream->next();
      is_over = !bytes;
      if (!bytes || bytes->empty()) continue;
      if (turn) bytes = turn->take_events(std::move(*bytes), clock.wall_ms());
      co_return bytes;
    }
    co_return std::nullopt;
  }
  static Task<Result<>> run(std::shared_ptr<Pump> pump, net::BodyWriter* writer) {
    for (;;) {
      auto bytes = co_await pump->next();
      if (!bytes) co_return Result<>{};
      auto sent = co_await writer->write(std::move(*bytes));
      if (!sent) co_return sent;
    }
  }
};

Task<Result<net::Response>> serve(Services services, net::Request request, model::Protocol protocol,
                                  model::KeyStatePtr key) {
  auto body = co_await request.read_body(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto glanced = model::glance(protocol, *body);
  if (!glanced) co_return error_of(glanced);
  auto wishes = read_wishes(request);
  if (!wishes) co_return error_of(wishes);
  model::ChatCall call{.face = &face_of(protocol),
                       .body = std::move(*body),
                       .request = std::move(*glanced),
                       .request_id = request.request_id,
                       .deadline = services.clock.now() + kDeadline,
                       .may_fall_back = wishes->may_fall_back,
                       .strategy = wishes->strategy,
                       .key = key};
  call.hedges = wishes->hedges;
  call.trace = request.principal().trace;
  read_betas(request, call);
  std::unique_ptr<model::ResponseTurn> turn;
  if (protocol == model::Protocol::openai_responses) {
    auto begun = co_await model::ResponseTurn::begin(&services.responses, owner_of(*key), &call.body, kBodyBytesMax);
    if (!begun) co_return error_of(begun);
    turn = std::move(*begun);
    call.request.wants_sealed_thoughts = turn && turn->is_kept();
  }
  net::Response response;
  auto plan = services.shared_chat.plan(call, wishes->share);
  if (!call.request.is_streamed) {
    model::WholeAnswer whole{.body = std::string(), .report = {}};
    if (plan) {
      model::SharedChat::Whole shared = co_await services.shared_chat.answer(std::move(call), std::move(*plan));
      set_share(response.headers, shared.share);
      add_timings(request, shared.share);
      whole = std::move(shared.answer);
    } else {
      whole = co_await services.chat.answer(std::move(call));
    }
    if (!whole.body) co_return error_of(whole.body);
    set_report(response.headers, whole.report);
    add_timings(request, whole.report);
    response.headers.set("content-type", "application/json");
    response.body = turn ? turn->take_whole(std::move(*whole.body), services.clock.wall_ms()) : std::move(*whole.body);
    co_return response;
  }
  std::unique_ptr<model::AnswerStream> stream;
  if (plan) {
    model::SharedChat::Opened opened = co_await services.shared_chat.open(std::move(call), std::move(*plan));
    if (!opened.stream) co_return error_of(opened.stream);
    set_share(response.headers, opened.share);
    add_timings(request, opened.share);
    stream = std::move(*opened.stream);
  } else {
    model::OpenedStream opened = co_await services.chat.open(std::move(call));
    if (!opened.stream) co_return error_of(opened.stream);
    stream = std::move(*opened.stream);
  }
  set_report(response.headers, stream->report());
  add_timings(request, stream->report());
  response.headers.set("content-type", "text/event-stream; charset=utf-8");
  response.headers.set("cache-control", "no-cache, no-transform");
  response.headers.set("x-accel-buffering", "no");
  auto pump = std::make_shared<Pump>(std::move(stream), std::move(turn), services.clock);
  // It has begun, so its first bytes are here: the caller gets them with the head.
  if (auto first = co_await pump->next()) response.first = std::move(*first);
  response.body = net::StreamBody([pump](net::BodyWriter& writer) { return Pump::run(pump, &writer); });
  co_return response;
}

Task<Result<net::Response>> chat_completions(Services services, net::Request request, model::KeyStatePtr key) {
  return serve(services, std::move(request), model::Protocol::openai_chat, std::move(key));
}
Task<Result<net::Response>> responses(Services services, net::Request request, model::KeyStatePtr key) {
  return serve(services, std::move(request), model::Protocol::openai_responses, std::move(key));
}
Task<Result<net::Response>> messages(Services services, net::Request request, model::KeyStatePtr key) {
  return serve(services, std::move(request), model::Protocol::anthropic, std::move(key));
}

constexpr Route kRoutes[] = {
    {.method = net::Method::post,
     .path = "/v1/chat/completions",
     .summary = "A conversation, as OpenAI's chat completions",
     .request = "OpenAiChatRequest",
     .answer = "OpenAiChatAnswer",
     .face = Face::openai,
     .serve = chat_completions},
    {.method = net::Method::post,
     .path = "/v1/responses",
     .summary = "A conversation, as OpenAI's responses",
     .request = "OpenAiResponsesRequest",
     .answer = "OpenAiResponse",
     .face = Face::openai,
     .serve = responses},
    {.method = net::Method::post,
     .path = "/v1/messages",
     .summary = "A conversation, as Anthropic's messages",
     .request = "AnthropicMessagesRequest",
     .answer = "AnthropicMessage",
     .face = Face::anthropic,
     .serve = messages},
};

}  // namespace

std::span<const Route> v1_chat_routes() { return kRoutes; }

}  // namespace atelier::api

// What programs ask beside conversations: embeddings, moderations, how long a request is.
#include "api/tables.hpp"
#include "api/v1/v1.hpp"
#include "base/async.hpp"
#include "model/call/attempt.hpp"
#include "model/face/anthropic_count.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 32 << 20;
constexpr std::chrono::seconds kDeadline{300};

Task<Result<net::Response>> relay(Services services, net::Request request, model::Endpoint endpoint,
                                  model::Protocol face, model::KeyStatePtr key) {
  auto body = co_await request.read_body(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto model = model::asked_model(endpoint, {.bytes = *body});
  if (!model) co_return error_of(model);
  auto wishes = read_wishes(request);
  if (!wishes) co_return error_of(wishes);
  model::EndpointCall call{.endpoint = endpoint,
                           .face = face,
                           .body = std::move(*body),
                           .model = std::move(*model),
                           .request_id = request.request_id,
                           .deadline = services.clock.now() + kDeadline,
                           .may_fall_back = wishes->may_fall_back,
                           .strategy = wishes->strategy,
                           .key = key};
  call.trace = request.principal().trace;
  model::WholeAnswer whole = co_await services.chat.relay(std::move(call));
  if (!whole.body) co_return error_of(whole.body);
  net::Response response;
  set_report(response.headers, whole.report);
  add_timings(request, whole.report);
  response.headers.set("content-type", "application/json");
  response.body = std::move(*whole.body);
  co_return response;
}

Task<Result<net::Response>> embeddings(Services services, net::Request request, model::KeyStatePtr key) {
  return relay(services, std::move(request), model::Endpoint::embeddings, model::Protocol::openai_chat, std::move(key));
}

Task<Result<net::Response>> moderations(Services services, net::Request request, model::KeyStatePtr key) {
  return relay(services, std::move(request), model::Endpoint::moderations, model::Protocol::openai_chat,
               std::move(key));
}

// Asked of a provider that counts; for every other model, from the request's length, which the answer says in a header.
Task<Result<net::Response>> count_tokens(Services services, net::Request request, model::KeyStatePtr key) {
  auto body = co_await request.read_body(kBodyBytesMax);
  if (!body) co_return error_of(body);
  auto parsed = json::parse(*body);
  if (!parsed) co_return error_of(parsed);
  auto read = model::read_anthropic_count_request(*parsed);
  if (!read) co_return error_of(read);
  const std::int64_t estimate = model::estimated_tokens(body->size());
  model::EndpointCall call{.endpoint = model::Endpoint::count_tokens,
                           .face = model::Protocol::anthropic,
                           .body = std::move(*body),
                           .model = read->model,
                           .request_id = request.request_id,
                           .deadline = services.clock.now() + kDeadline,
                           .key = key};
  model::WholeAnswer whole = co_await services.chat.relay(std::move(call));
  net::Response response;
  response.headers.set("content-type", "application/json");
  if (whole.body) {
    set_report(response.headers, whole.report);
    response.body = std::move(*whole.body);
  } else if (whole.body.error().reason == "endpoint_not_served") {
    response.headers.set("x-atelier-estimated", "true");
    response.body = model::write_anthropic_count(estimate);
  } else {
    co_return error_of(whole.body);
  }
  co_return response;
}

constexpr Route kRoutes[] = {
    {.method = net::Method::post,
     .path = "/v1/embeddings",
     .summary = "Texts as vectors",
     .request = "OpenAiEmbeddingsRequest",
     .answer = "OpenAiEmbeddings",
     .face = Face::openai,
     .serve = embeddings},
    {.method = net::Method::post,
     .path = "/v1/moderations",
     .summary = "Whether a text is harmful",
     .request = "OpenAiModerationRequest",
     .answer = "OpenAiModeration",
     .face = Face::openai,
     .serve = moderations},
    {.method = net::Method::post,
     .path = "/v1/messages/count_tokens",
     .summary = "How many tokens a conversation is",
     .request = "AnthropicCountRequest",
     .answer = "AnthropicCount",
     .face = Face::anthropic,
     .serve = count_tokens},
};

}  // namespace

std::span<const Route> v1_endpoint_routes() { return kRoutes; }

}  // namespace atelier::api

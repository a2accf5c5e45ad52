// Pictures and sound, as programs ask for them with OpenAI's clients: files come in as forms, and go out as they are
// made.
#include "api/tables.hpp"
#include "api/v1/v1.hpp"
#include "base/async.hpp"
#include "base/run_elsewhere.hpp"
#include "model/call/endpoint_stream.hpp"
#include "model/call/openai_media.hpp"
#include "model/provider/form_data.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kJsonBytesMax = 32 << 20;
constexpr std::size_t kFormBytesMax = 64 << 20;  // pictures and sound, held until a provider has them
constexpr std::chrono::minutes kDeadline{30};

// Owns the answer until the server has sent it, or gives up.
struct MediaPump {
  std::unique_ptr<model::EndpointStream> stream;

  static Task<Result<>> run(std::shared_ptr<MediaPump> pump, net::BodyWriter* writer) {
    for (;;) {
      auto bytes = co_await pump->stream->next();
      if (!bytes) co_return error_of(bytes);
      if (!*bytes) co_return Result<>{};
      auto sent = co_await writer->write(std::move(**bytes));
      if (!sent) co_return sent;
    }
  }
};

bool takes_forms(model::Endpoint endpoint) noexcept {
  return endpoint != model::Endpoint::image_generations && endpoint != model::Endpoint::speech;
}
bool takes_json(model::Endpoint endpoint) noexcept {
  return endpoint != model::Endpoint::transcriptions && endpoint != model::Endpoint::translations;
}

// JSON where the caller does not say what it is, as curl users do not.
Result<std::string> content_type_of(const net::Request& request, model::Endpoint endpoint) {
  const std::string type(request.headers.find("content-type").value_or("application/json"));
  const bool is_form = model::is_form(type);
  if (is_form ? takes_forms(endpoint) : takes_json(endpoint)) return is_form ? type : "application/json";
  return fail(ErrorCode::invalid_argument,
              is_form ? "this takes a JSON object" : "this takes a form (multipart/form-data)",
              {.reason = "content_type_not_served", .where = "content-type"});
}

// For providers that speak another form than OpenAI's.
Task<Result<net::Response>> make(Services services, model::Endpoint endpoint, model::AskedMedia asked,
                                 model::MediaCall call) {
  auto told = co_await run_elsewhere(
      services.media.polls().executor(),
      model::answer_openai_media(&services.media, &services.blobs, endpoint, std::move(asked), std::move(call)));
  if (!told) co_return error_of(told);
  net::Response response;
  response.headers.set("content-type", told->content_type);
  response.headers.set("x-atelier-candidate", told->candidate);
  response.body = std::move(told->body);
  co_return response;
}

Task<Result<net::Response>> relay(Services services, net::Request request, model::Endpoint endpoint,
                                  model::KeyStatePtr key) {
  auto type = content_type_of(request, endpoint);
  if (!type) co_return error_of(type);
  const std::size_t bytes_max = model::is_form(*type) ? kFormBytesMax : kJsonBytesMax;
  auto body = co_await request.read_body(bytes_max);
  if (!body) co_return error_of(body);
  auto named = model::asked_model(endpoint, {.bytes = *body, .content_type = *type});
  if (!named) co_return error_of(named);
  if (!services.chat.relays(*named, endpoint)) {
    auto asked = model::read_openai_media(endpoint, {.bytes = *body, .content_type = *type});
    if (!asked) co_return error_of(asked);
    model::MediaCall made;
    made.model = std::move(*named);
    made.request_id = request.request_id;
    made.idempotency_key = request.request_id;
    made.deadline = services.clock.now() + kDeadline;
    made.key = std::move(key);
    made.trace = request.principal().trace;
    co_return co_await make(services, endpoint, std::move(*asked), std::move(made));
  }
  auto wishes = read_wishes(request);
  if (!wishes) co_return error_of(wishes);
  model::EndpointCall call{.endpoint = endpoint,
                           .body = std::move(*body),
                           .content_type = std::move(*type),
                           .model = std::move(*named),
                           .request_id = request.request_id,
                           .deadline = services.clock.now() + kDeadline,
                           .may_fall_back = wishes->may_fall_back,
                           .strategy = wishes->strategy,
                           .key = std::move(key)};
  call.trace = request.principal().trace;
  model::OpenedEndpoint opened = co_await services.chat.open(std::move(call));
  if (!opened.body) co_return error_of(opened.body);
  net::Response response;
  set_report(response.headers, opened.report);
  add_timings(request, opened.report);
  response.headers.set("content-type", opened.content_type);
  if (!opened.stream) {
    response.body = std::move(*opened.body);
    co_return response;
  }
  response.headers.set("cache-control", "no-cache, no-transform");
  response.headers.set("x-accel-buffering", "no");
  auto pump = std::make_shared<MediaPump>(std::move(opened.stream));
  // It has begun, so its first bytes are here: the caller gets them with the head.
  auto first = co_await pump->stream->next();
  if (!first) co_return error_of(first);
  if (*first) response.first = std::move(**first);
  response.body = net::StreamBody([pump](net::BodyWriter& writer) { return MediaPump::run(pump, &writer); });
  co_return response;
}

template <model::Endpoint endpoint>
Task<Result<net::Response>> serve(Services services, net::Request request, model::KeyStatePtr key) {
  return relay(services, std::move(request), endpoint, std::move(key));
}

constexpr Route kRoutes[] = {
    {.method = net::Method::post,
     .path = "/v1/images/generations",
     .summary = "Makes pictures of a text; with \"stream\", shows them on the way",
     .request = "OpenAiImageRequest",
     .answer = "OpenAiImages",
     .face = Face::openai,
     .serve = serve<model::Endpoint::image_generations>},
    {.method = net::Method::post,
     .path = "/v1/images/edits",
     .summary = "Makes pictures of pictures and a text; a form, or JSON",
     .request = "multipart/form-data",
     .answer = "OpenAiImages",
     .face = Face::openai,
     .serve = serve<model::Endpoint::image_edits>},
    {.method = net::Method::post,
     .path = "/v1/audio/speech",
     .summary = "Speaks a text; the sound streams as it is made",
     .request = "OpenAiSpeechRequest",
     .answer = "application/octet-stream",
     .face = Face::openai,
     .serve = serve<model::Endpoint::speech>},
    {.method = net::Method::post,
     .path = "/v1/audio/transcriptions",
     .summary = "Writes down what is said in a file; a form",
     .request = "multipart/form-data",
     .answer = "OpenAiTranscription",
     .face = Face::openai,
     .serve = serve<model::Endpoint::transcriptions>},
    {.method = net::Method::post,
     .path = "/v1/audio/translations",
     .summary = "Writes down in English what is said in a file; a form",
     .request = "multipart/form-data",
     .answer = "OpenAiTranscription",
     .face = Face::openai,
     .serve = serve<model::Endpoint::translations>},
};

}  // namespace

std::span<const Route> v1_media_routes() { return kRoutes; }

}  // namespace atelier::api

// Pictures, sound and clips: what can be asked for, what it may cost, and what became of it.
#include "api/file_response.hpp"
#include "api/model_facts.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

net::Response generation_response(const studio::GenerationView& view, int status = 200) {
  net::Response response = net::json_response(studio::to_json(view), status);
  response.headers.set("cache-control", "private, no-cache");
  return response;
}

net::Response accepted(const studio::GenerationView& view) {
  net::Response response = generation_response(view, 202);
  response.headers.set("location", "/api/generations/" + view.run.id.to_string());
  return response;
}

Task<Result<net::Response>> create(Services services, net::Request request) {
  auto key = idempotency_key_of(request);
  if (!key) co_return error_of(key);
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  auto wanted = co_await services.generations.read(request.principal(), std::move(*body));
  if (!wanted) co_return error_of(wanted);
  wanted->idempotency_key = std::move(*key);
  auto view = co_await services.generations.create(request.principal(), std::move(*wanted));
  if (!view) co_return error_of(view);
  co_return accepted(*view);
}

Task<Result<net::Response>> estimate(Services services, net::Request request) {
  auto body = co_await request.read_json();
  if (!body) co_return error_of(body);
  auto wanted = co_await services.generations.read(request.principal(), std::move(*body));
  if (!wanted) co_return error_of(wanted);
  auto able = co_await services.generations.estimate(request.principal(), std::move(*wanted));
  if (!able) co_return error_of(able);
  json::Array candidates;
  for (const auto& one : *able)
    candidates.push_back(json::Object{{"candidate", one.candidate->name},
                                      {"cost_picodollars", one.cost ? json::Value(*one.cost) : json::Value()}});
  co_return net::json_response(json::Object{{"candidates", std::move(candidates)}});
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto page = page_of(request);
  if (!page) co_return error_of(page);
  std::string kind = request.query_parameter("kind").value_or("");
  if (!kind.empty() && !model::parse_media_kind(kind))
    co_return fail(ErrorCode::invalid_argument, "must be image, upscale, speech, sound, music, transcription or video",
                   {.reason = {}, .where = "kind"});
  auto found = co_await services.generations.list(request.principal(), std::move(kind), page->after, page->count_max);
  if (!found) co_return error_of(found);
  json::Array items;
  for (const studio::GenerationView& view : found->items) items.push_back(studio::to_row_json(view));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", found->next}});
}

Task<Result<net::Response>> models(Services services, net::Request request) {
  const auto kind = model::parse_media_kind(request.query_parameter("kind").value_or(""));
  if (!kind)
    co_return fail(ErrorCode::invalid_argument, "must be image, upscale, speech, sound, music, transcription or video",
                   {.reason = {}, .where = "kind"});
  json::Array items;
  for (const model::MediaOffer& offer : services.media.offers(*kind)) {
    const auto breaker = offer.candidate->breaker.snapshot(services.clock.now());
    const bool is_route = !offer.route.empty();
    items.push_back(
        json::Object{{"id", is_route ? offer.route : offer.candidate->name},
                     {"kind", is_route ? "route" : "model"},
                     {"provider", offer.candidate->provider->name},
                     {"title", offer.title},
                     {"is_local", offer.candidate->provider->is_local},
                     {"is_here", offer.candidate->provider->is_found || offer.candidate->provider->is_built_in},
                     {"ability", model::to_json(offer.ability)},
                     {"health", to_string(breaker.state)},
                     {"rates", rates_of(*offer.candidate, services.prices)},
                     {"seconds", offer.candidate->record.first_token_ms() / 1000}});
  }
  co_return net::json_response(json::Object{{"items", std::move(items)}});
}

Task<Result<net::Response>> status(Services services, net::Request request) {
  std::string provider = request.query_parameter("provider").value_or("");
  std::string job = request.query_parameter("job").value_or("");
  for (const auto& [name, value] : {std::pair{"provider", &provider}, std::pair{"job", &job}})
    if (value->empty() || value->size() > 4'096)
      co_return fail(ErrorCode::invalid_argument, "must have 1 to 4096 bytes", {.reason = {}, .where = name});
  auto view = co_await services.generations.find_job(request.principal(), std::move(provider), std::move(job));
  if (!view) co_return error_of(view);
  co_return generation_response(*view);
}

Task<Result<net::Response>> get(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  auto view = co_await services.generations.find(request.principal(), *id);
  if (!view) co_return error_of(view);
  co_return generation_response(*view);
}

Task<Result<net::Response>> partial(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  auto picture = co_await services.generations.find_partial(request.principal(), *id);
  if (!picture) co_return error_of(picture);
  net::Response response = net::text_response((*picture)->bytes, std::string((*picture)->media_type));
  // Another one is there in a moment, and none soon.
  response.headers.set("cache-control", "no-store");
  response.headers.set("content-security-policy", std::string(kFileContentPolicy));
  co_return response;
}

Task<Result<net::Response>> events(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  auto view = co_await services.generations.find(request.principal(), *id);
  if (!view) co_return error_of(view);
  co_return event_stream(services, request, "run/" + id->to_string());
}

Task<Result<net::Response>> cancel(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  auto view = co_await services.generations.cancel(request.principal(), *id);
  if (!view) co_return error_of(view);
  co_return generation_response(*view, 202);
}

Task<Result<net::Response>> retry(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  bool may_pay_twice = false;
  if (request.body) {
    auto body = co_await request.read_json(16 << 10);
    if (!body) co_return error_of(body);
    json::ObjectReader reader(*body);
    may_pay_twice = reader.optional_bool("may_pay_twice").value_or(false);
    if (auto done = reader.finish(); !done) co_return error_of(done);
  }
  auto view = co_await services.generations.retry(request.principal(), *id, may_pay_twice);
  if (!view) co_return error_of(view);
  co_return accepted(*view);
}

Task<Result<net::Response>> give_up(Services services, net::Request request) {
  auto id = id_in<RunId>(request, "id");
  if (!id) co_return error_of(id);
  auto view = co_await services.generations.give_up(request.principal(), *id);
  if (!view) co_return error_of(view);
  co_return generation_response(*view);
}

constexpr QueryParameter kList[] = {{"kind", "image, speech and so on; all unless given"},
                                    {"after", "The `next` of the page before"},
                                    {"limit", "1 to 200, 50 unless given"}};
constexpr QueryParameter kModels[] = {{"kind", "image, speech and so on"}};
constexpr QueryParameter kStatus[] = {{"provider", "As it is configured"}, {"job", "The provider's id of the job"}};
constexpr QueryParameter kPartial[] = {
    {"number", "Of the generation: another address for another picture. Not looked at"}};
constexpr QueryParameter kEvents[] = {{"after", "A cursor, where Last-Event-ID cannot be sent"}};

constexpr Route kRoutes[] = {
    {net::Method::post,
     "/api/generations",
     create,
     Access::user,
     "Begins to make a picture, sound, transcription or clip",
     "NewGeneration",
     "Generation",
     202,
     {},
     false,
     true},
    {net::Method::get, "/api/generations", list, Access::user, "Generations, newest first", "", "GenerationPage", 200,
     kList},
    {net::Method::post, "/api/generations/estimate", estimate, Access::user, "Who could make it, and what it may cost",
     "NewGeneration", "GenerationEstimate"},
    {net::Method::get, "/api/generations/models", models, Access::user, "What can be made with, and what each can do",
     "", "MediaModelList", 200, kModels},
    {net::Method::get, "/api/generations/status", status, Access::user, "The generation of a provider's job", "",
     "Generation", 200, kStatus},
    {net::Method::get, "/api/generations/{id}", get, Access::user, "A generation", "", "Generation"},
    {net::Method::get, "/api/generations/{id}/partial", partial, Access::user,
     "The newest picture of one that is being made, as far as it is", "", "image/png", 200, kPartial},
    {net::Method::get, "/api/generations/{id}/events", events, Access::user, "What happens to it, as an event stream",
     "", "text/event-stream", 200, kEvents},
    {net::Method::post, "/api/generations/{id}/cancel", cancel, Access::user,
     "Stops it, at the provider too where that can be told", "", "Generation", 202},
    {net::Method::post, "/api/generations/{id}/retry", retry, Access::user, "The same again", "GenerationRetry",
     "Generation", 202},
    {net::Method::post, "/api/generations/{id}/give_up", give_up, Access::user,
     "Takes one for lost of which nobody knows what became", "", "Generation"},
};

}  // namespace

std::span<const Route> generation_routes() { return kRoutes; }

}  // namespace atelier::api

// Who speaks, and how each sounds.
#include "api/file_response.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kModelBytesMax = 512, kVoiceBytesMax = 512;

Result<std::string> named(const net::Request& request, const char* name, std::size_t bytes_max) {
  std::string value = request.query_parameter(name).value_or("");
  if (value.empty() || value.size() > bytes_max)
    return fail(ErrorCode::invalid_argument, "must have 1 to " + std::to_string(bytes_max) + " bytes",
                {.reason = {}, .where = name});
  return value;
}

Task<Result<net::Response>> list(Services services, net::Request request) {
  auto model = named(request, "model", kModelBytesMax);
  if (!model) co_return error_of(model);
  auto list = co_await services.generations.voices().list(std::move(*model));
  if (!list) co_return error_of(list);
  json::Array items;
  for (const studio::Voices::Voice& voice : list->voices)
    items.push_back(json::Object{{"id", voice.is.id},
                                 {"name", voice.is.name},
                                 {"language", voice.is.language},
                                 {"gender", voice.is.gender},
                                 {"style", voice.is.style},
                                 {"sample", to_string(voice.sample)}});
  json::Object answer{
      {"items", std::move(items)}, {"next", ""}, {"model", list->candidate}, {"problem", list->problem}};
  answer["sample_cost_picodollars"] = list->cost ? json::Value(*list->cost) : json::Value();
  co_return net::json_response(std::move(answer));
}

Task<Result<net::Response>> sample(Services services, net::Request request) {
  auto model = named(request, "model", kModelBytesMax);
  if (!model) co_return error_of(model);
  auto voice = named(request, "voice", kVoiceBytesMax);
  if (!voice) co_return error_of(voice);
  auto opened = co_await services.generations.voices().open(std::move(*model), std::move(*voice));
  if (!opened) co_return error_of(opened);
  net::Response response = file_response(std::move(opened->blob), std::move(opened->media_type), "");
  // Another may stand under this address once this one was evicted.
  response.headers.set("cache-control", "private, no-cache");
  co_return response;
}

Task<Result<net::Response>> make_sample(Services services, net::Request request) {
  auto body = co_await request.read_json(16 << 10);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string model = reader.required_string("model", {.bytes_min = 1, .bytes_max = kModelBytesMax});
  std::string voice = reader.required_string("voice", {.bytes_min = 1, .bytes_max = kVoiceBytesMax});
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto made = co_await services.generations.voices().make(request.principal(), std::move(model), std::move(voice));
  if (!made) co_return error_of(made);
  co_return net::empty_response();
}

constexpr QueryParameter kList[] = {{"model", "That speaks, or a route"}};
constexpr QueryParameter kSample[] = {{"model", "As it was listed for"}, {"voice", "Its id"}};

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/voices", list, Access::user, "Who speaks for a model, and how each can be heard", "",
     "VoiceList", 200, kList},
    {net::Method::get, "/api/voices/sample", sample, Access::user,
     "How a voice sounds, where that is known here or to its provider", "", "audio/*", 200, kSample},
    {net::Method::post, "/api/voices/sample", make_sample, Access::user,
     "Has the model speak a sentence in that voice, once, to be heard from then on", "NewVoiceSample", "", 204},
};

}  // namespace

std::span<const Route> voice_routes() { return kRoutes; }

}  // namespace atelier::api

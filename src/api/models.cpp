// What can be called, and how it has been doing.
#include "api/model_facts.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "model/price/money.hpp"

namespace atelier::api {
namespace {

// Of a million tokens; null where nobody knows.
json::Value price_of(const model::ModelPrice* price, model::Rate rate) {
  const auto one = price != nullptr ? price->at(rate, model::ServiceTier::standard, 0) : std::nullopt;
  return one ? json::Value(model::format_dollars(model::times(1'000'000, *one))) : json::Value();
}

json::Object to_json(const model::Directory::Entry& entry, const Services& services) {
  json::Object object{{"id", entry.id}};
  if (entry.listed != nullptr) {
    object["title"] = entry.listed->title;
    object["context_tokens"] = entry.listed->context_tokens;
    object["output_tokens_max"] = entry.listed->output_tokens_max;
  }
  if (!entry.candidate) {
    object["kind"] = "route";
    return object;
  }
  const auto price = entry.candidate->price(services.prices);
  object["kind"] = "model";
  object["provider"] = entry.candidate->provider->name;
  object["name"] = entry.candidate->name;
  object["is_local"] = entry.candidate->provider->is_local;
  object["is_built_in"] = entry.candidate->provider->is_built_in;
  object["input_price"] = price_of(price.get(), model::Rate::input);
  object["output_price"] = price_of(price.get(), model::Rate::output);
  object["health"] = health_of(*entry.candidate, services.clock);
  return object;
}

Task<Result<net::Response>> list_models(Services services, net::Request) {
  const model::DirectoryPtr directory = services.chat.models().directory();
  json::Array items;
  // What makes nothing but media is offered where that is asked for.
  for (const model::Directory::Entry& entry : directory->entries())
    if (!entry.candidate || entry.candidate->provider->quirks.has_chat) items.push_back(to_json(entry, services));
  json::Array providers;
  for (const auto& [name, provider] : directory->providers()) {
    const model::ModelList* list = directory->list_of(name);
    json::Object one{{"name", name},
                     {"protocol", model::to_string(provider->protocol)},
                     {"is_local", provider->is_local},
                     {"is_found", provider->is_found},
                     {"is_built_in", provider->is_built_in},
                     {"last_error", list != nullptr ? list->last_error : ""}};
    one["listed_at"] =
        list != nullptr && list->read_ms > 0 ? json::Value(format_rfc3339(list->read_ms)) : json::Value();
    providers.push_back(std::move(one));
  }
  co_return net::json_response(
      json::Object{{"items", std::move(items)}, {"next", ""}, {"providers", std::move(providers)}});
}

// Lets a candidate be tried again at once, whatever its breaker thinks.
Task<Result<net::Response>> reset_breaker(Services services, net::Request request) {
  const std::string name(request.path_parameter("name"));
  const model::CandidatePtr candidate = services.chat.models().find_candidate(name);
  if (!candidate)
    co_return fail(ErrorCode::not_found, "there is no model \"" + name + "\"",
                   {.reason = "model_not_found", .where = {}});
  candidate->breaker.reset();
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/models", list_models, Access::user, "Models and routes, with how they have been doing", "",
     "ModelPage"},
    {net::Method::del, "/api/breakers/{name...}", reset_breaker, Access::admin,
     "Closes the breaker of a model (provider/model)", "", "", 204},
};

}  // namespace

std::span<const Route> model_routes() { return kRoutes; }

}  // namespace atelier::api

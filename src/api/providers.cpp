// Whom the gateway calls: providers, with keys that go in and never come out.
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "model/provider/presets.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kBodyBytesMax = 256 << 10;
constexpr std::int64_t kTimeoutMsMax = 3'600'000;
constexpr std::size_t kPrefixesMax = 64, kHeadersMax = 32, kWebhookSecretsMax = 4;

json::Object to_json(const studio::StoredProvider& provider) {
  const studio::ProviderSettings& settings = provider.settings;
  json::Object object{{"name", provider.name},
                      {"preset", settings.preset},
                      {"base_url", settings.base_url},
                      {"key_variable", settings.key_variable},
                      {"model_prefixes", json::Array(settings.model_prefixes.begin(), settings.model_prefixes.end())},
                      {"is_enabled", settings.is_enabled},
                      {"is_free", settings.is_free},
                      {"skips_tls_checks", settings.skips_tls_checks},
                      {"first_byte_timeout_ms", settings.first_byte_timeout.count()},
                      {"stall_timeout_ms", settings.stall_timeout.count()},
                      {"has_key", provider.has_key},
                      {"key_end", provider.key_end},
                      {"header_names", json::Array(provider.header_names.begin(), provider.header_names.end())},
                      {"webhook_secret_count", provider.webhook_secret_count},
                      {"trouble", provider.trouble},
                      {"is_from_environment", provider.is_from_environment},
                      {"revision", provider.revision}};
  return object;
}

std::vector<std::string> read_prefixes(json::ObjectReader& reader) {
  std::vector<std::string> prefixes;
  const json::Array* list = reader.optional_array("model_prefixes", kPrefixesMax);
  if (!list) return prefixes;
  for (const json::Value& one : *list) {
    if (one.is_string())
      prefixes.emplace_back(one.get_string());
    else
      reader.complain("model_prefixes", "must be a list of texts");
  }
  return prefixes;
}

std::optional<studio::HeaderList> read_headers(json::ObjectReader& reader) {
  const json::Value* value = reader.optional_value("headers");
  if (!value || value->is_null()) return std::nullopt;
  studio::HeaderList headers;
  if (!value->is_object() || value->get_object().size() > kHeadersMax) {
    reader.complain("headers", "must be an object of at most 32 names and texts");
    return std::nullopt;
  }
  for (const auto& [name, text] : value->get_object()) {
    if (text.is_string())
      headers.emplace_back(std::string(name), std::string(text.get_string()));
    else
      reader.complain("headers", "must hold texts");
  }
  return headers;
}

std::optional<std::vector<std::string>> read_webhook_secrets(json::ObjectReader& reader) {
  const json::Array* list = reader.optional_array("webhook_secrets", kWebhookSecretsMax);
  if (!list) return std::nullopt;
  std::vector<std::string> secrets;
  for (const json::Value& one : *list) {
    if (one.is_string())
      secrets.emplace_back(one.get_string());
    else
      reader.complain("webhook_secrets", "must be a list of texts");
  }
  return secrets;
}

studio::ProviderChange read_change(json::ObjectReader& reader) {
  studio::ProviderChange change;
  studio::ProviderSettings& settings = change.settings;
  settings.preset = reader.required_string("preset", {.bytes_min = 1, .bytes_max = 64});
  settings.base_url = reader.optional_string("base_url", {.bytes_max = 2048}).value_or("");
  settings.key_variable = reader.optional_string("key_variable", {.bytes_max = 128}).value_or("");
  settings.model_prefixes = read_prefixes(reader);
  settings.is_enabled = reader.optional_bool("is_enabled").value_or(true);
  settings.is_free = reader.optional_bool("is_free").value_or(false);
  settings.skips_tls_checks = reader.optional_bool("skips_tls_checks").value_or(false);
  const auto first_byte = reader.optional_integer("first_byte_timeout_ms", 1, kTimeoutMsMax);
  if (first_byte) settings.first_byte_timeout = std::chrono::milliseconds(*first_byte);
  const auto stall = reader.optional_integer("stall_timeout_ms", 1, kTimeoutMsMax);
  if (stall) settings.stall_timeout = std::chrono::milliseconds(*stall);
  if (reader.has("key")) change.key = reader.optional_string("key", {.bytes_max = 8192});
  change.headers = read_headers(reader);
  change.webhook_secrets = read_webhook_secrets(reader);
  return change;
}

Task<Result<net::Response>> list_providers(Services services, net::Request) {
  auto providers = co_await services.gateway_setup.list_providers();
  if (!providers) co_return error_of(providers);
  json::Array items;
  for (const studio::StoredProvider& provider : *providers) items.push_back(to_json(provider));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

// The kinds of providers that need nothing but a key.
Task<Result<net::Response>> list_presets(Services, net::Request) {
  json::Array items;
  for (const model::Preset& preset : model::presets())
    items.push_back(json::Object{{"name", preset.name},
                                 {"title", preset.title},
                                 {"protocol", model::to_string(preset.protocol)},
                                 {"base_url", preset.base_url},
                                 {"key_variable", preset.key_variable}});
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> get_provider(Services services, net::Request request) {
  auto provider = co_await services.gateway_setup.get_provider(std::string(request.path_parameter("name")));
  if (!provider) co_return error_of(provider);
  co_return net::json_response(to_json(*provider));
}

Task<Result<net::Response>> create_provider(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  std::string name = reader.required_string("name", {.bytes_min = 1, .bytes_max = 64});
  studio::ProviderChange change = read_change(reader);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto provider = co_await services.gateway_setup.create_provider(std::move(name), std::move(change));
  if (!provider) co_return error_of(provider);
  co_return net::json_response(to_json(*provider), 201);
}

Task<Result<net::Response>> update_provider(Services services, net::Request request) {
  auto revision = revision_of(request);
  if (!revision) co_return error_of(revision);
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::ProviderChange change = read_change(reader);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto provider = co_await services.gateway_setup.update_provider(std::string(request.path_parameter("name")),
                                                                  std::move(change), *revision);
  if (!provider) co_return error_of(provider);
  co_return net::json_response(to_json(*provider));
}

Task<Result<net::Response>> remove_provider(Services services, net::Request request) {
  auto removed = co_await services.gateway_setup.remove_provider(std::string(request.path_parameter("name")));
  if (!removed) co_return error_of(removed);
  co_return net::empty_response();
}

// Asks the provider for its models: whether address and key are right is known at once.
Task<Result<net::Response>> check_provider(Services services, net::Request request) {
  const std::string name(request.path_parameter("name"));
  const model::DirectoryPtr directory = services.chat.models().directory();
  const auto found = directory->providers().find(name);
  if (found == directory->providers().end())
    co_return fail(ErrorCode::not_found, "there is no provider \"" + name + "\" in use",
                   {.reason = "provider_not_found", .where = {}});
  auto read = co_await services.catalog.refresh(found->second);
  json::Object answer{{"is_ok", read.has_value()}, {"error", read ? "" : read.error().message}};
  const model::DirectoryPtr now = services.chat.models().directory();
  const model::ModelList* list = now->list_of(name);
  answer["model_count"] = list != nullptr ? list->models.size() : 0;
  co_return net::json_response(answer);
}

Task<Result<net::Response>> rotate_sealing_key(Services services, net::Request request) {
  auto body = co_await request.read_json(kBodyBytesMax);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  const bool keeps_old = reader.optional_bool("keeps_old").value_or(false);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  using OldKeys = studio::GatewaySetup::OldKeys;
  const OldKeys old = keeps_old ? OldKeys::keep : OldKeys::drop;
  auto rotated = co_await services.gateway_setup.rotate_sealing_key(old);
  if (!rotated) co_return error_of(rotated);
  json::Object told{{"key", rotated->key_id}, {"sealed", rotated->sealed_count}, {"old_keys", rotated->old_key_count}};
  co_return net::json_response(told);
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/providers", list_providers, Access::admin, "Providers, stored and of the environment", "",
     "ProviderPage"},
    {net::Method::post, "/api/providers", create_provider, Access::admin,
     "Adds a provider; its key is sealed and never told again", "NewProvider", "Provider", 201},
    {net::Method::get, "/api/provider-presets", list_presets, Access::user,
     "Kinds of providers that need nothing but a key", "", "ProviderPresetPage"},
    {net::Method::get, "/api/providers/{name}", get_provider, Access::admin, "One of them", "", "Provider"},
    {.method = net::Method::put,
     .path = "/api/providers/{name}",
     .run = update_provider,
     .access = Access::admin,
     .summary = "Sets a provider anew; key and headers stay as they were where they are left out",
     .request = "ProviderChange",
     .answer = "Provider",
     .needs_revision = true},
    {net::Method::del, "/api/providers/{name}", remove_provider, Access::admin, "Removes a provider", "", "", 204},
    {net::Method::post, "/api/providers/{name}/check", check_provider, Access::admin,
     "Reads the provider's list of models now", "", "ProviderCheck"},
    {net::Method::post, "/api/sealing-key/rotate", rotate_sealing_key, Access::admin,
     "Seals providers' keys with a new key", "SealingKeyRotation", "RotatedSealingKey"},
};

}  // namespace

std::span<const Route> provider_routes() { return kRoutes; }

}  // namespace atelier::api

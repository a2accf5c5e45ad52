// Access keys: who may call what, how often, and for how much.
#include "api/keys.hpp"
#include "api/request.hpp"
#include "api/tables.hpp"
#include "base/async.hpp"
#include "base/time_text.hpp"
#include "model/price/money.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kPatternsMax = 100, kPatternBytesMax = 200;
constexpr std::int64_t kLimitMax = 1'000'000'000'000;

json::Array to_json(const std::vector<std::string>& patterns) { return json::Array(patterns.begin(), patterns.end()); }

// Money is told as decimal text, since JSON's numbers are read as doubles.
json::Value dollars(const std::optional<model::Picodollars>& amount) {
  return amount ? json::Value(model::format_dollars(*amount)) : json::Value();
}

std::vector<std::string> read_patterns(json::ObjectReader& reader, std::string_view name) {
  std::vector<std::string> patterns;
  const json::Array* list = reader.optional_array(name, kPatternsMax);
  if (!list) return patterns;
  for (const json::Value& one : *list) {
    if (one.is_string() && one.get_string().size() <= kPatternBytesMax)
      patterns.emplace_back(one.get_string());
    else
      reader.complain(name, "must be a list of names or patterns of at most 200 bytes");
  }
  return patterns;
}

std::optional<model::Picodollars> read_dollars(json::ObjectReader& reader, std::string_view name) {
  const json::Value* value = reader.optional_value(name);
  if (!value || value->is_null()) return std::nullopt;
  auto amount =
      value->is_string() ? model::parse_dollars(value->get_string()) : model::parse_dollars(json::write(*value));
  if (!amount || *amount < 0) {
    reader.complain(name, "must be an amount of dollars, such as \"12.50\"");
    return std::nullopt;
  }
  return *amount;
}

Task<Result<net::Response>> list_keys(Services services, net::Request) {
  auto keys = co_await services.accounts.list_keys();
  if (!keys) co_return error_of(keys);
  json::Array items;
  for (const studio::AccessKey& key : *keys) items.push_back(key_json(key));
  co_return net::json_response(json::Object{{"items", std::move(items)}, {"next", ""}});
}

Task<Result<net::Response>> get_key(Services services, net::Request request) {
  auto id = id_in<KeyId>(request, "id");
  if (!id) co_return error_of(id);
  auto key = co_await services.accounts.get_key(*id);
  if (!key) co_return error_of(key);
  co_return net::json_response(key_json(*key));
}

Task<Result<net::Response>> create_key(Services services, net::Request request) {
  auto body = co_await request.read_json(65'536);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::KeySettings settings = read_key_settings(reader);
  const std::string role = reader.optional_choice("role", {"admin", "member"}).value_or("member");
  if (auto done = reader.finish(); !done) co_return error_of(done);
  const Role wanted = role == "admin" ? Role::admin : Role::member;
  auto created = co_await services.accounts.create_key(std::move(settings), wanted);
  if (!created) co_return error_of(created);
  co_return created_key_response(*created);
}

Task<Result<net::Response>> update_key(Services services, net::Request request) {
  auto id = id_in<KeyId>(request, "id");
  if (!id) co_return error_of(id);
  auto revision = revision_of(request);
  if (!revision) co_return error_of(revision);
  auto body = co_await request.read_json(65'536);
  if (!body) co_return error_of(body);
  json::ObjectReader reader(*body);
  studio::KeySettings settings = read_key_settings(reader);
  if (auto done = reader.finish(); !done) co_return error_of(done);
  auto key = co_await services.accounts.update_key(*id, std::move(settings), *revision);
  if (!key) co_return error_of(key);
  co_return net::json_response(key_json(*key));
}

Task<Result<net::Response>> revoke_key(Services services, net::Request request) {
  auto id = id_in<KeyId>(request, "id");
  if (!id) co_return error_of(id);
  if (auto done = co_await services.accounts.revoke_key(*id); !done) co_return error_of(done);
  co_return net::empty_response();
}

constexpr Route kRoutes[] = {
    {net::Method::get, "/api/keys", list_keys, Access::admin, "Access keys", "", "KeyPage"},
    {net::Method::post, "/api/keys", create_key, Access::admin, "Makes an access key; its secret is shown once",
     "NewKey", "CreatedKey", 201},
    {net::Method::get, "/api/keys/{id}", get_key, Access::admin, "One of them", "", "Key"},
    {.method = net::Method::put,
     .path = "/api/keys/{id}",
     .run = update_key,
     .access = Access::admin,
     .summary = "Sets what a key may do anew; what is left out has no limit",
     .request = "KeySettings",
     .answer = "Key",
     .needs_revision = true},
    {net::Method::del, "/api/keys/{id}", revoke_key, Access::admin, "Revokes a key", "", "", 204},
};

}  // namespace

json::Object key_json(const studio::AccessKey& key) {
  const studio::KeySettings& settings = key.settings;
  json::Object object{{"id", key.id.to_string()},
                      {"name", key.name},
                      {"role", studio::to_string(key.role)},
                      {"created_at", format_rfc3339(key.created_ms)},
                      {"is_revoked", key.is_revoked},
                      {"revision", key.revision},
                      {"models", to_json(settings.models)},
                      {"routes", to_json(settings.routes)},
                      {"requests_per_minute", settings.limits.requests_per_minute},
                      {"tokens_per_minute", settings.limits.tokens_per_minute},
                      {"concurrent_max", settings.limits.concurrent_max},
                      {"day_allowance", dollars(settings.allowances.day)},
                      {"month_allowance", dollars(settings.allowances.month)}};
  object["last_used_at"] = key.last_used_ms > 0 ? json::Value(format_rfc3339(key.last_used_ms)) : json::Value();
  object["expires_at"] = settings.expires_ms > 0 ? json::Value(format_rfc3339(settings.expires_ms)) : json::Value();
  return object;
}

net::Response created_key_response(const studio::CreatedKey& created) {
  json::Object answer = key_json(created.key);
  answer["secret"] = created.secret;
  net::Response response = net::json_response(answer, 201);
  response.headers.set("cache-control", "no-store");
  return response;
}

studio::KeySettings read_key_settings(json::ObjectReader& reader) {
  studio::KeySettings settings;
  settings.name = reader.required_string("name", {.bytes_min = 1, .bytes_max = 100});
  settings.models = read_patterns(reader, "models");
  settings.routes = read_patterns(reader, "routes");
  if (const json::Value* expires = reader.optional_value("expires_at"); expires && !expires->is_null()) {
    const auto time = expires->is_string() ? parse_rfc3339(expires->get_string()) : std::nullopt;
    if (time)
      settings.expires_ms = *time;
    else
      reader.complain("expires_at", "must be a time such as \"2027-01-31T00:00:00Z\"");
  }
  settings.limits.requests_per_minute = reader.optional_integer("requests_per_minute", 0, kLimitMax).value_or(0);
  settings.limits.tokens_per_minute = reader.optional_integer("tokens_per_minute", 0, kLimitMax).value_or(0);
  settings.limits.concurrent_max = reader.optional_integer("concurrent_max", 0, kLimitMax).value_or(0);
  settings.allowances.day = read_dollars(reader, "day_allowance");
  settings.allowances.month = read_dollars(reader, "month_allowance");
  return settings;
}

std::span<const Route> key_routes() { return kRoutes; }

}  // namespace atelier::api

#include "studio/gateway/provider_rows.hpp"

#define ATELIER_PROVIDER_COLUMNS \
  "name, preset, base_url, sealed_key, key_variable, options, is_enabled, revision, created_ms, updated_ms"

namespace atelier::studio::provider_rows {
namespace {

std::string options_text(const ProviderSettings& settings) {
  json::Array prefixes;
  for (const std::string& prefix : settings.model_prefixes) prefixes.emplace_back(prefix);
  return json::write(json::Object{{"model_prefixes", std::move(prefixes)},
                                  {"is_free", settings.is_free},
                                  {"skips_tls_checks", settings.skips_tls_checks},
                                  {"first_byte_timeout_ms", settings.first_byte_timeout.count()},
                                  {"stall_timeout_ms", settings.stall_timeout.count()}});
}

Result<> read_options(const std::string& text, ProviderSettings& settings) {
  auto value = json::parse(text);
  if (!value) return error_of(std::move(value));
  json::ObjectReader reader(*value);
  if (const json::Array* prefixes = reader.optional_array("model_prefixes", 1'000))
    for (const json::Value& prefix : *prefixes)
      if (const auto* string = prefix.if_string()) settings.model_prefixes.emplace_back(*string);
  settings.is_free = reader.optional_bool("is_free").value_or(false);
  settings.skips_tls_checks = reader.optional_bool("skips_tls_checks").value_or(false);
  const auto length = [&](std::string_view name, std::chrono::milliseconds& timeout) {
    if (const auto told = reader.optional_integer(name, 1, 3'600'000)) timeout = std::chrono::milliseconds(*told);
  };
  length("first_byte_timeout_ms", settings.first_byte_timeout);
  length("stall_timeout_ms", settings.stall_timeout);
  return reader.finish_lenient();
}

store::Value sealed_value(const Bytes& sealed) {
  return sealed.empty() ? store::Value() : store::Value(store::Blob{sealed});
}

}  // namespace

store::Statement insert(const Row& row) {
  const ProviderSettings& settings = row.settings;
  return {"INSERT INTO providers (" ATELIER_PROVIDER_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
          {row.name, settings.preset, settings.base_url, sealed_value(row.sealed), settings.key_variable,
           options_text(settings), std::int64_t{settings.is_enabled}, row.revision, row.created_ms, row.updated_ms}};
}

store::Statement update(const Row& row) {
  const ProviderSettings& settings = row.settings;
  return {
      "UPDATE providers SET preset = $3, base_url = $4, sealed_key = $5, key_variable = $6, options = $7, is_enabled = "
      "$8, updated_ms = $9, revision = revision + 1 WHERE name = $1 AND revision = $2",
      {row.name, row.revision, settings.preset, settings.base_url, sealed_value(row.sealed), settings.key_variable,
       options_text(settings), std::int64_t{settings.is_enabled}, row.updated_ms},
      store::Expect::exactly_one};
}

store::Statement set_sealed(const Row& row) {
  return {"UPDATE providers SET sealed_key = $3 WHERE name = $1 AND revision = $2",
          {row.name, row.revision, sealed_value(row.sealed)},
          store::Expect::exactly_one};
}

store::Statement remove(const std::string& name) {
  return {"DELETE FROM providers WHERE name = $1", {name}, store::Expect::exactly_one};
}

store::Statement find(const std::string& name) {
  return {"SELECT " ATELIER_PROVIDER_COLUMNS " FROM providers WHERE name = $1", {name}};
}

store::Statement all(std::int64_t count_max) {
  return {"SELECT " ATELIER_PROVIDER_COLUMNS " FROM providers ORDER BY name LIMIT $1", {count_max}};
}

Result<Row> read(const store::Rows& rows, std::size_t row) {
  Row out{.name = rows.text(row, 0)};
  ProviderSettings& settings = out.settings;
  settings.preset = rows.text(row, 1);
  settings.base_url = rows.text(row, 2);
  out.sealed = rows.bytes(row, 3);
  settings.key_variable = rows.text(row, 4);
  if (auto options = read_options(rows.text(row, 5), settings); !options) return error_of(std::move(options));
  settings.is_enabled = rows.integer(row, 6) != 0;
  out.revision = rows.integer(row, 7);
  out.created_ms = rows.integer(row, 8);
  out.updated_ms = rows.integer(row, 9);
  return out;
}

std::string secrets_text(const ProviderSecrets& secrets) {
  json::Array headers;
  for (const auto& [name, value] : secrets.headers) headers.push_back(json::Array{name, value});
  json::Array webhooks(secrets.webhook_secrets.begin(), secrets.webhook_secrets.end());
  return json::write(
      json::Object{{"key", secrets.key}, {"headers", std::move(headers)}, {"webhook_secrets", std::move(webhooks)}});
}

Result<ProviderSecrets> read_secrets(const std::string& text) {
  // The parser's own words might quote what it read.
  const auto broken = [] { return fail(ErrorCode::storage_failed, "a provider's secrets are not in their form"); };
  const auto value = json::parse(text);
  if (!value || !value->is_object()) return broken();
  const json::Object& object = value->as_object();
  const json::Value* key = object.if_contains("key");
  const json::Value* headers = object.if_contains("headers");
  if (key == nullptr || !key->is_string() || headers == nullptr || !headers->is_array()) return broken();
  ProviderSecrets secrets{.key = std::string(key->as_string())};
  for (const json::Value& header : headers->as_array()) {
    const json::Array* pair = header.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) return broken();
    secrets.headers.emplace_back((*pair)[0].as_string(), (*pair)[1].as_string());
  }
  // What was sealed before there were any has none.
  if (const json::Value* webhooks = object.if_contains("webhook_secrets")) {
    if (!webhooks->is_array()) return broken();
    for (const json::Value& secret : webhooks->as_array()) {
      if (!secret.is_string()) return broken();
      secrets.webhook_secrets.emplace_back(secret.as_string());
    }
  }
  return secrets;
}

std::string seal_context(const std::string& name) { return "provider/" + name; }

}  // namespace atelier::studio::provider_rows

#include "studio/webhook/vault.hpp"

#include "base/async.hpp"
#include "base/hash.hpp"
#include "studio/gateway/gateway_setup_parts.hpp"
#include "studio/webhook/rows.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kPageMax = 500;
const std::string kHouseKeyName = "addresses";
const std::string kHouseKeyContext = "webhook-addresses";

std::string seal_context(WebhookEndpointId endpoint) { return "webhook/" + endpoint.to_string(); }

// As few things as there are of it; the parser's own words might quote what it read.
Result<WebhookSecrets> read_secrets(const std::string& text) {
  const auto value = json::parse(text);
  const json::Object* object = value ? value->if_object() : nullptr;
  const json::Value* secret = object != nullptr ? object->if_contains("secret") : nullptr;
  const json::Value* old = object != nullptr ? object->if_contains("old") : nullptr;
  const json::Value* until = object != nullptr ? object->if_contains("old_until_ms") : nullptr;
  if (secret == nullptr || !secret->is_string() || old == nullptr || !old->is_string() || until == nullptr ||
      !until->is_int64())
    return fail(ErrorCode::storage_failed, "a webhook's secrets are not in their form");
  return WebhookSecrets{.secret = std::string(secret->get_string()),
                        .old = std::string(old->get_string()),
                        .old_until_ms = until->get_int64()};
}

}  // namespace

WebhookVault::WebhookVault(Parts parts) : parts_(parts) { parts_.setup.also_seals(*this); }

std::string WebhookVault::make_secret() { return "whsec_" + base64(random_bytes(kSecretBytes)); }

Result<WebhookSecrets> WebhookVault::open(const WebhookEndpoint& endpoint) const {
  auto text = parts_.setup.sealer()->open(endpoint.sealed, seal_context(endpoint.id));
  if (!text) return error_of(std::move(text));
  return read_secrets(*text);
}

Bytes WebhookVault::seal(WebhookEndpointId endpoint, const WebhookSecrets& secrets) const {
  const json::Value value =
      json::Object{{"secret", secrets.secret}, {"old", secrets.old}, {"old_until_ms", secrets.old_until_ms}};
  return parts_.setup.sealer()->seal(json::write(value), seal_context(endpoint));
}

Task<Result<std::string>> WebhookVault::read_house_key() {
  store::Statement query("SELECT sealed FROM webhook_keys WHERE name = $1", {kHouseKeyName});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return std::string();
  co_return parts_.setup.sealer()->open(rows->bytes(0, 0), kHouseKeyContext);
}

Task<Result<std::string>> WebhookVault::house_key() {
  auto key = co_await read_house_key();
  if (!key || !key->empty()) co_return key;
  auto change = parts_.setup.begin_change();
  if (!change) co_return error_of(std::move(change));
  std::vector<store::Statement> batch;
  batch.push_back(
      {"INSERT INTO webhook_keys (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
       {kHouseKeyName, store::Blob{parts_.setup.sealer()->seal(random_bytes(kSecretBytes), kHouseKeyContext)}}});
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(std::move(written));
  // Of two that make it at once, the first has made it.
  co_return co_await read_house_key();
}

Task<Result<std::vector<store::Statement>>> WebhookVault::seal_anew(std::shared_ptr<const model::Sealer> sealer) {
  std::vector<store::Statement> batch;
  std::string after;
  for (;;) {
    auto rows = co_await parts_.database.read(webhook_rows::all(after, kPageMax));
    if (!rows) co_return error_of(std::move(rows));
    auto page = webhook_rows::read_endpoints(*rows);
    if (!page) co_return error_of(std::move(page));
    for (WebhookEndpoint& endpoint : *page) {
      after = endpoint.id.to_string();
      if (sealer->is_current(endpoint.sealed)) continue;
      auto text = sealer->open(endpoint.sealed, seal_context(endpoint.id));
      if (!text) co_return error_of(std::move(text));
      const Bytes was = endpoint.sealed;
      endpoint.sealed = sealer->seal(*text, seal_context(endpoint.id));
      batch.push_back(webhook_rows::set_sealed(endpoint, was));
    }
    if (page->size() < static_cast<std::size_t>(kPageMax)) break;
  }
  store::Statement query("SELECT sealed FROM webhook_keys WHERE name = $1", {kHouseKeyName});
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (!rows->empty() && !sealer->is_current(rows->bytes(0, 0))) {
    auto key = sealer->open(rows->bytes(0, 0), kHouseKeyContext);
    if (!key) co_return error_of(std::move(key));
    batch.push_back({"UPDATE webhook_keys SET sealed = $2 WHERE name = $1",
                     {kHouseKeyName, store::Blob{sealer->seal(*key, kHouseKeyContext)}},
                     store::Expect::exactly_one});
  }
  co_return batch;
}

}  // namespace atelier::studio

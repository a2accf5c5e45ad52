#include "studio/gateway/gateway_setup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "model/provider/presets.hpp"
#include "studio/gateway/gateway_setup_parts.hpp"

namespace atelier::studio {
namespace {

constexpr std::int64_t kProvidersMax = 1'000, kRoutesMax = 10'000;

std::unexpected<Error> no_such(std::string_view what, std::string_view name) {
  return fail(ErrorCode::not_found, fmt::format("there is no {} \"{}\"", what, printable(name, 128)));
}

Result<> check_all(const std::string& name, const ProviderSettings& settings, const ProviderSecrets& secrets) {
  if (auto good = check_provider_name(name); !good) return good;
  if (auto good = check(settings); !good) return good;
  return check(secrets);
}

}  // namespace

std::shared_ptr<const model::Sealer> GatewaySetup::sealer() const {
  const std::lock_guard lock(mutex_);
  return parts_.sealer;
}

Result<ProviderSecrets> GatewaySetup::open(const Row& row) const {
  ProviderSecrets secrets;
  if (!row.sealed.empty()) {
    auto text = sealer()->open(row.sealed, provider_rows::seal_context(row.name));
    if (!text) return error_of(std::move(text));
    auto read = provider_rows::read_secrets(*text);
    if (!read) return error_of(std::move(read));
    secrets = std::move(*read);
  }
  if (!secrets.key.empty() || row.settings.key_variable.empty()) return secrets;
  const auto found = parts_.environment.find(row.settings.key_variable);
  if (found == parts_.environment.end() || found->second.empty())
    return fail(ErrorCode::unavailable, fmt::format("the environment has no {}", row.settings.key_variable),
                {.reason = "key_variable_missing", .where = {}});
  secrets.key = found->second;
  return secrets;
}

Result<Bytes> GatewaySetup::seal(const std::string& name, const ProviderSecrets& secrets) const {
  if (secrets.empty()) return Bytes();
  return sealer()->seal(provider_rows::secrets_text(secrets), provider_rows::seal_context(name));
}

StoredProvider GatewaySetup::tell(const Row& row) const {
  StoredProvider told{.name = row.name,
                      .settings = row.settings,
                      .revision = row.revision,
                      .created_ms = row.created_ms,
                      .updated_ms = row.updated_ms};
  auto secrets = open(row);
  if (!secrets) {
    told.trouble = secrets.error().message;
    return told;
  }
  told.has_key = !secrets->key.empty();
  told.key_end = end_of_key(secrets->key);
  for (const auto& [name, value] : secrets->headers) told.header_names.push_back(name);
  told.webhook_secret_count = secrets->webhook_secrets.size();
  return told;
}

Task<Result<GatewaySetup::Read>> GatewaySetup::read_all() {
  std::vector<store::Statement> batch;
  batch.push_back(provider_rows::all(kProvidersMax));
  batch.push_back(route_rows::all(kRoutesMax));
  auto tables = co_await parts_.database.read_all(std::move(batch));
  if (!tables) co_return error_of(std::move(tables));
  Read all;
  for (std::size_t row = 0; row < (*tables)[0].size(); ++row) {
    auto read = provider_rows::read((*tables)[0], row);
    if (!read) co_return error_of(std::move(read));
    all.providers.push_back(std::move(*read));
  }
  for (std::size_t row = 0; row < (*tables)[1].size(); ++row) {
    auto read = route_rows::read((*tables)[1], row);
    if (!read) co_return error_of(std::move(read));
    all.routes.push_back(std::move(*read));
  }
  co_return all;
}

Task<Result<>> GatewaySetup::apply() {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++readings_begun_;
  }
  auto providers = model::providers_of(parts_.environment);
  if (!providers) co_return error_of(std::move(providers));
  auto all = co_await read_all();
  if (!all) co_return error_of(std::move(all));
  for (const Row& row : all->providers) {
    std::erase_if(*providers, [&](const model::Provider& known) { return known.name == row.name; });
    if (!row.settings.is_enabled) continue;
    auto secrets = open(row);
    if (!secrets) {
      log::warn("a provider cannot be called", {{"provider", row.name}, {"why", secrets.error().message}});
      continue;
    }
    providers->push_back(to_provider(row.name, row.settings, std::move(*secrets)));
  }
  std::vector<model::Route> routes;
  for (StoredRoute& stored : all->routes) routes.push_back(std::move(stored.route));
  const std::lock_guard lock(mutex_);
  if (number < reading_in_force_) co_return Result<>{};
  reading_in_force_ = number;
  parts_.models.configure(std::move(*providers), std::move(routes));
  co_return Result<>{};
}

Task<Result<>> GatewaySetup::load() { return apply(); }

Task<Result<>> GatewaySetup::write(store::Statement statement, std::string_view conflict) {
  std::vector<store::Statement> batch;
  batch.push_back(std::move(statement));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::conflict, std::string(conflict));
  if (!written) co_return error_of(std::move(written));
  co_return co_await apply();
}

Task<Result<GatewaySetup::Row>> GatewaySetup::find_row(std::string name) {
  store::Statement query = provider_rows::find(name);
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return no_such("provider", name);
  co_return provider_rows::read(*rows, 0);
}

Task<Result<std::vector<StoredProvider>>> GatewaySetup::list_providers() {
  auto all = co_await read_all();
  if (!all) co_return error_of(std::move(all));
  std::vector<StoredProvider> told;
  for (const Row& row : all->providers) told.push_back(tell(row));
  auto providers = model::providers_of(parts_.environment);
  if (!providers) co_return error_of(std::move(providers));
  for (const model::Provider& provider : *providers) {
    if (std::ranges::find(told, provider.name, &StoredProvider::name) != told.end()) continue;
    StoredProvider one{.name = provider.name};
    one.settings.preset = provider.name;
    one.settings.base_url = provider.base_url;
    if (const model::Preset* preset = model::find_preset(provider.name))
      one.settings.key_variable = std::string(preset->key_variable);
    one.has_key = !provider.credential.key.empty();
    one.key_end = end_of_key(provider.credential.key);
    one.is_from_environment = true;
    told.push_back(std::move(one));
  }
  std::ranges::sort(told, {}, &StoredProvider::name);
  co_return told;
}

Task<Result<StoredProvider>> GatewaySetup::get_provider(std::string name) {
  auto all = co_await list_providers();
  if (!all) co_return error_of(std::move(all));
  const auto found = std::ranges::find(*all, name, &StoredProvider::name);
  if (found == all->end()) co_return no_such("provider", name);
  co_return std::move(*found);
}

Task<Result<WebhookAccount>> GatewaySetup::webhook_account(std::string name) {
  WebhookAccount account{.preset = name, .secrets = {}};
  store::Statement query = provider_rows::find(name);
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return account;
  auto row = provider_rows::read(*rows, 0);
  if (!row) co_return error_of(std::move(row));
  account.preset = row->settings.preset;
  if (row->sealed.empty()) co_return account;
  auto text = sealer()->open(row->sealed, provider_rows::seal_context(name));
  if (!text) co_return error_of(std::move(text));
  auto secrets = provider_rows::read_secrets(*text);
  if (!secrets) co_return error_of(std::move(secrets));
  account.secrets = std::move(secrets->webhook_secrets);
  co_return account;
}

Task<Result<StoredProvider>> GatewaySetup::create_provider(std::string name, ProviderChange change) {
  auto under_way = begin_change();
  if (!under_way) co_return error_of(std::move(under_way));
  const ProviderSecrets secrets{
      .key = change.key.value_or(""),
      .headers = change.headers.value_or(HeaderList()),
      .webhook_secrets = std::move(change.webhook_secrets).value_or(std::vector<std::string>())};
  if (auto good = check_all(name, change.settings, secrets); !good) co_return error_of(std::move(good));
  store::Statement count("SELECT count(*) FROM providers");
  auto rows = co_await parts_.database.read(std::move(count));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->integer(0, 0) >= kProvidersMax)
    co_return fail(ErrorCode::too_large, fmt::format("there are {} providers already: remove some", kProvidersMax));
  auto sealed = seal(name, secrets);
  if (!sealed) co_return error_of(std::move(sealed));
  const UnixMs now_ms = parts_.clock.wall_ms();
  const Row row{.name = name,
                .settings = std::move(change.settings),
                .sealed = std::move(*sealed),
                .created_ms = now_ms,
                .updated_ms = now_ms};
  store::Statement statement = provider_rows::insert(row);
  auto written = co_await write(std::move(statement), "there is a provider of that name already");
  if (!written) co_return error_of(std::move(written));
  co_return tell(row);
}

Task<Result<StoredProvider>> GatewaySetup::update_provider(std::string name, ProviderChange change,
                                                           std::int64_t revision) {
  auto under_way = begin_change();
  if (!under_way) co_return error_of(std::move(under_way));
  auto row = co_await find_row(name);
  if (!row) co_return error_of(std::move(row));
  // Secrets that stay are not opened where all are given anew, so that lost ones can be replaced.
  if (!change.key || !change.headers || !change.webhook_secrets) {
    ProviderSecrets kept;
    if (!row->sealed.empty()) {
      auto text = sealer()->open(row->sealed, provider_rows::seal_context(name));
      if (!text && !change.key) co_return error_of(std::move(text));
      if (text) {
        auto read = provider_rows::read_secrets(*text);
        if (!read) co_return error_of(std::move(read));
        kept = std::move(*read);
      }
    }
    if (!change.key) change.key = std::move(kept.key);
    if (!change.headers) change.headers = std::move(kept.headers);
    if (!change.webhook_secrets) change.webhook_secrets = std::move(kept.webhook_secrets);
  }
  const ProviderSecrets secrets{.key = std::move(*change.key),
                                .headers = std::move(*change.headers),
                                .webhook_secrets = std::move(*change.webhook_secrets)};
  if (auto good = check_all(name, change.settings, secrets); !good) co_return error_of(std::move(good));
  auto sealed = seal(name, secrets);
  if (!sealed) co_return error_of(std::move(sealed));
  row->settings = std::move(change.settings);
  row->sealed = std::move(*sealed);
  row->revision = revision;
  row->updated_ms = parts_.clock.wall_ms();
  store::Statement statement = provider_rows::update(*row);
  auto written = co_await write(std::move(statement), "the provider was changed since it was read: read it again");
  if (!written) co_return error_of(std::move(written));
  ++row->revision;
  co_return tell(*row);
}

Task<Result<>> GatewaySetup::remove_provider(std::string name) {
  store::Statement statement = provider_rows::remove(name);
  auto written = co_await write(std::move(statement), "");
  if (!written && written.error().code == ErrorCode::conflict) co_return no_such("stored provider", name);
  co_return written;
}

Task<Result<std::vector<StoredRoute>>> GatewaySetup::list_routes() {
  auto all = co_await read_all();
  if (!all) co_return error_of(std::move(all));
  co_return std::move(all->routes);
}

Task<Result<StoredRoute>> GatewaySetup::get_route(std::string name) {
  store::Statement query = route_rows::find(name);
  auto rows = co_await parts_.database.read(std::move(query));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty()) co_return no_such("route", name);
  co_return route_rows::read(*rows, 0);
}

Task<Result<StoredRoute>> GatewaySetup::create_route(model::Route route) {
  if (auto good = check(route); !good) co_return error_of(std::move(good));
  store::Statement count("SELECT count(*) FROM routes");
  auto rows = co_await parts_.database.read(std::move(count));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->integer(0, 0) >= kRoutesMax)
    co_return fail(ErrorCode::too_large, fmt::format("there are {} routes already: remove some", kRoutesMax));
  const UnixMs now_ms = parts_.clock.wall_ms();
  const StoredRoute stored{.route = std::move(route), .created_ms = now_ms, .updated_ms = now_ms};
  store::Statement statement = route_rows::insert(stored);
  auto written = co_await write(std::move(statement), "there is a route of that name already");
  if (!written) co_return error_of(std::move(written));
  co_return stored;
}

Task<Result<StoredRoute>> GatewaySetup::update_route(model::Route route, std::int64_t revision) {
  if (auto good = check(route); !good) co_return error_of(std::move(good));
  auto stored = co_await get_route(route.name);
  if (!stored) co_return error_of(std::move(stored));
  stored->route = std::move(route);
  stored->revision = revision;
  stored->updated_ms = parts_.clock.wall_ms();
  store::Statement statement = route_rows::update(*stored);
  auto written = co_await write(std::move(statement), "the route was changed since it was read: read it again");
  if (!written) co_return error_of(std::move(written));
  ++stored->revision;
  co_return std::move(*stored);
}

Task<Result<>> GatewaySetup::remove_route(std::string name) {
  store::Statement statement = route_rows::remove(name);
  auto written = co_await write(std::move(statement), "");
  if (!written && written.error().code == ErrorCode::conflict) co_return no_such("route", name);
  co_return written;
}

}  // namespace atelier::studio

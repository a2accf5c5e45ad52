#include "app/model_room.hpp"

#include <cstdlib>
#include <cstring>

#include "app/options.hpp"
#include "model/call/http_upstream.hpp"

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX's

namespace atelier::app {

model::Environment process_environment() {
  model::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (const char* equals = std::strchr(*entry, '=')) environment.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), std::string(equals + 1));
  return environment;
}

Result<std::unique_ptr<ModelRoom>> ModelRoom::open(net::Loops& loops, const Settings& settings, const model::Environment& environment, Metrics& metrics) {
  auto providers = model::providers_of(environment);
  if (!providers) return error_of(providers);
  net::ClientOptions options;
  options.tls.extra_ca_file = settings.get(kExtraCaFile);
  auto proxies = net::ProxyRules::from_environment([](const char* name) -> const char* { return std::getenv(name); });
  if (!proxies) return error_of(proxies);
  options.proxies = std::move(*proxies);
  auto client = net::HttpClient::make(loops, std::move(options), metrics);
  if (!client) return error_of(client);
  std::unique_ptr<ModelRoom> room(new ModelRoom());
  room->client_ = std::move(*client);
  room->upstream_ = std::make_unique<model::HttpUpstream>(*room->client_);
  room->models_ = std::make_unique<model::Models>(model::BreakerPolicy());
  room->models_->configure(std::move(*providers), {});
  model::CatalogOptions catalog;
  catalog.finds_local_servers = settings.get(kFindLocalServers);
  room->catalog_ = std::make_unique<model::Catalog>(*room->models_, *room->upstream_, system_clock(), catalog);
  room->chat_ = std::make_unique<model::ChatGateway>(*room->models_, *room->upstream_, model::CallBooks{.clock = system_clock()}, model::GatewayOptions());
  return room;
}

ModelRoom::~ModelRoom() { stop(); }

void ModelRoom::stop() {
  if (!std::exchange(is_stopped_, true)) client_->stop();
}

}  // namespace atelier::app

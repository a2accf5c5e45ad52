#include "app/model_room.hpp"

#include <cstdlib>
#include <cstring>

#include "app/options.hpp"
#include "base/async.hpp"
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "model/call/http_upstream.hpp"
#include "model/guide/guide_upstream.hpp"
#include "model/record/call_query.hpp"
#include "model/vault/sealing_keys.hpp"
#include "store/database_metrics.hpp"
#include "store/migrations.hpp"

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX's

namespace atelier::app {
namespace {

// Beside the settings file and not in the data folder, so that a copy of the data does not hold the key to its secrets.
std::string default_sealing_key_file() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder != nullptr && *folder != '\0')
    return std::string(folder) + "/atelier/sealing.key";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::string(home) + "/.config/atelier/sealing.key";
  return {};
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from < list.size();) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    if (comma > from) parts.emplace_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

// What the key maps hold, from the databases, before the first call.
Task<Result<>> load_all(model::Limiters* limiters, model::Allowances* allowances, studio::Accounts* accounts,
                        studio::GatewaySetup* setup, model::BreakerStore* breakers, store::Database* telemetry) {
  if (auto done = co_await limiters->load(); !done) co_return done;
  model::Allowances::Ledger ledger = [telemetry](KeyId key, model::Period period) {
    return model::spent_by(telemetry, key, period);
  };
  auto reconciled = co_await allowances->reconcile(std::move(ledger));
  if (!reconciled) co_return error_of(reconciled);
  if (auto done = co_await accounts->load(); !done) co_return done;
  if (auto done = co_await setup->load(); !done) co_return done;
  co_return co_await breakers->load();
}

}  // namespace

model::Environment process_environment() {
  model::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (const char* equals = std::strchr(*entry, '='))
      environment.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), std::string(equals + 1));
  return environment;
}

Result<std::unique_ptr<ModelRoom>> ModelRoom::open(Parts parts) {
  std::unique_ptr<ModelRoom> room(new ModelRoom(std::move(parts)));
  if (auto done = room->start(); !done) return error_of(done);
  return room;
}

Result<> ModelRoom::load_prices() {
  auto complaints = prices_.load(split(parts_.settings.get(kPriceFiles)));
  if (!complaints) return in_setting(std::move(complaints).error(), kPriceFiles);
  for (const std::string& complaint : *complaints) log::warn("a price is left out", {{"reason", complaint}});
  return {};
}

Result<model::SealingKeySource> ModelRoom::sealing_keys() const {
  model::SealingKeySource source{.path = std::string(parts_.settings.get(kSealingKeyFile))};
  if (source.path.empty()) source.path = default_sealing_key_file();
  if (const auto set = parts_.environment.find(model::kSealingKeyVariable); set != parts_.environment.end())
    source.variable = set->second;
  if (source.path.empty() && !source.variable)
    return fail(ErrorCode::invalid_argument,
                "neither HOME nor access.sealing_key_file says where the key that seals secrets is",
                {.reason = "setting_invalid", .where = "access.sealing_key_file"});
  return source;
}

Result<> ModelRoom::start() {
  auto telemetry = store::open_sqlite({.path = parts_.telemetry_path,
                                       .is_rebuildable = true,
                                       .reader_count = 2,  // a search may take long
                                       .writer_cache_kib = 512,
                                       .reader_cache_kib = 512,
                                       .read_seconds = &parts_.metrics.histogram(store::kReadSeconds, {"telemetry"})},
                                      store::telemetry_migrations());
  if (!telemetry) return error_of(telemetry);
  telemetry_ = std::move(*telemetry);
  if (auto done = load_prices(); !done) return done;
  auto sealing_keys = this->sealing_keys();
  if (!sealing_keys) return error_of(sealing_keys);
  auto keys = model::load_sealing_keys(*sealing_keys);
  if (!keys) return error_of(keys);

  const Clock& clock = system_clock();
  limiters_ = std::make_unique<model::Limiters>(*telemetry_, clock, parts_.metrics);
  allowances_ = std::make_unique<model::Allowances>(parts_.studio, clock, parts_.metrics);
  gate_ = std::make_unique<model::Gate>(*allowances_, parts_.metrics);
  model::CallLog::Options log_options;
  log_options.keeps_texts = parts_.settings.get(kKeepTexts);
  log_options.retention.age = std::chrono::hours(24) * parts_.settings.get(kCallsKeptDays);
  log_ = std::make_unique<model::CallLog>(*telemetry_, clock, parts_.metrics, log_options);
  model::ResponseShelf::Options kept;
  kept.age = std::chrono::hours(24) * parts_.settings.get(kResponsesKeptDays);
  kept.bytes_max = std::int64_t{parts_.settings.get(kResponsesKeptMiB)} << 20;
  responses_ = std::make_unique<model::ResponseShelf>(*telemetry_, clock, parts_.metrics, kept);
  accounts_ = std::make_unique<studio::Accounts>(studio::Accounts::Parts{.database = parts_.studio,
                                                                         .clock = clock,
                                                                         .limiters = limiters_.get(),
                                                                         .allowances = allowances_.get(),
                                                                         .bus = &parts_.bus});

  net::ClientOptions options;
  options.tls.extra_ca_file = parts_.settings.get(kExtraCaFile);
  auto proxies = net::ProxyRules::from_environment([](const char* name) -> const char* { return std::getenv(name); });
  if (!proxies) return error_of(proxies);
  options.proxies = std::move(*proxies);
  const std::vector<std::string> reachable = split(parts_.settings.get(kReachable));
  auto guard = net::AddressGuard::make(reachable);
  if (!guard) return in_setting(std::move(guard).error(), kReachable);
  guard_ = *guard;
  options.guard = std::move(*guard);
  auto client = net::HttpClient::make(parts_.loops, std::move(options), parts_.metrics);
  if (!client) return error_of(client);
  client_ = std::move(*client);
  http_upstream_ = std::make_unique<model::HttpUpstream>(*client_);
  upstream_ = std::make_unique<model::GuideUpstream>(*http_upstream_, clock);
  models_ = std::make_unique<model::Models>(model::BreakerPolicy(), std::vector{model::guide_provider()});
  setup_ = std::make_unique<studio::GatewaySetup>(
      studio::GatewaySetup::Parts{.database = parts_.studio,
                                  .clock = clock,
                                  .models = *models_,
                                  .sealer = std::make_shared<const model::Sealer>(std::move(*keys)),
                                  .environment = parts_.environment,
                                  .sealing_keys = std::move(*sealing_keys)});
  breakers_ = std::make_unique<model::BreakerStore>(*telemetry_, *models_, clock);
  model::CatalogOptions catalog;
  catalog.finds_local_servers = parts_.settings.get(kFindLocalServers);
  catalog_ = std::make_unique<model::Catalog>(*models_, *upstream_, clock, catalog);
  hedges_ = std::make_unique<model::HedgeMetrics>(parts_.metrics);
  model::CallBooks books{.clock = clock,
                         .gate = gate_.get(),
                         .prices = &prices_,
                         .log = log_.get(),
                         .on_end = parts_.on_call,
                         .hedges = hedges_.get()};
  chat_ = std::make_unique<model::ChatGateway>(*models_, *upstream_, books, model::GatewayOptions());
  answers_ = store::make_memory_cache(static_cast<std::size_t>(parts_.settings.get(kAnswerCacheMiB)) << 20, clock);
  answer_cache_ = std::make_unique<model::AnswerCache>(*answers_, clock, parts_.metrics);
  shared_chat_ = std::make_unique<model::SharedChat>(*chat_, *answer_cache_, std::move(books), parts_.metrics);
  return run_blocking(parts_.loops.executor(0), load_all(limiters_.get(), allowances_.get(), accounts_.get(),
                                                         setup_.get(), breakers_.get(), telemetry_.get()));
}

model::MediaGateway::Parts ModelRoom::media_parts(model::PollSchedule& polls, model::LocalMedia* local) {
  model::CallBooks books{
      .clock = system_clock(), .gate = gate_.get(), .prices = &prices_, .log = log_.get(), .on_end = parts_.on_call};
  return {.models = *models_, .upstream = *upstream_, .books = std::move(books), .polls = polls, .local = local};
}

ModelRoom::~ModelRoom() { stop(); }

void ModelRoom::spawn_upkeep(TaskGroup& group) {
  group.spawn(catalog_->run());
  group.spawn(limiters_->run());
  group.spawn(allowances_->run());
  group.spawn(log_->run());
  group.spawn(responses_->run());
  group.spawn(accounts_->run());
  group.spawn(breakers_->run());
}

void ModelRoom::stop() {
  if (std::exchange(is_stopped_, true)) return;
  if (shared_chat_) shared_chat_->stop();
  if (client_) client_->stop();
  if (telemetry_) telemetry_->close();
}

}  // namespace atelier::app

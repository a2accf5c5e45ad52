#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "base/setting.hpp"
#include "base/task_group.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/call/hedge.hpp"
#include "model/call/media_gateway.hpp"
#include "model/catalog/catalog.hpp"
#include "model/catalog/environment.hpp"
#include "model/kept/response_shelf.hpp"
#include "model/limit/gate.hpp"
#include "model/record/call_log.hpp"
#include "model/route/breaker_store.hpp"
#include "model/share/shared_chat.hpp"
#include "net/client/http_client.hpp"
#include "studio/account/accounts.hpp"
#include "studio/gateway/gateway_setup.hpp"

namespace atelier::app {

// The part of the house that calls models: providers and routes, keys' limits and money, the HTTP client, the gateway
// and its log. Opened after the loops, stopped before them. From the main thread.
class ModelRoom {
 public:
  struct Parts {
    net::Loops& loops;
    const Settings& settings;
    store::Database& studio;
    store::Bus& bus;
    std::string telemetry_path;
    model::Environment environment;
    Metrics& metrics;
    model::CallListener on_call = {};
  };
  // Blocks. Errors name the variable, file or setting.
  static Result<std::unique_ptr<ModelRoom>> open(Parts parts);
  ~ModelRoom();

  model::ChatGateway& chat() noexcept { return *chat_; }
  // What pictures, sound and clips are made with.
  model::MediaGateway::Parts media_parts(model::PollSchedule& polls, model::LocalMedia* local);
  model::SharedChat& shared_chat() noexcept { return *shared_chat_; }
  model::ResponseShelf& responses() noexcept { return *responses_; }
  model::Catalog& catalog() noexcept { return *catalog_; }
  const model::Prices& prices() const noexcept { return prices_; }
  studio::Accounts& accounts() noexcept { return *accounts_; }
  studio::GatewaySetup& setup() noexcept { return *setup_; }
  net::HttpClient& client() noexcept { return *client_; }
  // Of models, for equal requests.
  store::Cache& kept_answers() noexcept { return *answers_; }
  // What of addresses that others name may be called.
  const net::AddressGuard& guard() const noexcept { return guard_; }
  store::Database& telemetry() noexcept { return *telemetry_; }

  // What goes on in the background, until the group is cancelled: lists of models, local servers, limits, money, the
  // log, kept responses.
  void spawn_upkeep(TaskGroup& group);
  // Once nobody calls any more and the upkeep has ended.
  void stop();

 private:
  explicit ModelRoom(Parts parts) : parts_(std::move(parts)) {}
  Result<> start();
  Result<> load_prices();
  Result<model::SealingKeySource> sealing_keys() const;

  Parts parts_;
  net::AddressGuard guard_;
  std::unique_ptr<store::Database> telemetry_;
  model::Prices prices_;
  std::unique_ptr<model::Limiters> limiters_;
  std::unique_ptr<model::Allowances> allowances_;
  std::unique_ptr<model::Gate> gate_;
  std::unique_ptr<model::CallLog> log_;
  std::unique_ptr<model::HedgeMetrics> hedges_;
  std::unique_ptr<model::ResponseShelf> responses_;
  std::unique_ptr<studio::Accounts> accounts_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<model::Upstream> http_upstream_, upstream_;
  std::unique_ptr<model::Models> models_;
  std::unique_ptr<studio::GatewaySetup> setup_;
  std::unique_ptr<model::BreakerStore> breakers_;
  std::unique_ptr<model::Catalog> catalog_;
  std::unique_ptr<model::ChatGateway> chat_;
  std::unique_ptr<store::Cache> answers_;
  std::unique_ptr<model::AnswerCache> answer_cache_;
  std::unique_ptr<model::SharedChat> shared_chat_;
  bool is_stopped_ = false;
};

// This process's environment.
model::Environment process_environment();

}  // namespace atelier::app

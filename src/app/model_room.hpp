#pragma once

#include <memory>
#include <vector>

#include "base/metrics.hpp"
#include "base/setting.hpp"
#include "base/task_group.hpp"
#include "model/call/chat_gateway.hpp"
#include "model/catalog/catalog.hpp"
#include "model/catalog/environment.hpp"
#include "net/client/http_client.hpp"

namespace atelier::app {

// The part of the house that calls models: its HTTP client, providers, catalog and gateway. Made after the loops, stopped
// before them. From the main thread.
class ModelRoom {
 public:
  // Providers come from `environment`. Errors name the variable or setting.
  static Result<std::unique_ptr<ModelRoom>> open(net::Loops& loops, const Settings& settings, const model::Environment& environment, Metrics& metrics);
  ~ModelRoom();

  model::ChatGateway& chat() noexcept { return *chat_; }
  model::Models& models() noexcept { return *models_; }
  // Keeps lists of models fresh and looks for local servers, until cancelled. On one loop.
  Task<Result<>> keep_catalog() { return catalog_->run(); }
  // Once nobody calls any more.
  void stop();

 private:
  ModelRoom() = default;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<model::Upstream> upstream_;
  std::unique_ptr<model::Models> models_;
  std::unique_ptr<model::Catalog> catalog_;
  std::unique_ptr<model::ChatGateway> chat_;
  bool is_stopped_ = false;
};

// This process's environment.
model::Environment process_environment();

}  // namespace atelier::app

#pragma once

#include <memory>

#include "app/http_carrier.hpp"
#include "app/model_room.hpp"
#include "base/task_group.hpp"
#include "graph/engine.hpp"
#include "studio/webhook/endpoints.hpp"
#include "studio/webhook/inbox.hpp"
#include "studio/webhook/sender.hpp"

namespace atelier::app {

// The part of the house that tells others what happened, and hears what providers say of jobs. Made after the engine
// and the model room, and gone before them.
class WebhookRoom {
 public:
  struct Parts {
    Executor executor;
    store::Database& database;
    store::Bus& bus;
    graph::Engine& engine;
    ModelRoom& models;
    Metrics& metrics;
  };
  explicit WebhookRoom(const Parts& parts);

  studio::WebhookEndpoints& endpoints() noexcept { return endpoints_; }
  studio::WebhookInbox& inbox() noexcept { return inbox_; }
  // What goes on in the background, until the group is cancelled. On the executor.
  void spawn_upkeep(TaskGroup& group);

 private:
  HttpCarrier carrier_;
  studio::WebhookVault vault_;
  studio::WebhookSender sender_;
  studio::WebhookEndpoints endpoints_;
  studio::WebhookInbox inbox_;
};

}  // namespace atelier::app

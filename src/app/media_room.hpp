#pragma once

#include <functional>
#include <memory>

#include "app/model_room.hpp"
#include "graph/engine.hpp"
#include "graph/node/local_media.hpp"
#include "graph/node/services.hpp"
#include "model/call/media_gateway.hpp"
#include "studio/generate/generations.hpp"

namespace atelier::app {

// The part of the house that makes pictures, sound and clips. Opened after the engine and the models, stopped between
// them: the engine first. From the main thread.
class MediaRoom {
 public:
  struct Parts {
    Executor executor;  // the engine's loop
    ModelRoom& models;
    graph::Engine& engine;
    graph::NodeServices& services;  // is told of the gateway
    std::function<Task<Result<>>()> ready;
  };
  explicit MediaRoom(Parts parts);

  model::MediaGateway& gateway() noexcept { return *gateway_; }
  studio::Generations& generations() noexcept { return *generations_; }
  // What goes on in the background, until the group is cancelled.
  void spawn_upkeep(TaskGroup& group);
  // Once the engine has stopped. Blocks.
  void stop();

 private:
  const Executor executor_;
  std::unique_ptr<model::PollSchedule> polls_;
  std::unique_ptr<graph::WorkerMedia> local_;
  std::unique_ptr<model::MediaGateway> gateway_;
  std::unique_ptr<studio::Generations> generations_;
};

}  // namespace atelier::app

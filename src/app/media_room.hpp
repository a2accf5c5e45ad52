#pragma once

#include <functional>
#include <memory>

#include "app/model_room.hpp"
#include "graph/engine.hpp"
#include "graph/node/local_media.hpp"
#include "graph/node/services.hpp"
#include "model/call/media_gateway.hpp"
#include "studio/generate/generations.hpp"
#include "studio/webhook/inbox.hpp"

namespace atelier::app {

// Makes what providers tell of jobs a reason to ask now.
class JobEar final : public studio::JobNews {
 public:
  JobEar(store::Database& database, model::PollSchedule& polls) : jobs_(database), polls_(polls) {}
  Task<Result<Heard>> heard(studio::JobWord word) override;

 private:
  store::MediaJobs jobs_;
  model::PollSchedule& polls_;
};

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
    studio::WebhookInbox& inbox;
    Metrics& metrics;
    std::string public_url;  // where providers reach this server; "": they do not
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
  graph::PartialShelf partials_;
  std::unique_ptr<model::PollSchedule> polls_;
  std::unique_ptr<graph::WorkerMedia> local_;
  std::unique_ptr<model::MediaGateway> gateway_;
  std::unique_ptr<studio::Generations> generations_;
  std::unique_ptr<JobEar> ear_;
};

}  // namespace atelier::app

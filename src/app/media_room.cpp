#include "app/media_room.hpp"

#include "base/async.hpp"
#include "base/blocking.hpp"

namespace atelier::app {

MediaRoom::MediaRoom(Parts parts) : executor_(parts.executor) {
  polls_ = std::make_unique<model::PollSchedule>(executor_, system_clock());
  local_ = std::make_unique<graph::WorkerMedia>(parts.services);
  gateway_ = std::make_unique<model::MediaGateway>(parts.models.media_parts(*polls_, local_.get()));
  generations_ = std::make_unique<studio::Generations>(studio::Generations::Parts{.engine = parts.engine,
                                                                                  .services = parts.services,
                                                                                  .gateway = *gateway_,
                                                                                  .clock = system_clock(),
                                                                                  .executor = executor_,
                                                                                  .ready = std::move(parts.ready)});
  parts.services.generator = gateway_.get();
  parts.services.on_work_left = [this](std::string key) { generations_->work_left(std::move(key)); };
}

void MediaRoom::spawn_upkeep(TaskGroup& group) { group.spawn(generations_->keep_tidy()); }

void MediaRoom::stop() { run_blocking(executor_, generations_->stop()); }

}  // namespace atelier::app

#include "media/worker/container/tasks.hpp"

#include <array>

#include "media/worker/container/assemble.hpp"
#include "media/worker/container/poster.hpp"
#include "media/worker/container/probe.hpp"

namespace atelier::media::container {

std::span<const TaskType> container_tasks() {
  static constexpr std::array kTasks = {
      TaskType{.name = "probe", .version = 2, .unit = "files", .run = probe},
      TaskType{.name = "poster", .version = 1, .unit = "images", .run = poster},
      TaskType{.name = "assemble", .version = 1, .unit = "packets", .run = assemble},
  };
  return kTasks;
}

}  // namespace atelier::media::container

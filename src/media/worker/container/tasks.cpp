#include "media/worker/container/tasks.hpp"

#include <array>

#include "media/worker/container/probe.hpp"

namespace atelier::media::container {

std::span<const TaskType> container_tasks() {
  static constexpr std::array kTasks = {
      TaskType{.name = "probe", .version = 1, .unit = "files", .run = probe},
  };
  return kTasks;
}

}  // namespace atelier::media::container

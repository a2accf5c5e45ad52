#include "media/worker/picture/tasks.hpp"

#include <array>

#include "media/worker/picture/task_runs.hpp"

namespace atelier::media::picture {

std::span<const TaskType> picture_tasks() {
  static constexpr std::array kTasks = {
      TaskType{"still", 1, "images", run_still},       TaskType{"segment", 1, "frames", run_segment},
      TaskType{"frame", 1, "frames", run_frame},       TaskType{"shrink", 1, "images", run_shrink},
      TaskType{"previews", 1, "images", run_previews}, TaskType{"loop", 1, "frames", run_loop},
  };
  return kTasks;
}

}  // namespace atelier::media::picture

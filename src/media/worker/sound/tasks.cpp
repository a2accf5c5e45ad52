#include "media/worker/sound/tasks.hpp"

#include <vector>

#include "media/worker/sound/espeak_engine.hpp"
#include "media/worker/sound/peaks_task.hpp"
#include "media/worker/sound/soundtrack_task.hpp"
#include "media/worker/sound/speech_task.hpp"

namespace atelier::media::sound {

std::span<const TaskType> sound_tasks() {
  static constexpr TaskType kTasks[] = {
      {.name = "speech", .version = 1, .unit = "samples", .run = run_speech},
      {.name = "soundtrack", .version = 1, .unit = "samples", .run = run_soundtrack},
      {.name = "peaks", .version = 1, .unit = "samples", .run = run_peaks},
  };
  return kTasks;
}

std::span<const std::string> sound_read_only_paths() {
  static const std::vector<std::string> paths = espeak_read_only_paths();
  return paths;
}

}  // namespace atelier::media::sound

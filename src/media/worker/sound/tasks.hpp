#pragma once

#include <span>
#include <string>

#include "media/worker/task.hpp"

namespace atelier::media::sound {

// speech, soundtrack.
std::span<const TaskType> sound_tasks();

// What espeak-ng reads by name while it works: its voice data, and the locale it sets. Called before the sandbox is
// entered and before the first task; also takes the picture of espeak-ng's variables that every task starts from.
std::span<const std::string> sound_read_only_paths();

}  // namespace atelier::media::sound

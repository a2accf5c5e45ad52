#pragma once

#include "media/worker/task.hpp"

namespace atelier::media::sound {

// See src/media/README.md: speech.
Result<json::Value> run_speech(TaskContext& context);

}  // namespace atelier::media::sound

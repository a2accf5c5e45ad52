#pragma once

#include "media/worker/task.hpp"

namespace atelier::media::sound {

// See src/media/README.md: peaks.
Result<json::Value> run_peaks(TaskContext& context);

}  // namespace atelier::media::sound

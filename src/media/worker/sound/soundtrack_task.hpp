#pragma once

#include "media/worker/task.hpp"

namespace atelier::media::sound {

// See src/media/README.md: soundtrack.
Result<json::Value> run_soundtrack(TaskContext& context);

}  // namespace atelier::media::sound

#pragma once

#include "media/worker/task.hpp"

namespace atelier::media::container {

// Joins finished segments and the soundtrack into one MP4 without encoding anything again.
Result<json::Value> assemble(TaskContext& context);

}  // namespace atelier::media::container

#pragma once

#include "media/worker/task.hpp"

namespace atelier::media::container {

// A small JPEG of a picture, or of one frame of a video.
Result<json::Value> poster(TaskContext& context);

}  // namespace atelier::media::container

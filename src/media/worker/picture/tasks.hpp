#pragma once

#include <span>

#include "media/worker/task.hpp"

namespace atelier::media::picture {

// still, segment, frame. Before the first of them runs, and before the sandbox closes: start_media_libraries() and
// caption::use_fonts().
std::span<const TaskType> picture_tasks();

}  // namespace atelier::media::picture

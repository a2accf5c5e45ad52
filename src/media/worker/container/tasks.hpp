#pragma once

#include <span>

#include "media/worker/task.hpp"

namespace atelier::media::container {

// probe, poster, assemble.
std::span<const TaskType> container_tasks();

}  // namespace atelier::media::container

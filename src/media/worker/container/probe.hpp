#pragma once

#include "media/worker/task.hpp"

namespace atelier::media::container {

// What a file is, from its head alone.
Result<json::Value> probe(TaskContext& context);

}  // namespace atelier::media::container

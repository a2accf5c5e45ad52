#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::picture {

Result<json::Value> run_still(TaskContext& context);
Result<json::Value> run_segment(TaskContext& context);
Result<json::Value> run_frame(TaskContext& context);
Result<json::Value> run_shrink(TaskContext& context);
Result<json::Value> run_previews(TaskContext& context);
Result<json::Value> run_loop(TaskContext& context);

}  // namespace atelier::media::picture

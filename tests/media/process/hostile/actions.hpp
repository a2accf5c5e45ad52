#pragma once

#include <span>
#include <string>
#include <string_view>

#include "media/worker/task.hpp"

namespace atelier::media::hostile {

// Something a worker must not be able to do. Returns the errno it was answered with, or 0 when it was done.
struct Action {
  std::string_view name;
  int (*run)(TaskContext& context);
};
std::span<const Action> actions();

// Where the worker was told it may read.
inline constexpr std::string_view kReadableFolder = "/usr/share/common-licenses";

}  // namespace atelier::media::hostile

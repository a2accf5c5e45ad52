#pragma once

#include <optional>
#include <span>

#include "watch/objective/objective.hpp"

namespace atelier::watch {

// The means of points (NaN: none) now and before; nullopt where either has fewer than `points_min`.
std::optional<Change> change_of(std::span<const float> before, std::span<const float> now, std::size_t points_min);

// What is now is worse, which is higher, by a tenth and by more than points come and go by themselves: by three
// standard errors of the difference.
bool is_worse(std::span<const float> before, std::span<const float> now, const Change& change);

}  // namespace atelier::watch

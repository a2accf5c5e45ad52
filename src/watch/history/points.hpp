#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace atelier::watch {

// Points of a figure as they are stored: each is kept to 0.4 % (the upper half of a float), and equal ones that follow
// each other once. NaN is a moment without a figure. What is not told at the end is NaN too.
Bytes pack_points(std::span<const float> points);
// `count` of them. storage_failed where the bytes are not of pack_points(), or are of more.
Result<std::vector<float>> unpack_points(BytesView packed, std::size_t count);

}  // namespace atelier::watch

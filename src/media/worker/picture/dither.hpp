#pragma once

#include <cstdint>

namespace atelier::media::picture {

// A row of 64 thresholds, 0 to 127, of a 64 x 64 tile without low frequencies ("blue noise"): what rounding leaves
// behind is fine grain and no band or pattern. The same tile for every frame, so that it costs the encoder little.
const std::int16_t* dither_pattern(std::int32_t row) noexcept;

}  // namespace atelier::media::picture

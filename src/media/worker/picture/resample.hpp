#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// Part of a picture, in its own pixels; may begin and end between two.
struct PicturePart {
  double left = 0, top = 0, width = 0, height = 0;
};

// That part in another size, by Lanczos's filter of three lobes, widened where it becomes smaller. 8-bit R, G, B,
// tightly packed. In fixed point, so that every machine makes the same bytes of it; what libvips does in floating
// point, several times as fast.
std::vector<std::uint8_t> resample_rgb(std::span<const std::uint8_t> rgb, Extent size, const PicturePart& part,
                                       Extent wanted);

}  // namespace atelier::media::picture

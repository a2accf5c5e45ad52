#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// A baseline JPEG with its colours at half the size (4:2:0) and tables made for it. 8-bit R, G, B, tightly packed.
// libjpeg-turbo itself: libvips starts a thread for each file it writes.
Result<std::vector<std::uint8_t>> encode_small_jpeg(std::span<const std::uint8_t> rgb, Extent size, int quality);

}  // namespace atelier::media::picture

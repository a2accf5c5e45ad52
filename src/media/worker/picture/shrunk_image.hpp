#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::media::picture {

// A picture as it is given away: no larger than needed, upright, in sRGB, and without anything else its file holds
// (place, camera, comments, previews).
struct ShrunkImage {
  std::int32_t width;
  std::int32_t height;
  std::string_view media_type;  // image/jpeg; image/png or image/webp where it can be seen through
  std::vector<std::uint8_t> bytes;
};

// The longest side becomes `side_max` pixels; a smaller picture keeps its size. Of a moving one the first frame. Size
// is checked before anything is decoded, and a file that is cut off is an error. The errors name the picture as "the
// image".
Result<ShrunkImage> shrink_image(std::span<const std::uint8_t> file, std::int32_t side_max);

}  // namespace atelier::media::picture

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/worker/container/image_header.hpp"

namespace atelier::media::picture {

enum class Encoding : std::uint8_t { jpeg, webp, avif };

// A smaller picture that is wanted of a larger one.
struct RenditionOrder {
  enum class Fit : std::uint8_t {
    inside,  // all of it, no larger than it is
    cover,   // exactly this size, its middle, enlarged where it must be
  };
  Fit fit = Fit::inside;
  std::int32_t width = 0;  // pixels
  std::int32_t height = 0;
  Encoding encoding = Encoding::webp;
};

struct Rendition {
  std::int32_t width = 0;
  std::int32_t height = 0;
  std::vector<std::uint8_t> bytes;
};

// All that is wanted of one picture, in the order asked, from decoding it once: upright, in sRGB, and without anything
// else its file holds. Of a moving picture the first frame. A JPEG shows what can be seen through on white. Size is
// checked before anything is decoded, and a file that is cut off is an error. The errors name the picture as "the
// image".
Result<std::vector<Rendition>> render_all(std::span<const std::uint8_t> file, std::span<const RenditionOrder> orders);
// The same of a picture in memory: 8-bit sRGB.
Result<std::vector<Rendition>> render_all(container::ImagePtr picture, std::span<const RenditionOrder> orders);

}  // namespace atelier::media::picture

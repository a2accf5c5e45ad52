#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// 8-bit R, G, B, tightly packed.
struct RgbImage {
  std::int32_t width;
  std::int32_t height;
  std::vector<std::uint8_t> samples;
};

inline constexpr std::size_t kImageBytesMax = std::size_t{256} << 20;  // of the file
inline constexpr std::int32_t kImageSideMax = 16'384;
inline constexpr std::int64_t kImagePixelsMax = 100'000'000;

// Reads a picture a user gave (JPEG, PNG, WebP, GIF's first frame, TIFF, HEIF) and fills `extent` with it: upright, in
// sRGB, on dark where it is transparent. Where cropping to the extent's shape would lose more than half of it, or it is
// too small to fill it, it stands sharp over a blurred, darkened copy of itself.
// Size is checked before anything is decoded. The errors name the picture as "the image".
Result<RgbImage> load_cover(std::span<const std::uint8_t> file, Extent extent);

struct Jpeg {
  std::int32_t width;
  std::int32_t height;
  std::vector<std::uint8_t> bytes;
};
// Scaled to `width`, its height in proportion.
Result<Jpeg> encode_jpeg(const RgbImage& image, std::int32_t width, int quality);

}  // namespace atelier::media::picture

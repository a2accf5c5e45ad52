#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "media/worker/picture/decoded_image.hpp"

namespace atelier::media::picture {

// How much of a JPEG is needed.
struct JpegNeed {
  double shrink = 1;  // it may be decoded so many times smaller, and is at the next lower of 1, 2, 4 and 8
  // Of the middle part that will be shown, width by height as stored; the rest is skipped as far as that is possible.
  std::optional<double> aspect = {};
};

// libjpeg-turbo itself, straight from the file's bytes: libvips hands a file over in small pieces and decodes all of
// every row. For the usual kinds (8 bits; grey or YCbCr); strict about files that are cut off. With the orientation and
// the profile of `header`, which is the same file opened by libvips. Null where it cannot or will not: ask libvips
// then, which also says why.
ImagePtr decode_jpeg(std::span<const std::uint8_t> file, VipsImage* header, const JpegNeed& need);

}  // namespace atelier::media::picture

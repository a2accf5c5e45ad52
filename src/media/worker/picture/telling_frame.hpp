#pragma once

#include <cstdint>

#include "media/worker/container/image_header.hpp"
#include "media/worker/container/stream_header.hpp"

namespace atelier::media::picture {

// Where a video shows something: many begin with black, or with one colour.
struct TellingFrame {
  std::int64_t at_frame = 0;    // at the video's own rate
  container::ImagePtr picture;  // at most `width` wide, 8-bit sRGB, upright
};

// The first of a few places that is neither dark nor of one colour; the most varied where none is.
Result<TellingFrame> find_telling_frame(container::OpenStream& stream, int width);

// Where a video is looked at first, in seconds.
double first_place_seconds(const container::StreamHeader& header) noexcept;

}  // namespace atelier::media::picture

#pragma once

#include <cstdint>

#include "media/worker/container/image_header.hpp"
#include "media/worker/container/stream_header.hpp"

namespace atelier::media::container {

// One frame of an opened video as a picture no wider than `width`, in sRGB, turned as the file says. `at_frame` counts
// at the video's own rate; past the end it is the last frame.
Result<ImagePtr> decode_frame(OpenStream& stream, std::int64_t at_frame, int width);

}  // namespace atelier::media::container

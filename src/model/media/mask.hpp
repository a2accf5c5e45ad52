#pragma once

#include "model/media/request.hpp"

namespace atelier::model {

// Of the largest mask that is turned: what a model of today takes, and little enough work for one of our threads.
inline constexpr std::uint32_t kMaskPixelsMax = 16'000'000;

// A mask as providers have it that look at brightness: what ours has transparent becomes white, and the rest black, in
// a PNG of 8 bits of grey. Read line by line, never held whole. invalid_argument ("/inputs"): it is no PNG
// with transparency, or interlaced, too large, or broken.
Result<MediaInput> white_mask(const MediaInput& mask);

}  // namespace atelier::model

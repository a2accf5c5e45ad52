#pragma once

#include "media/worker/caption/renderer.hpp"
#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/kernels.hpp"

namespace atelier::media::picture {

// Lays a caption over a frame, as caption::Overlay says. What lies outside the frame is cut off.
void blend(const caption::Overlay& overlay, const Kernels& kernels, Frame& frame);

}  // namespace atelier::media::picture

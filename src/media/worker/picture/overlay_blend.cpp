#include "media/worker/picture/overlay_blend.hpp"

#include <algorithm>
#include <vector>

namespace atelier::media::picture {
namespace {

struct Box {
  std::int32_t x, y, width, height;
};

void blend_plane(const std::vector<std::uint8_t>& colour, const std::vector<std::uint8_t>& alpha, const Box& box,
                 const Kernels& kernels, const Plane& target) {
  const std::int32_t left = std::clamp(box.x, 0, target.width);
  const std::int32_t right = std::clamp(box.x + box.width, 0, target.width);
  const std::int32_t top = std::clamp(box.y, 0, target.height);
  const std::int32_t bottom = std::clamp(box.y + box.height, 0, target.height);
  for (std::int32_t y = top; y < bottom && left < right; ++y) {
    const auto offset = static_cast<std::size_t>(y - box.y) * static_cast<std::size_t>(box.width) +
                        static_cast<std::size_t>(left - box.x);
    kernels.blend_row({colour.data() + offset, alpha.data() + offset}, right - left, target.row(y) + left);
  }
}

}  // namespace

void blend(const caption::Overlay& overlay, const Kernels& kernels, Frame& frame) {
  if (overlay.is_empty()) return;
  const Box luma{overlay.x, overlay.y, overlay.width, overlay.height};
  const Box chroma{overlay.x / 2, overlay.y / 2, overlay.width / 2, overlay.height / 2};
  blend_plane(overlay.luma, overlay.alpha, luma, kernels, frame.plane(0));
  blend_plane(overlay.cb, overlay.alpha_chroma, chroma, kernels, frame.plane(1));
  blend_plane(overlay.cr, overlay.alpha_chroma, chroma, kernels, frame.plane(2));
}

}  // namespace atelier::media::picture

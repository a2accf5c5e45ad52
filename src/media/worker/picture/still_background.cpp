#include <algorithm>
#include <utility>

#include "media/worker/picture/background.hpp"
#include "media/worker/picture/sampler.hpp"
#include "media/worker/picture/still_file.hpp"

namespace atelier::media::picture {
namespace {

// A photograph may be bright where captions stand: from above them downwards it is dimmed a little, and the very top
// less so. Fixed to the frame, so it does not move with the picture.
RowTable caption_shade(std::int32_t height) {
  constexpr std::int32_t kFull = 32'767;
  constexpr std::int32_t kDimmed = 23'500;  // 0.72
  RowTable table;
  table.gain.resize(static_cast<std::size_t>(height));
  for (std::int32_t y = 0; y < height; ++y) {
    // Smoothly from 36 % of the height to 62 %.
    const std::int64_t span = std::max(height * 26 / 100, 1);
    const std::int64_t way = std::clamp<std::int64_t>(y - height * 36 / 100, 0, span);
    const std::int64_t eased = way * way * (3 * span - 2 * way);  // of span^3
    const std::int64_t lost = (kFull - kDimmed) * eased / (span * span * span);
    table.gain[static_cast<std::size_t>(y)] = static_cast<std::int16_t>(kFull - lost);
  }
  return table;
}

class StillBackground final : public Background {
 public:
  StillBackground(StillFile still, Extent frame, std::int32_t fps, std::uint64_t seed)
      : still_(std::move(still)),
        motion_(still_.extent(), frame, fps, seed),
        sampler_(frame, best_kernels()),
        shade_(caption_shade(frame.height)) {}

  Result<> draw(std::int64_t frame_index, Frame& target) override {
    sampler_.draw(still_.planes(), motion_.at(frame_index), shade_, target);
    return {};
  }

 private:
  StillFile still_;
  Motion motion_;
  Sampler sampler_;
  RowTable shade_;
};

}  // namespace

Result<std::unique_ptr<Background>> make_still_background(int fd, Extent frame, std::int32_t fps, std::uint64_t seed) {
  auto still = StillFile::open(fd, frame);
  if (!still) return error_of(still);
  return std::make_unique<StillBackground>(std::move(*still), frame, fps, seed);
}

}  // namespace atelier::media::picture

#pragma once

#include <cstdint>

namespace atelier::media::picture {

// Positions in a picture are 64-bit fixed point with 32 fractional bits: exact however far a row runs.
using Position = std::int64_t;
inline constexpr int kPositionBits = 32;
inline constexpr Position kOnePixel = Position{1} << kPositionBits;

// The part of a source picture that fills the frame: where the frame's luma sample (0, 0) falls, and how many source
// samples lie between two of the frame's.
struct View {
  Position left;
  Position top;
  Position step;
};

struct Extent {
  std::int32_t width;
  std::int32_t height;
};

// How much larger than the frame a still is kept, so that there is room to move in: 5/4.
Extent still_extent(std::int32_t frame_width, std::int32_t frame_height) noexcept;

// The slow zoom and drift of a still. A function of the frame's index in the scene alone: how long the scene is does
// not enter, so that a longer text leaves the frames before it as they were. The way there is n / (n + tau): it starts
// at once, slows without end, and never leaves the picture.
class Motion {
 public:
  Motion(Extent source, Extent frame, std::int32_t fps, std::uint64_t seed) noexcept;

  View at(std::int64_t frame_index) const noexcept;

 private:
  struct Pose {
    Position step;
    // Of the room beside the view, 0 to 2^16: 2^15 is centred.
    std::int64_t x;
    std::int64_t y;
  };
  View view(Position step, std::int64_t x, std::int64_t y) const noexcept;

  Extent source_;
  Extent frame_;
  std::int64_t tau_frames_;
  Pose from_{};
  Pose to_{};
};

}  // namespace atelier::media::picture

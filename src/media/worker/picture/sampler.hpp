#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/kernels.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// How much of a frame's brightness is kept, row by row: darker where captions stand. `gain` has one weight (0 to 32767)
// per luma row; empty keeps all.
struct RowTable {
  std::vector<std::int16_t> gain;
};

// Resamples a 4:2:0 picture at sub-pixel positions, bilinearly, with 15 fractional bits. Every row and column position
// is computed from the view directly, so nothing drifts. The steps of a view must lie between 1/2 and 2.
class Sampler {
 public:
  Sampler(Extent frame, const Kernels& kernels);

  // The last row of each source plane must be followed by 16 readable bytes.
  void draw(const std::array<ConstPlane, 3>& source, const View& view, const RowTable& shade, Frame& target);

 private:
  void aim(Position left, Position step, std::int32_t source_width, std::int32_t columns);
  void draw_plane(const ConstPlane& source, Position top, Position step, const RowTable& shade, int index,
                  const Plane& target);
  const std::int16_t* sampled_row(const ConstPlane& source, std::int32_t row, std::int32_t columns);

  const Kernels& kernels_;
  ColumnTaps taps_;
  // The two source rows last sampled; a row lives in slot (row mod 2).
  std::array<std::vector<std::int16_t>, 2> rows_;
  std::array<std::int32_t, 2> row_in_slot_{};
};

}  // namespace atelier::media::picture

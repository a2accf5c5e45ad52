#include "media/worker/picture/sampler.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace atelier::media::picture {
namespace {

constexpr int kWeightBits = 15;

struct Tap {
  std::int32_t first;
  std::int32_t second;
  std::int16_t weight;
};

// Positions outside the picture take its edge.
Tap tap_at(Position position, std::int32_t size) {
  const Position inside = std::clamp<Position>(position, 0, (Position{size} - 1) * kOnePixel);
  const auto first = static_cast<std::int32_t>(inside >> kPositionBits);
  const auto weight = static_cast<std::int16_t>((inside & (kOnePixel - 1)) >> (kPositionBits - kWeightBits));
  return {first, std::min(first + 1, size - 1), weight};
}

}  // namespace

Sampler::Sampler(Extent frame, const Kernels& kernels) : kernels_(kernels) {
  const auto columns = static_cast<std::size_t>(aligned_stride(frame.width));
  taps_.base.resize(columns / 8);
  taps_.left.assign(columns * 2, 0x80);
  taps_.right.assign(columns * 2, 0x80);
  taps_.weight.resize(columns);
  for (auto& row : rows_) row.resize(columns);
}

void Sampler::aim(Position left, Position step, std::int32_t source_width, std::int32_t columns) {
  const std::int32_t whole = (columns + 15) / 16 * 16;
  for (std::int32_t x = 0; x < whole; ++x) {
    const Tap tap = tap_at(left + x * step, source_width);
    const auto group = static_cast<std::size_t>(x / 8);
    if (x % 8 == 0) taps_.base[group] = tap.first;
    const auto at = static_cast<std::size_t>(x);
    taps_.left[at * 2 + 1] = static_cast<std::uint8_t>(tap.first - taps_.base[group]);
    taps_.right[at * 2 + 1] = static_cast<std::uint8_t>(tap.second - taps_.base[group]);
    taps_.weight[at] = tap.weight;
  }
}

const std::int16_t* Sampler::sampled_row(const ConstPlane& source, std::int32_t row, std::int32_t columns) {
  const auto slot = static_cast<std::size_t>(row % 2);
  if (row_in_slot_[slot] != row) {
    kernels_.sample_row(source.row(row), taps_, columns, rows_[slot].data());
    row_in_slot_[slot] = row;
  }
  return rows_[slot].data();
}

void Sampler::draw_plane(const ConstPlane& source, Position top, Position step, const RowTable& shade, int index,
                         const Plane& target) {
  row_in_slot_ = {-1, -1};
  const auto pivot = static_cast<std::int16_t>((index == 0 ? 16 : 128) << 7);
  for (std::int32_t y = 0; y < target.height; ++y) {
    const Tap tap = tap_at(top + y * step, source.height);
    const std::int16_t* upper = sampled_row(source, tap.first, target.width);
    const std::int16_t* lower = sampled_row(source, tap.second, target.width);
    const std::int16_t gain =
        shade.gain.empty() ? std::int16_t{32767} : shade.gain[static_cast<std::size_t>(index == 0 ? y : 2 * y)];
    if (gain == 32767)
      kernels_.mix_rows(upper, lower, tap.weight, target.width, target.row(y));
    else
      kernels_.mix_rows_shaded(upper, lower, tap.weight, {pivot, gain}, target.width, target.row(y));
  }
}

void Sampler::draw(const std::array<ConstPlane, 3>& source, const View& view, const RowTable& shade, Frame& target) {
  ensure(view.step >= kOnePixel / 2 && view.step <= 2 * kOnePixel, "a view's step is 1/2 to 2");
  aim(view.left, view.step, source[0].width, target.width());
  draw_plane(source[0], view.top, view.step, shade, 0, target.plane(0));
  // Chroma is sited on the left luma sample of its pair, and between the two rows.
  aim(view.left / 2, view.step, source[1].width, target.width() / 2);
  const Position chroma_top = view.top / 2 + (view.step - kOnePixel) / 4;
  for (int index = 1; index < 3; ++index)
    draw_plane(source[static_cast<std::size_t>(index)], chroma_top, view.step, shade, index, target.plane(index));
}

}  // namespace atelier::media::picture

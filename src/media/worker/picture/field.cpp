#include "media/worker/picture/field.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "media/worker/picture/dither.hpp"

namespace atelier::media::picture {
namespace {

// 8.7 of BT.709 limited range; half a unit for rounding is in the offset.
constexpr float kScale = 128.0F;
constexpr float kLumaOffset = 16.0F * kScale + 0.5F;
constexpr float kChromaOffset = 128.0F * kScale + 0.5F;
constexpr float kYRed = 0.2126F * 219.0F * kScale, kYGreen = 0.7152F * 219.0F * kScale,
                kYBlue = 0.0722F * 219.0F * kScale;
constexpr float kURed = -0.114572F * 224.0F * kScale, kUGreen = -0.385428F * 224.0F * kScale,
                kUBlue = 0.5F * 224.0F * kScale;
constexpr float kVRed = 0.5F * 224.0F * kScale, kVGreen = -0.454153F * 224.0F * kScale,
                kVBlue = -0.045847F * 224.0F * kScale;

// Beyond the last cell a kernel may read 16 more.
constexpr std::int32_t kReadAhead = 32;

}  // namespace

std::array<std::int16_t, 3> to_samples(const Rgb& colour) noexcept {
  const auto [red, green, blue] = colour;
  return {static_cast<std::int16_t>(kLumaOffset + red * kYRed + green * kYGreen + blue * kYBlue),
          static_cast<std::int16_t>(kChromaOffset + red * kURed + green * kUGreen + blue * kUBlue),
          static_cast<std::int16_t>(kChromaOffset + red * kVRed + green * kVGreen + blue * kVBlue)};
}

Field::Field(Extent frame, std::int32_t cell, const Kernels& kernels)
    : kernels_(kernels),
      frame_(frame),
      cell_(cell),
      columns_((frame.width + cell - 1) / cell + 1),
      rows_((frame.height + cell - 1) / cell + 1),
      stride_((columns_ + kReadAhead + 15) / 16 * 16) {
  ensure(cell == 4 || cell == 8 || cell == 16, "a field's cell is 4, 8 or 16");
  for (auto& plane : planes_) plane.resize(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(rows_));
  mixed_.resize(static_cast<std::size_t>(stride_));
  expanded_.resize(static_cast<std::size_t>(aligned_stride(frame.width)));
}

ColourRow Field::make_row() const {
  const auto count = static_cast<std::size_t>(columns_);
  return {std::vector<float>(count), std::vector<float>(count), std::vector<float>(count)};
}

std::int16_t* Field::cells(int plane, std::int32_t row) noexcept {
  return planes_[static_cast<std::size_t>(plane)].data() + static_cast<std::ptrdiff_t>(row) * stride_;
}

void Field::set_row(std::int32_t row, const ColourRow& colours) {
  std::int16_t* y = cells(0, row);
  std::int16_t* u = cells(1, row);
  std::int16_t* v = cells(2, row);
  const float* reds = colours.red.data();
  const float* greens = colours.green.data();
  const float* blues = colours.blue.data();
  for (std::int32_t x = 0; x < columns_; ++x) {
    const float red = std::min(std::max(reds[x], 0.0F), 1.0F);
    const float green = std::min(std::max(greens[x], 0.0F), 1.0F);
    const float blue = std::min(std::max(blues[x], 0.0F), 1.0F);
    y[x] = static_cast<std::int16_t>(kLumaOffset + red * kYRed + green * kYGreen + blue * kYBlue);
    u[x] = static_cast<std::int16_t>(kChromaOffset + red * kURed + green * kUGreen + blue * kUBlue);
    v[x] = static_cast<std::int16_t>(kChromaOffset + red * kVRed + green * kVGreen + blue * kVBlue);
  }
}

void Field::paint(Frame& target, Layer* layer) {
  for (int index = 0; index < 3; ++index) {
    const Plane plane = target.plane(index);
    const std::int32_t cell = index == 0 ? cell_ : cell_ / 2;
    for (std::int32_t y = 0; y < plane.height; ++y) {
      if (layer == nullptr || !layer->covers(index, y)) {
        const auto weight = static_cast<std::int16_t>((y % cell) * (32768 / cell));
        kernels_.mix_cells(cells(index, y / cell), cells(index, y / cell + 1), weight, columns_, mixed_.data());
        kernels_.expand_row(mixed_.data(), cell, plane.width, expanded_.data());
      }
      if (layer != nullptr) layer->draw(index, y, plane.width, expanded_.data());
      kernels_.dither_row(expanded_.data(), dither_pattern(y), plane.width, plane.row(y));
    }
  }
}

}  // namespace atelier::media::picture

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/kernels.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

struct Rgb {
  float red, green, blue;  // R'G'B', 0 to 1
};

// One row of colours, apart.
struct ColourRow {
  std::vector<float> red, green, blue;
};

// A coarse picture of soft light: one colour per `cell` luma samples, kept in Y'CbCr with 7 fractional bits, stretched
// linearly to a frame and dithered, so that dark gradients show no bands. Cheap enough to be drawn anew each frame.
class Field {
 public:
  // `cell` is 4, 8 or 16 luma samples.
  Field(Extent frame, std::int32_t cell, const Kernels& kernels);

  std::int32_t columns() const noexcept { return columns_; }
  std::int32_t rows() const noexcept { return rows_; }
  // Where a grid column or row lies, in frame heights.
  float position(std::int32_t index) const noexcept {
    return static_cast<float>(index * cell_) / static_cast<float>(frame_.height);
  }
  ColourRow make_row() const;
  // Clips to 0..1 and converts to BT.709.
  void set_row(std::int32_t row, const ColourRow& colours);

  // What else a row of the stretched picture gets before it is dithered. `plane` is 0 to 2, `samples` 8.7.
  class Layer {
   public:
    virtual ~Layer() = default;
    virtual void draw(int plane, std::int32_t row, std::int32_t count, std::int16_t* samples) = 0;
    // Whether the layer hides all of this row, so that nothing below need be drawn.
    virtual bool covers(int plane, std::int32_t row) = 0;
  };
  void paint(Frame& target, Layer* layer = nullptr);

 private:
  std::int16_t* cells(int plane, std::int32_t row) noexcept;

  const Kernels& kernels_;
  Extent frame_;
  std::int32_t cell_;
  std::int32_t columns_;
  std::int32_t rows_;
  std::int32_t stride_;
  std::array<std::vector<std::int16_t>, 3> planes_;
  std::vector<std::int16_t> mixed_;
  std::vector<std::int16_t> expanded_;
};

// BT.709 limited range in 8.7.
std::array<std::int16_t, 3> to_samples(const Rgb& colour) noexcept;

}  // namespace atelier::media::picture

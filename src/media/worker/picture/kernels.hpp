#pragma once

#include <cstdint>
#include <vector>

namespace atelier::media::picture {

// The inner loops of the compositor. Each exists in plain C++ and for AVX2, and both give the same bytes: all
// arithmetic is 16-bit fixed point with pmulhrsw's rounding, (a * b + 2^14) >> 15.
// A sample is held as code * 128 ("8.7"), a weight as value * 32768 (0 to 32767). `count` is in samples; kernels work
// in whole blocks of 16, so every row they touch must be allocated up to the next multiple of 16.

// Where each output column reads its source row: for every block of 8 columns the first source byte, and for each
// column which two of the 16 bytes from there are mixed, and how. The same for all rows of a plane.
struct ColumnTaps {
  std::vector<std::int32_t> base;    // one per 8 columns; base + 16 bytes must be readable
  std::vector<std::uint8_t> left;    // 16 per 8 columns: shuffle control, odd bytes select, even bytes are 0x80
  std::vector<std::uint8_t> right;   // likewise
  std::vector<std::int16_t> weight;  // of the right sample
};

struct RowShade {
  std::int16_t pivot;  // 8.7; what the row is pulled towards
  std::int16_t gain;   // weight kept of the distance from it; 32767 is all
};

// Premultiplied: target = target * (255 - alpha) / 255 + colour, rounded, saturated.
struct BlendRow {
  const std::uint8_t* colour;
  const std::uint8_t* alpha;
};

struct Kernels {
  void (*sample_row)(const std::uint8_t* source, const ColumnTaps& taps, std::int32_t count, std::int16_t* out);
  // out = round(upper + (lower - upper) * weight)
  void (*mix_rows)(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight, std::int32_t count,
                   std::uint8_t* out);
  void (*mix_rows_shaded)(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight, RowShade shade,
                          std::int32_t count, std::uint8_t* out);
  // out = upper + (lower - upper) * weight, still 8.7
  void (*mix_cells)(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight, std::int32_t count,
                    std::int16_t* out);
  // Stretches cells to `cell` (2, 4, 8 or 16) samples each, linearly. Reads up to 16 cells past the last whole one.
  void (*expand_row)(const std::int16_t* cells, std::int32_t cell, std::int32_t count, std::int16_t* out);
  // Lays a ridge over a row: it covers what lies below its edge (`edge` in 1/16 rows, anti-aliased over one row), in
  // `fill`, with `glow` added at the edge and fading over 2^glow_shift rows.
  struct Ridge {
    const std::uint16_t* edge;
    std::int32_t row;  // 0 to 4094
    std::int16_t fill;
    std::int16_t glow;
    std::int32_t glow_shift;
  };
  void (*cover_row)(const Ridge& ridge, std::int32_t count, std::int16_t* row);
  // To bytes: adds the dither pattern (64 values of 0 to 127, repeated) and drops the fraction.
  void (*dither_row)(const std::int16_t* row, const std::int16_t* pattern, std::int32_t count, std::uint8_t* out);
  void (*blend_row)(BlendRow overlay, std::int32_t count, std::uint8_t* target);
};

const Kernels& scalar_kernels() noexcept;
// Null where the compiler or the processor has none.
const Kernels* avx2_kernels() noexcept;
// The fastest this processor has.
const Kernels& best_kernels() noexcept;

}  // namespace atelier::media::picture

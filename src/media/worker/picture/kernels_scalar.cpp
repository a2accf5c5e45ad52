#include <algorithm>

#include "media/worker/picture/kernels.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int32_t kBlock = 16;

constexpr std::int32_t whole_blocks(std::int32_t count) { return (count + kBlock - 1) / kBlock * kBlock; }

// pmulhrsw
constexpr std::int16_t scaled(std::int16_t value, std::int16_t weight) {
  return static_cast<std::int16_t>((value * weight + 0x4000) >> 15);
}

constexpr std::int16_t sum(std::int16_t a, std::int16_t b) { return static_cast<std::int16_t>(a + b); }
constexpr std::int16_t difference(std::int16_t a, std::int16_t b) { return static_cast<std::int16_t>(a - b); }

constexpr std::uint8_t to_byte(std::int32_t value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }
constexpr std::uint8_t rounded(std::int16_t value) { return to_byte(sum(value, 64) >> 7); }

constexpr std::int16_t mixed(std::int16_t from, std::int16_t to, std::int16_t weight) {
  return sum(from, scaled(difference(to, from), weight));
}

void sample_row(const std::uint8_t* source, const ColumnTaps& taps, std::int32_t count, std::int16_t* out) {
  const std::int32_t whole = whole_blocks(count);
  for (std::int32_t x = 0; x < whole; ++x) {
    const auto group = static_cast<std::size_t>(x / 8);
    const auto select = group * 16 + static_cast<std::size_t>(x % 8) * 2 + 1;
    const std::uint8_t* from = source + taps.base[group];
    const auto left = static_cast<std::int16_t>(from[taps.left[select]] << 7);
    const auto right = static_cast<std::int16_t>(from[taps.right[select]] << 7);
    out[x] = mixed(left, right, taps.weight[static_cast<std::size_t>(x)]);
  }
}

void mix_rows(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight, std::int32_t count,
              std::uint8_t* out) {
  const std::int32_t whole = whole_blocks(count);
  for (std::int32_t x = 0; x < whole; ++x) out[x] = rounded(mixed(upper[x], lower[x], weight));
}

void mix_rows_shaded(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight, RowShade shade,
                     std::int32_t count, std::uint8_t* out) {
  const std::int32_t whole = whole_blocks(count);
  for (std::int32_t x = 0; x < whole; ++x) {
    const std::int16_t value = mixed(upper[x], lower[x], weight);
    out[x] = rounded(sum(shade.pivot, scaled(difference(value, shade.pivot), shade.gain)));
  }
}

void mix_cells(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight, std::int32_t count,
               std::int16_t* out) {
  const std::int32_t whole = whole_blocks(count);
  for (std::int32_t x = 0; x < whole; ++x) out[x] = mixed(upper[x], lower[x], weight);
}

void expand_row(const std::int16_t* cells, std::int32_t cell, std::int32_t count, std::int16_t* out) {
  const std::int32_t whole = whole_blocks(count);
  for (std::int32_t x = 0; x < whole; ++x) {
    const std::int32_t index = x / cell;
    const auto weight = static_cast<std::int16_t>((x % cell) * (32768 / cell));
    out[x] = mixed(cells[index], cells[index + 1], weight);
  }
}

void cover_row(const Kernels::Ridge& ridge, std::int32_t count, std::int16_t* row) {
  const std::int32_t whole = whole_blocks(count);
  const std::int32_t bottom = (ridge.row + 1) << 4;
  const std::int32_t reach = (1 << (ridge.glow_shift + 4)) - 1;
  for (std::int32_t x = 0; x < whole; ++x) {
    const std::int32_t depth = std::max(bottom - ridge.edge[x], 0);
    const auto cover = static_cast<std::int16_t>(std::min(depth, 16) * 2047);
    const auto near = static_cast<std::int16_t>(std::max(reach - depth, 0) << (11 - ridge.glow_shift));
    const std::int16_t value = sum(ridge.fill, scaled(ridge.glow, scaled(near, near)));
    row[x] = mixed(row[x], value, cover);
  }
}

void dither_row(const std::int16_t* row, const std::int16_t* pattern, std::int32_t count, std::uint8_t* out) {
  const std::int32_t whole = whole_blocks(count);
  for (std::int32_t x = 0; x < whole; ++x) out[x] = to_byte(sum(row[x], pattern[x % 64]) >> 7);
}

void blend_row(BlendRow overlay, std::int32_t count, std::uint8_t* target) {
  for (std::int32_t x = 0; x < count; ++x) {
    const std::int32_t scaled_up = target[x] * (255 - overlay.alpha[x]) + 128;
    target[x] = to_byte(((scaled_up + (scaled_up >> 8)) >> 8) + overlay.colour[x]);
  }
}

constexpr Kernels kScalar{sample_row, mix_rows,  mix_rows_shaded, mix_cells,
                          expand_row, cover_row, dither_row,      blend_row};

}  // namespace

const Kernels& scalar_kernels() noexcept { return kScalar; }

const Kernels& best_kernels() noexcept {
  static const Kernels& best = avx2_kernels() != nullptr ? *avx2_kernels() : kScalar;
  return best;
}

}  // namespace atelier::media::picture

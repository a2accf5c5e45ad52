#pragma once

#include <cstdint>

#include "media/worker/picture/frame.hpp"

namespace atelier::media::picture {

// Between R'G'B' (sRGB's transfer is taken for BT.709's, as everyone does) and Y'CbCr BT.709 in limited range: Y 16 to
// 235, Cb and Cr 16 to 240.

// 8-bit R, G, B interleaved, tightly packed, `width` and `height` even. Chroma is averaged with weights 1 2 1 around
// its left siting and over two rows.
void rgb_to_yuv420(const std::uint8_t* rgb, std::int32_t width, std::int32_t height, const Plane (&planes)[3]);

// The other way, chroma interpolated; `rgb` takes width * height * 3 bytes.
void yuv420_to_rgb(const Frame& frame, std::uint8_t* rgb);

struct Yuv8 {
  std::uint8_t y, u, v;
};
// One colour, with the rounding of rgb_to_yuv420.
Yuv8 rgb_to_yuv(std::uint8_t red, std::uint8_t green, std::uint8_t blue) noexcept;

}  // namespace atelier::media::picture

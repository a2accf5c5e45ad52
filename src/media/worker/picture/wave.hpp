#pragma once

#include <cstdint>

namespace atelier::media::picture {

// Arithmetic for moving pictures that is the same on every machine: the C library's sin and exp are not, and a compiler
// may turn these loops into vectors without changing a bit.

// A sine within 0.001, of an angle in turns between -500 and 500.
inline float wave(float turns) noexcept {
  const float nearest = static_cast<float>(static_cast<std::int32_t>(turns + 512.5F) - 512);
  const float part = turns - nearest;  // -0.5 to 0.5
  const float size = part < 0.0F ? -part : part;
  const float parabola = 8.0F * part - 16.0F * part * size;
  const float height = parabola < 0.0F ? -parabola : parabola;
  return parabola * (0.775F + 0.225F * height);
}

// How far something that makes `turns_per_second` has turned at a frame: 0 to 1, whole turns dropped, so that it stays
// exact however long a scene is.
inline float phase(std::int64_t frame_index, std::int32_t fps, double turns_per_second) noexcept {
  const double turns = static_cast<double>(frame_index) * turns_per_second / static_cast<double>(fps);
  return static_cast<float>(turns - static_cast<double>(static_cast<std::int64_t>(turns)));
}

inline float clamp01(float value) noexcept { return value < 0.0F ? 0.0F : (value > 1.0F ? 1.0F : value); }
inline float smooth(float value) noexcept {
  const float t = clamp01(value);
  return t * t * (3.0F - 2.0F * t);
}
inline float mix(float from, float to, float share) noexcept { return from + (to - from) * share; }

}  // namespace atelier::media::picture

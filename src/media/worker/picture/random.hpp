#pragma once

#include <cstdint>

namespace atelier::media::picture {

// splitmix64: a small generator whose numbers are the same everywhere (those of <random>'s distributions are not).
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept {
    std::uint64_t value = state_ += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }
  // 0 to count - 1.
  constexpr std::uint32_t below(std::uint32_t count) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * count) >> 32);
  }
  constexpr float between(float low, float high) noexcept {
    return low + (high - low) * (static_cast<float>(next() >> 40) / 16777216.0F);
  }

 private:
  std::uint64_t state_;
};

}  // namespace atelier::media::picture

#include "media/worker/picture/resample.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

// Both versions do the same integer arithmetic: the wider one is only faster.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ATELIER_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define ATELIER_WIDE
#endif

namespace atelier::media::picture {
namespace {

constexpr double kLobes = 3;
constexpr int kWeightBits = 14;
constexpr std::int32_t kWeightOne = 1 << kWeightBits;
constexpr int kFractionBits = 4;  // of what stands between the two passes: 255 * 16 * kWeightOne fits 32 bits
constexpr std::size_t kChannels = 3;

double lanczos(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= kLobes) return 0;
  const double turn = std::numbers::pi * x;
  return kLobes * std::sin(turn) * std::sin(turn / kLobes) / (turn * turn);
}

// Of which source samples each target sample is made: `count` from `first[i]` on, with these weights, which add up to
// kWeightOne.
struct Taps {
  std::size_t count = 0;
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> weights;  // `count` of each target sample
};

void set_weights(std::int32_t* weights, std::size_t count, double middle, double reach) {
  std::vector<double> exact(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    exact[i] = lanczos((static_cast<double>(i) - middle) / reach);
    sum += exact[i];
  }
  std::int32_t left = kWeightOne;
  std::size_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    weights[i] = static_cast<std::int32_t>(std::lround(exact[i] / sum * kWeightOne));
    left -= weights[i];
    if (weights[i] > weights[largest]) largest = i;
  }
  weights[largest] += left;  // of rounding: an even surface stays as it is
}

Taps make_taps(std::int32_t source, double from, double length, std::int32_t target) {
  const double step = length / target;
  const double reach = std::max(step, 1.0);
  Taps taps;
  taps.count = std::min(static_cast<std::size_t>(2 * std::ceil(kLobes * reach)), static_cast<std::size_t>(source));
  taps.first.resize(static_cast<std::size_t>(target));
  taps.weights.resize(taps.count * static_cast<std::size_t>(target));
  for (std::size_t i = 0; i < taps.first.size(); ++i) {
    const double middle = from + (static_cast<double>(i) + 0.5) * step - 0.5;
    const auto ideal = static_cast<std::int32_t>(std::floor(middle)) - static_cast<std::int32_t>(taps.count / 2) + 1;
    taps.first[i] = std::clamp(ideal, 0, source - static_cast<std::int32_t>(taps.count));
    set_weights(taps.weights.data() + i * taps.count, taps.count, middle - taps.first[i], reach);
  }
  return taps;
}

// A row made of `count` rows, `stride` bytes apart, with kFractionBits more than the samples have.
ATELIER_WIDE void mix_whole_rows(const std::uint8_t* from, std::size_t stride, const std::int32_t* weights,
                                 std::size_t count, std::size_t width, std::int32_t* out) {
  for (std::size_t x = 0; x < width; ++x) out[x] = 1 << (kWeightBits - kFractionBits - 1);
  for (std::size_t tap = 0; tap < count; ++tap) {
    const std::uint8_t* row = from + tap * stride;
    const std::int32_t weight = weights[tap];
    for (std::size_t x = 0; x < width; ++x) out[x] += weight * row[x];
  }
  for (std::size_t x = 0; x < width; ++x) out[x] >>= kWeightBits - kFractionBits;
}

using FourSums [[gnu::vector_size(16)]] = std::int32_t;

// A row's pixels, each made of `count` neighbours. Reads one sample past the row.
ATELIER_WIDE void mix_along_row(const std::int32_t* row, const std::int32_t* first, const std::int32_t* all_weights,
                                std::size_t count, std::size_t width, std::uint8_t* out) {
  constexpr int kShift = kWeightBits + kFractionBits;
  constexpr std::int32_t kHalf = 1 << (kShift - 1);
  for (std::size_t x = 0; x < width; ++x) {
    const std::int32_t* from = row + static_cast<std::size_t>(first[x]) * kChannels;
    const std::int32_t* weights = all_weights + x * count;
    FourSums sums = {kHalf, kHalf, kHalf, kHalf};
    for (std::size_t tap = 0; tap < count; ++tap) {
      FourSums pixel;
      std::memcpy(&pixel, from + tap * kChannels, sizeof pixel);
      sums += pixel * weights[tap];
    }
    sums >>= kShift;
    for (std::size_t channel = 0; channel < kChannels; ++channel)
      out[x * kChannels + channel] = static_cast<std::uint8_t>(std::clamp(sums[channel], 0, 255));
  }
}

}  // namespace

std::vector<std::uint8_t> resample_rgb(std::span<const std::uint8_t> rgb, Extent size, const PicturePart& part,
                                       Extent wanted) {
  const Taps across = make_taps(size.width, part.left, part.width, wanted.width);
  const Taps down = make_taps(size.height, part.top, part.height, wanted.height);
  // Rows first, each in the columns that are needed at all: there the processor does many samples at once.
  const auto left = static_cast<std::size_t>(across.first.front());
  const std::size_t columns = static_cast<std::size_t>(across.first.back()) + across.count - left;
  std::vector<std::int32_t> first(across.first);
  for (std::int32_t& one : first) one -= across.first.front();
  const std::size_t stride = static_cast<std::size_t>(size.width) * kChannels, used = columns * kChannels;
  std::vector<std::int32_t> mixed(used + 1);
  const auto width = static_cast<std::size_t>(wanted.width);
  std::vector<std::uint8_t> out(width * static_cast<std::size_t>(wanted.height) * kChannels);
  for (std::size_t y = 0; y < down.first.size(); ++y) {
    const std::uint8_t* from = rgb.data() + static_cast<std::size_t>(down.first[y]) * stride + left * kChannels;
    mix_whole_rows(from, stride, down.weights.data() + y * down.count, down.count, used, mixed.data());
    mix_along_row(mixed.data(), first.data(), across.weights.data(), across.count, width,
                  out.data() + y * width * kChannels);
  }
  return out;
}

}  // namespace atelier::media::picture

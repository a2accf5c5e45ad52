#include "media/worker/picture/dither.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "media/worker/picture/random.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::size_t kSide = 64;
constexpr std::size_t kCount = kSide * kSide;
constexpr int kRounds = 12;

using Values = std::array<std::int32_t, kCount>;

// Weighted sum of the 5 x 5 neighbourhood around (row, column) on the torus.
std::int32_t neighbourhood(const Values& values, std::size_t row, std::size_t column) {
  constexpr std::array kWeights = {1, 4, 6, 4, 1};
  std::int32_t sum = 0;
  for (std::size_t dy = 0; dy < 5; ++dy)
    for (std::size_t dx = 0; dx < 5; ++dx) {
      const std::size_t y = (row + dy + kSide - 2) % kSide;
      const std::size_t x = (column + dx + kSide - 2) % kSide;
      sum += kWeights[dy] * kWeights[dx] * values[y * kSide + x];
    }
  return sum;
}

// Gives every place its rank, 0 to 4095, by its value; places of one value in their order.
void rank(const Values& values, Values& ranks) {
  std::array<std::uint16_t, kCount> order;
  for (std::size_t i = 0; i < kCount; ++i) order[i] = static_cast<std::uint16_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](std::uint16_t a, std::uint16_t b) { return values[a] < values[b]; });
  for (std::size_t i = 0; i < kCount; ++i) ranks[order[i]] = static_cast<std::int32_t>(i);
}

// White noise, its low frequencies taken out and its distribution made flat again, over and over.
std::array<std::int16_t, kCount> make_tile() {
  Values ranks{};
  Values values{};
  Random random(0x0a7e11e5);
  for (auto& value : values) value = static_cast<std::int32_t>(random.below(1U << 30));
  rank(values, ranks);
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kCount; ++i) values[i] = 256 * ranks[i] - neighbourhood(ranks, i / kSide, i % kSide);
    rank(values, ranks);
  }
  std::array<std::int16_t, kCount> tile{};
  for (std::size_t i = 0; i < kCount; ++i)
    tile[i] = static_cast<std::int16_t>(ranks[i] * 128 / static_cast<std::int32_t>(kCount));
  return tile;
}

}  // namespace

const std::int16_t* dither_pattern(std::int32_t row) noexcept {
  static const std::array<std::int16_t, kCount> tile = make_tile();
  return tile.data() + static_cast<std::size_t>(row) % kSide * kSide;
}

}  // namespace atelier::media::picture

#include "media/worker/picture/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "media/worker/picture/random.hpp"

namespace atelier::media::picture {
namespace {

// Both versions of each kernel over the same random rows; every byte must agree, up to the next block of 16.
class VectorKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (avx2_kernels() == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  }
  const Kernels& plain() const { return scalar_kernels(); }
  const Kernels& vector() const { return *avx2_kernels(); }

  std::vector<std::int16_t> samples(std::size_t count, std::uint32_t limit = 32'641) {
    std::vector<std::int16_t> row(count);
    for (auto& sample : row) sample = static_cast<std::int16_t>(random_.below(limit));
    return row;
  }
  std::vector<std::uint8_t> bytes(std::size_t count) {
    std::vector<std::uint8_t> row(count);
    for (auto& byte : row) byte = static_cast<std::uint8_t>(random_.next());
    return row;
  }
  std::int16_t weight() { return static_cast<std::int16_t>(random_.below(32'768)); }

  Random random_{20'261'121};
};

constexpr std::array kCounts = {16, 48, 270, 540, 1080, 1918};
std::size_t padded(int count) { return static_cast<std::size_t>((count + 15) / 16 * 16); }

TEST_F(VectorKernels, SampleRowsAsThePlainOnesDo) {
  for (const int count : kCounts) {
    const auto source = bytes(padded(count) * 2 + 64);
    ColumnTaps taps;
    taps.left.assign(padded(count) * 2, 0x80);
    taps.right.assign(padded(count) * 2, 0x80);
    taps.weight = samples(padded(count), 32'768);
    for (std::size_t group = 0; group < padded(count) / 8; ++group)
      taps.base.push_back(static_cast<std::int32_t>(group * 11));
    for (std::size_t x = 0; x < padded(count); ++x) {
      taps.left[x * 2 + 1] = static_cast<std::uint8_t>(random_.below(16));
      taps.right[x * 2 + 1] = static_cast<std::uint8_t>(random_.below(16));
    }
    std::vector<std::int16_t> expected(padded(count)), actual(padded(count));
    plain().sample_row(source.data(), taps, count, expected.data());
    vector().sample_row(source.data(), taps, count, actual.data());
    EXPECT_EQ(actual, expected) << count;
  }
}

TEST_F(VectorKernels, MixRowsAsThePlainOnesDo) {
  for (const int count : kCounts) {
    const auto upper = samples(padded(count));
    const auto lower = samples(padded(count));
    const std::int16_t share = weight();
    std::vector<std::uint8_t> expected(padded(count)), actual(padded(count));
    plain().mix_rows(upper.data(), lower.data(), share, count, expected.data());
    vector().mix_rows(upper.data(), lower.data(), share, count, actual.data());
    EXPECT_EQ(actual, expected) << count;
    const RowShade shade{static_cast<std::int16_t>(count % 32 == 0 ? 2048 : 16'384), weight()};
    plain().mix_rows_shaded(upper.data(), lower.data(), share, shade, count, expected.data());
    vector().mix_rows_shaded(upper.data(), lower.data(), share, shade, count, actual.data());
    EXPECT_EQ(actual, expected) << count;
    std::vector<std::int16_t> mixed_expected(padded(count)), mixed_actual(padded(count));
    plain().mix_cells(upper.data(), lower.data(), share, count, mixed_expected.data());
    vector().mix_cells(upper.data(), lower.data(), share, count, mixed_actual.data());
    EXPECT_EQ(mixed_actual, mixed_expected) << count;
  }
}

TEST_F(VectorKernels, ExpandCellsAsThePlainOnesDo) {
  for (const int count : kCounts)
    for (const std::int32_t cell : {2, 4, 8, 16}) {
      const auto cells = samples(padded(count) + 32);
      std::vector<std::int16_t> expected(padded(count)), actual(padded(count));
      plain().expand_row(cells.data(), cell, count, expected.data());
      vector().expand_row(cells.data(), cell, count, actual.data());
      EXPECT_EQ(actual, expected) << count << " in cells of " << cell;
    }
}

TEST_F(VectorKernels, CoverRowsWithRidgesAsThePlainOnesDo) {
  for (const int count : kCounts)
    for (const std::int32_t row : {0, 7, 500, 1919, 3839}) {
      std::vector<std::uint16_t> edge(padded(count));
      for (auto& at : edge)
        at = static_cast<std::uint16_t>(
            std::clamp<std::int64_t>(std::int64_t{row} * 16 - 300 + random_.below(600), 0, 65'535));
      auto expected = samples(padded(count));
      auto actual = expected;
      const Kernels::Ridge ridge{edge.data(), row, static_cast<std::int16_t>(random_.below(25'000)),
                                 static_cast<std::int16_t>(random_.below(5000)),
                                 static_cast<std::int32_t>(random_.below(11))};
      plain().cover_row(ridge, count, expected.data());
      vector().cover_row(ridge, count, actual.data());
      EXPECT_EQ(actual, expected) << count << " at row " << row;
    }
}

TEST_F(VectorKernels, DitherRowsAsThePlainOnesDo) {
  for (const int count : kCounts) {
    const auto row = samples(padded(count));
    const auto pattern = samples(64, 128);
    std::vector<std::uint8_t> expected(padded(count)), actual(padded(count));
    plain().dither_row(row.data(), pattern.data(), count, expected.data());
    vector().dither_row(row.data(), pattern.data(), count, actual.data());
    EXPECT_EQ(actual, expected) << count;
  }
}

TEST_F(VectorKernels, BlendRowsOfAnyLengthAsThePlainOnesDo) {
  for (int count = 0; count < 70; ++count) {
    const auto alpha = bytes(80);
    const auto colour = bytes(80);
    auto expected = bytes(80);
    auto actual = expected;
    plain().blend_row({colour.data(), alpha.data()}, count, expected.data());
    vector().blend_row({colour.data(), alpha.data()}, count, actual.data());
    EXPECT_EQ(actual, expected) << count;
  }
}

TEST(BlendRow, RoundsToTheNearestForEveryAlphaAndSample) {
  for (int alpha = 0; alpha < 256; ++alpha)
    for (int below = 0; below < 256; ++below) {
      const auto alpha_byte = static_cast<std::uint8_t>(alpha);
      const std::uint8_t colour = 0;
      auto target = static_cast<std::uint8_t>(below);
      scalar_kernels().blend_row({&colour, &alpha_byte}, 1, &target);
      ASSERT_EQ(target, (below * (255 - alpha) + 127) / 255) << alpha << " over " << below;
    }
}

}  // namespace
}  // namespace atelier::media::picture

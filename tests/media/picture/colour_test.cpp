#include "media/worker/picture/colour.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace atelier::media::picture {
namespace {

struct Reference {
  double y, u, v;
};

// ITU-R BT.709, limited range.
Reference reference(double red, double green, double blue) {
  const double luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return {16 + 219 * luma / 255, 128 + 224 * (blue - luma) / (2 * (1 - 0.0722)) / 255,
          128 + 224 * (red - luma) / (2 * (1 - 0.2126)) / 255};
}

TEST(Bt709, EveryColourIsWithinOneCodeOfTheDefinition) {
  for (int red = 0; red < 256; red += 5)
    for (int green = 0; green < 256; green += 5)
      for (int blue = 0; blue < 256; blue += 5) {
        const Reference expected = reference(red, green, blue);
        const Yuv8 actual = rgb_to_yuv(static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green),
                                       static_cast<std::uint8_t>(blue));
        ASSERT_LE(std::abs(actual.y - expected.y), 0.51) << red << " " << green << " " << blue;
        ASSERT_LE(std::abs(actual.u - expected.u), 0.51) << red << " " << green << " " << blue;
        ASSERT_LE(std::abs(actual.v - expected.v), 0.51) << red << " " << green << " " << blue;
      }
}

TEST(Bt709, GreysHaveNoColour) {
  for (int grey = 0; grey < 256; ++grey) {
    const auto byte = static_cast<std::uint8_t>(grey);
    EXPECT_EQ(rgb_to_yuv(byte, byte, byte).u, 128);
    EXPECT_EQ(rgb_to_yuv(byte, byte, byte).v, 128);
  }
  EXPECT_EQ(rgb_to_yuv(0, 0, 0).y, 16);
  EXPECT_EQ(rgb_to_yuv(255, 255, 255).y, 235);
}

TEST(Bt709, ThereAndBackIsTheSameColour) {
  Frame frame(64, 64);
  for (int red = 0; red < 256; red += 51)
    for (int green = 0; green < 256; green += 51)
      for (int blue = 0; blue < 256; blue += 51) {
        std::vector<std::uint8_t> rgb;
        for (int i = 0; i < 64 * 64; ++i)
          for (const int channel : {red, green, blue}) rgb.push_back(static_cast<std::uint8_t>(channel));
        rgb_to_yuv420(rgb.data(), 64, 64, {frame.plane(0), frame.plane(1), frame.plane(2)});
        std::vector<std::uint8_t> back(rgb.size());
        yuv420_to_rgb(frame, back.data());
        for (std::size_t i = 0; i < rgb.size(); ++i)
          ASSERT_NEAR(back[i], rgb[i], 2) << red << " " << green << " " << blue;
      }
}

// With chroma sited on the left sample, a step from red to blue between columns 2k - 1 and 2k leaves the sample at 2k
// three quarters blue, and the one before wholly red.
TEST(Bt709, ChromaIsSitedLeft) {
  constexpr std::int32_t kWidth = 64, kHeight = 64, kEdge = 32;
  std::vector<std::uint8_t> rgb;
  for (std::int32_t y = 0; y < kHeight; ++y)
    for (std::int32_t x = 0; x < kWidth; ++x)
      for (const int channel : {x < kEdge ? 255 : 0, 0, x < kEdge ? 0 : 255})
        rgb.push_back(static_cast<std::uint8_t>(channel));
  Frame frame(kWidth, kHeight);
  rgb_to_yuv420(rgb.data(), kWidth, kHeight, {frame.plane(0), frame.plane(1), frame.plane(2)});
  const Reference red = reference(255, 0, 0), blue = reference(0, 0, 255);
  EXPECT_NEAR(frame.plane(1).row(10)[kEdge / 2 - 1], red.u, 1);
  EXPECT_NEAR(frame.plane(1).row(10)[kEdge / 2], 0.25 * red.u + 0.75 * blue.u, 1);
  EXPECT_NEAR(frame.plane(2).row(10)[kEdge / 2 + 1], blue.v, 1);
}

}  // namespace
}  // namespace atelier::media::picture

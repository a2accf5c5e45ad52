#include "media/worker/picture/motion.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/sampler.hpp"

namespace atelier::media::picture {
namespace {

constexpr Extent kFrame{1080, 1920};
constexpr double kJitterMax = 0.05;  // px per frame squared

double pixels(Position position) { return static_cast<double>(position) / static_cast<double>(kOnePixel); }

class KenBurns : public testing::TestWithParam<std::uint64_t> {
 protected:
  Motion motion_{still_extent(kFrame.width, kFrame.height), kFrame, 30, GetParam()};
};

TEST_P(KenBurns, NeverLeavesThePicture) {
  const Extent source = still_extent(kFrame.width, kFrame.height);
  for (std::int64_t index = 0; index < 200'000; index = index * 9 / 8 + 1) {
    const View view = motion_.at(index);
    EXPECT_GE(view.left, 0);
    EXPECT_GE(view.top, 0);
    EXPECT_GE(view.step, kOnePixel);
    EXPECT_LE(view.left + (kFrame.width - 1) * view.step, (source.width - 1) * kOnePixel) << index;
    EXPECT_LE(view.top + (kFrame.height - 1) * view.step, (source.height - 1) * kOnePixel) << index;
  }
}

TEST_P(KenBurns, MovesButNeverJerks) {
  // At the corners, where a zoom moves most; in pixels of the frame.
  double farthest = 0;
  for (const std::int32_t x : {0, kFrame.width - 1})
    for (const std::int32_t y : {0, kFrame.height - 1}) {
      const auto at = [&](std::int64_t index) {
        const View view = motion_.at(index);
        const double step = pixels(view.step);
        return std::pair{pixels(view.left + x * view.step) / step, pixels(view.top + y * view.step) / step};
      };
      for (std::int64_t index = 1; index < 900; ++index) {
        const auto [before_x, before_y] = at(index - 1);
        const auto [x_now, y_now] = at(index);
        const auto [after_x, after_y] = at(index + 1);
        ASSERT_LE(std::abs(after_x - 2 * x_now + before_x), kJitterMax) << index;
        ASSERT_LE(std::abs(after_y - 2 * y_now + before_y), kJitterMax) << index;
      }
      farthest = std::max(farthest, std::hypot(at(150).first - at(0).first, at(150).second - at(0).second));
    }
  EXPECT_GT(farthest, 20) << "five seconds of motion are to be seen";
}

INSTANTIATE_TEST_SUITE_P(Seeds, KenBurns, testing::Range(std::uint64_t{0}, std::uint64_t{24}));

// A soft bright dot on black, in luma, at a sub-pixel place of its own.
struct Dot {
  double x, y;
};

std::vector<std::uint8_t> dotted(Extent size, std::ptrdiff_t stride, const std::vector<Dot>& dots) {
  std::vector<std::uint8_t> plane(static_cast<std::size_t>(stride) * static_cast<std::size_t>(size.height) + 64, 0);
  for (const Dot& dot : dots)
    for (std::int32_t y = static_cast<std::int32_t>(dot.y) - 12; y <= static_cast<std::int32_t>(dot.y) + 12; ++y)
      for (std::int32_t x = static_cast<std::int32_t>(dot.x) - 12; x <= static_cast<std::int32_t>(dot.x) + 12; ++x) {
        const double distance = std::hypot(x - dot.x, y - dot.y);
        plane[static_cast<std::size_t>(y * stride + x)] =
            static_cast<std::uint8_t>(std::lround(235 * std::exp(-distance * distance / 18)));
      }
  return plane;
}

// The centre of brightness near where it was last.
Dot find_dot(const ConstPlane& plane, Dot near) {
  double sum = 0, sum_x = 0, sum_y = 0;
  const auto left = static_cast<std::int32_t>(near.x) - 14, top = static_cast<std::int32_t>(near.y) - 14;
  for (std::int32_t y = std::max(top, 0); y < std::min(top + 29, plane.height); ++y)
    for (std::int32_t x = std::max(left, 0); x < std::min(left + 29, plane.width); ++x) {
      const double light = plane.row(y)[x];
      sum += light;
      sum_x += light * x;
      sum_y += light * y;
    }
  return {sum_x / sum, sum_y / sum};
}

TEST(RenderedMotion, DotsMoveSmoothly) {
  constexpr Extent kSmall{320, 576};
  const Extent source = still_extent(kSmall.width, kSmall.height);
  const std::ptrdiff_t stride = aligned_stride(source.width);
  const std::vector<Dot> dots = {{90.3, 130.7}, {310.6, 200.2}, {200.5, 360.5}, {100.9, 560.4}, {301.1, 601.8}};
  const auto luma = dotted(source, stride, dots);
  const std::vector<std::uint8_t> grey(luma.size(), 128);
  const std::ptrdiff_t chroma_stride = aligned_stride(source.width / 2);
  const std::array<ConstPlane, 3> planes = {
      ConstPlane{luma.data(), stride, source.width, source.height},
      ConstPlane{grey.data(), chroma_stride, source.width / 2, source.height / 2},
      ConstPlane{grey.data(), chroma_stride, source.width / 2, source.height / 2}};
  Frame frame(kSmall.width, kSmall.height);
  Sampler sampler(kSmall, best_kernels());
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
    const Motion motion(source, kSmall, 30, seed);
    for (const Dot& dot : dots) {
      std::vector<Dot> path;
      for (std::int64_t index = 0; index < 75; ++index) {
        const View view = motion.at(index);
        sampler.draw(planes, view, {}, frame);
        const Dot expected{(dot.x - pixels(view.left)) / pixels(view.step),
                           (dot.y - pixels(view.top)) / pixels(view.step)};
        if (expected.x < 16 || expected.y < 16 || expected.x > kSmall.width - 17 || expected.y > kSmall.height - 17)
          break;
        path.push_back(find_dot(std::as_const(frame).plane(0), expected));
        ASSERT_NEAR(path.back().x, expected.x, 0.05);
        ASSERT_NEAR(path.back().y, expected.y, 0.05);
      }
      for (std::size_t i = 2; i < path.size(); ++i) {
        EXPECT_LE(std::abs(path[i].x - 2 * path[i - 1].x + path[i - 2].x), kJitterMax)
            << "seed " << seed << " frame " << i;
        EXPECT_LE(std::abs(path[i].y - 2 * path[i - 1].y + path[i - 2].y), kJitterMax)
            << "seed " << seed << " frame " << i;
      }
    }
  }
}

TEST(Sampler, GivesTheSameBytesWithAndWithoutVectors) {
  if (avx2_kernels() == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  constexpr Extent kSmall{214, 130};
  const Extent source = still_extent(kSmall.width, kSmall.height);
  const std::ptrdiff_t stride = aligned_stride(source.width);
  std::vector<std::uint8_t> noise(static_cast<std::size_t>(stride * source.height) + 64);
  std::uint32_t state = 1;
  for (auto& byte : noise) byte = static_cast<std::uint8_t>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  const ConstPlane chroma{noise.data(), stride, source.width / 2, source.height / 2};
  const std::array<ConstPlane, 3> planes = {ConstPlane{noise.data(), stride, source.width, source.height}, chroma,
                                            chroma};
  RowTable shade;
  for (std::int32_t y = 0; y < kSmall.height; ++y) shade.gain.push_back(static_cast<std::int16_t>(32'767 - y * 90));
  Frame plain(kSmall.width, kSmall.height), fast(kSmall.width, kSmall.height);
  Sampler plain_sampler(kSmall, scalar_kernels()), fast_sampler(kSmall, *avx2_kernels());
  for (std::uint64_t seed = 0; seed < 12; ++seed)
    for (const std::int64_t index : {0, 17, 333}) {
      const View view = Motion(source, kSmall, 25, seed).at(index);
      plain_sampler.draw(planes, view, shade, plain);
      fast_sampler.draw(planes, view, shade, fast);
      ASSERT_TRUE(std::equal(plain.bytes(), plain.bytes() + plain.size_bytes(), fast.bytes())) << seed << " " << index;
    }
}

TEST(Sampler, CopiesThePictureWhereStepAndPlaceAreWhole) {
  constexpr Extent kSmall{96, 64};
  std::vector<std::uint8_t> ramp(256 * 128);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<std::uint8_t>(i * 37 >> 3);
  const std::array<ConstPlane, 3> planes = {ConstPlane{ramp.data(), 256, 200, 100},
                                            ConstPlane{ramp.data(), 256, 100, 50},
                                            ConstPlane{ramp.data(), 256, 100, 50}};
  Frame frame(kSmall.width, kSmall.height);
  Sampler(kSmall, best_kernels()).draw(planes, {4 * kOnePixel, 6 * kOnePixel, kOnePixel}, {}, frame);
  for (std::int32_t y = 0; y < 64; ++y)
    for (std::int32_t x = 0; x < 96; ++x) ASSERT_EQ(frame.plane(0).row(y)[x], planes[0].row(y + 6)[x + 4]);
  for (std::int32_t y = 0; y < 32; ++y)
    for (std::int32_t x = 0; x < 48; ++x) ASSERT_EQ(frame.plane(1).row(y)[x], planes[1].row(y + 3)[x + 2]);
}

}  // namespace
}  // namespace atelier::media::picture

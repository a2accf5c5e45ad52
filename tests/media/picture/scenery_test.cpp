#include "media/worker/picture/scenery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/hash.hpp"
#include "media/protocol/catalog.hpp"

namespace atelier::media::picture {
namespace {

constexpr Extent kSmall{270, 480};

Digest picture(Background& background, std::int64_t index) {
  Frame frame(kSmall.width, kSmall.height);
  EXPECT_TRUE(background.draw(index, frame));
  return sha256({reinterpret_cast<const char*>(frame.bytes()), frame.size_bytes()});
}

class Scenery : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Background> make(std::uint64_t seed, Extent extent = kSmall) {
    return make_scenery(GetParam(), extent, 30, seed);
  }
};

TEST_P(Scenery, IsThereForEveryKindOfTheCatalog) { EXPECT_NE(make(1), nullptr); }

TEST_P(Scenery, AFrameDependsOnItsIndexAlone) {
  const auto straight = make(9);
  const Digest first = picture(*straight, 0);
  const Digest second = picture(*straight, 1);
  const Digest later = picture(*straight, 7200);
  const auto jumping = make(9);
  EXPECT_EQ(picture(*jumping, 7200), later);
  EXPECT_EQ(picture(*jumping, 1), second);
  EXPECT_EQ(picture(*jumping, 0), first);
  EXPECT_NE(first, later) << "it moves";
}

TEST_P(Scenery, SeedsGiveDifferentPictures) { EXPECT_NE(picture(*make(1), 0), picture(*make(2), 0)); }

TEST_P(Scenery, IsDarkEnoughForWhiteCaptionsAndNotBlack) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    Frame frame(kSmall.width, kSmall.height);
    ASSERT_TRUE(make(seed)->draw(100, frame));
    double sum = 0;
    // Where captions stand.
    for (std::int32_t y = kSmall.height * 52 / 100; y < kSmall.height * 65 / 100; ++y)
      for (std::int32_t x = 0; x < kSmall.width; ++x) sum += frame.plane(0).row(y)[x];
    const double mean = sum / (kSmall.width * (kSmall.height * 65 / 100 - kSmall.height * 52 / 100));
    EXPECT_LT(mean, 110) << "seed " << seed;
    const auto brightest = [&] {
      std::uint8_t most = 0;
      for (std::int32_t y = 0; y < kSmall.height; ++y)
        for (std::int32_t x = 0; x < kSmall.width; ++x) most = std::max(most, frame.plane(0).row(y)[x]);
      return most;
    }();
    EXPECT_GT(brightest, 45) << "seed " << seed;
  }
}

TEST_P(Scenery, ChangesLittleFromFrameToFrame) {
  const auto background = make(4);
  Frame before(kSmall.width, kSmall.height), after(kSmall.width, kSmall.height);
  // Index 3000 is long enough for wrapped phases to show a jump.
  for (const std::int64_t index : {0, 50, 1234, 3000}) {
    ASSERT_TRUE(background->draw(index, before));
    ASSERT_TRUE(background->draw(index + 1, after));
    double sum = 0;
    for (std::size_t i = 0; i < before.size_bytes(); ++i) sum += std::abs(before.bytes()[i] - after.bytes()[i]);
    EXPECT_LT(sum / static_cast<double>(before.size_bytes()), 1.5) << index;
  }
}

TEST_P(Scenery, DrawsEverySizeAndStaysInLimitedRange) {
  for (const Extent extent : {Extent{64, 64}, Extent{66, 98}, Extent{1920, 1080}, Extent{600, 600}}) {
    Frame frame(extent.width, extent.height);
    ASSERT_TRUE(make(3, extent)->draw(11, frame));
    for (int index = 0; index < 3; ++index)
      for (std::int32_t y = 0; y < frame.plane(index).height; ++y)
        for (std::int32_t x = 0; x < frame.plane(index).width; ++x) {
          ASSERT_GE(frame.plane(index).row(y)[x], 16);
          ASSERT_LE(frame.plane(index).row(y)[x], index == 0 ? 236 : 241);
        }
  }
}

std::vector<std::string_view> kinds() {
  std::vector<std::string_view> ids;
  for (const BackgroundKind& kind : background_kinds()) ids.push_back(kind.id);
  return ids;
}
INSTANTIATE_TEST_SUITE_P(Kinds, Scenery, testing::ValuesIn(kinds()),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace atelier::media::picture

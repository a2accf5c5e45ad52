#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "media/worker/picture/background.hpp"
#include "media/worker/picture/random.hpp"
#include "tests/media/fake_task_context.hpp"
#include "tests/media/picture/encoded_video.hpp"

namespace atelier::media::picture {
namespace {

constexpr Extent kFrame{64, 96};

std::vector<std::int64_t> every(std::int64_t step, int count) {
  std::vector<std::int64_t> pts;
  for (int i = 0; i < count; ++i) pts.push_back(i * step);
  return pts;
}

// A clip and the background made of it.
class Played {
 public:
  explicit Played(std::string bytes, std::int32_t fps = 30, Extent frame = kFrame) : frame_(frame.width, frame.height) {
    context_.add_input("background", bytes);
    auto made = make_clip_background(context_.input("background"), frame, fps);
    if (made)
      background_ = std::move(*made);
    else
      error_ = made.error().message;
  }
  const std::string& error() const { return error_; }
  // The source frame shown at this index, by its grey; -1 if it cannot be drawn.
  int shown(std::int64_t index) {
    const auto drawn = background_->draw(index, frame_);
    if (!drawn) {
      error_ = drawn.error().message;
      return -1;
    }
    return frame_of(frame_.plane(0).row(20)[20]);
  }
  std::vector<int> shown(int first, int count) {
    std::vector<int> frames;
    for (int i = first; i < first + count; ++i) frames.push_back(shown(i));
    return frames;
  }
  Frame& frame() { return frame_; }

 private:
  FakeTaskContext context_;
  std::unique_ptr<Background> background_;
  Frame frame_;
  std::string error_;
};

std::vector<int> counting(int first, int count, int step = 1) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(first + i * step);
  return numbers;
}

TEST(Clip, AtTheProjectsOwnRateShowsEachPictureOnce) {
  Played clip(make_clip({.pts = every(1, 20)}));
  EXPECT_EQ(clip.shown(0, 20), counting(0, 20));
}

TEST(Clip, LoopsByItsLength) {
  Played clip(make_clip({.pts = every(1, 20)}));
  EXPECT_EQ(clip.shown(18, 5), (std::vector{18, 19, 0, 1, 2}));
  EXPECT_EQ(clip.shown(20'000 + 3), 3);
}

TEST(Clip, AFrameDependsOnItsIndexAlone) {
  const std::string file = make_clip({.pts = every(1, 40)});
  Played straight(file), jumping(file);
  const auto all = straight.shown(0, 40);
  for (const int index : {30, 7, 8, 31, 0, 39, 13})
    EXPECT_EQ(jumping.shown(index), all[static_cast<std::size_t>(index)]) << index;
}

TEST(Clip, At60FramesASecondPlaysAtItsOwnSpeed) {
  Played clip(make_clip({.time_base_den = 60, .pts = every(1, 40)}));
  EXPECT_EQ(clip.shown(0, 20), counting(0, 20, 2));
}

TEST(Clip, At24000By1001KeepsItsTime) {
  Played clip(make_clip({.time_base_num = 1001, .time_base_den = 24'000, .pts = every(1, 24)}));
  // Picture k begins at k * 1001 / 24000 s; a grid step may show it up to a quarter step early.
  for (int index = 0; index < 28; ++index) {
    const double time = index / 30.0 + 0.25 / 30;
    EXPECT_EQ(clip.shown(index), static_cast<int>(time * 24'000 / 1001)) << index;
  }
}

TEST(Clip, OfVaryingRateFollowsItsTimestamps) {
  Played clip(make_clip({.time_base_den = 600, .pts = {0, 20, 100, 110, 400, 420, 500}, .last_duration = 100}));
  const std::vector<std::int64_t> pts = {0, 20, 100, 110, 400, 420, 500};
  for (int index = 0; index < 30; ++index) {
    const std::int64_t latest = index * 20 + 5;  // in 1/600 s
    const auto expected = std::upper_bound(pts.begin(), pts.end(), latest) - pts.begin() - 1;
    EXPECT_EQ(clip.shown(index), expected) << index;
  }
}

TEST(Clip, RoundedTimestampsOfMatroskaShowEachPictureOnce) {
  Played clip(make_clip({.pts = every(1, 30), .format = "matroska"}));
  EXPECT_EQ(clip.error(), "");
  EXPECT_EQ(clip.shown(0, 30), counting(0, 30));
}

class TurnedClip : public testing::TestWithParam<int> {};

TEST_P(TurnedClip, IsShownUpright) {
  // Only the quarter with x < width / 2, y < height / 2 is bright.
  const auto corner = [](int, int x, int y) { return static_cast<std::uint8_t>(x < 64 && y < 48 ? 200 : 40); };
  Played clip(make_clip({.width = 128, .height = 96, .pts = every(1, 4), .quarter_turns = GetParam(), .luma = corner}),
              30, GetParam() % 2 == 0 ? Extent{128, 96} : Extent{96, 128});
  ASSERT_NE(clip.shown(0), -1) << clip.error();
  const Plane luma = clip.frame().plane(0);
  const auto at = [&](int right, int below) {
    return luma.row(below != 0 ? luma.height - 20 : 20)[right != 0 ? luma.width - 20 : 20] > 120;
  };
  const std::vector<bool> seen = {at(0, 0), at(1, 0), at(1, 1), at(0, 1)};  // clockwise from the upper left
  std::vector<bool> expected(4, false);
  expected[static_cast<std::size_t>(GetParam())] = true;
  EXPECT_EQ(seen, expected);
}
INSTANTIATE_TEST_SUITE_P(QuarterTurns, TurnedClip, testing::Values(0, 1, 2, 3));

TEST(Clip, FillsTheFrameFromItsMiddle) {
  // A wide clip in an upright frame: its sides, bright, are cut off.
  const auto sides = [](int, int x, int) { return static_cast<std::uint8_t>(x < 60 || x >= 260 ? 220 : 50); };
  Played clip(make_clip({.width = 320, .height = 180, .pts = every(1, 4), .luma = sides}), 30, {90, 160});
  ASSERT_NE(clip.shown(0), -1) << clip.error();
  for (std::int32_t y = 0; y < 160; y += 10)
    for (std::int32_t x = 0; x < 90; x += 5) ASSERT_NEAR(clip.frame().plane(0).row(y)[x], 50, 4) << x << " " << y;
}

TEST(Clip, OfFullRangeBecomesLimited) {
  const auto steps = [](int, int, int y) { return static_cast<std::uint8_t>(y < 64 ? 0 : 255); };
  Played clip(make_clip({.pts = every(1, 4), .is_full_range = true, .luma = steps}));
  (void)clip.shown(0);
  ASSERT_EQ(clip.error(), "");
  EXPECT_NEAR(clip.frame().plane(0).row(10)[20], 16, 2);
  EXPECT_NEAR(clip.frame().plane(0).row(90)[20], 235, 2);
}

// --- broken files

TEST(BrokenClip, WithoutItsIndexIsAnError) {
  const std::string whole = make_clip({.pts = every(1, 30)});
  EXPECT_THAT(Played(whole.substr(0, whole.size() / 2)).error(), testing::HasSubstr("the clip"));
}

TEST(BrokenClip, CutOffAfterItsIndexIsAnErrorWhereItEnds) {
  // Matroska says its length first, so the cut shows only when it is reached.
  const auto noise = [](int index, int x, int y) {
    return static_cast<std::uint8_t>(static_cast<std::uint32_t>(x * 7 + y * 13 + index * 31) * 2'654'435'761U >> 24);
  };
  const std::string whole = make_clip({.pts = every(1, 150), .format = "matroska", .luma = noise});
  Played clip(whole.substr(0, whole.size() / 3));
  ASSERT_EQ(clip.error(), "");
  EXPECT_NE(clip.shown(0), -1);
  EXPECT_EQ(clip.shown(140), -1);
  EXPECT_THAT(clip.error(), testing::HasSubstr("cut off"));
}

TEST(BrokenClip, AnHlsPlaylistIsRefused) {
  EXPECT_THAT(Played("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n").error(),
              testing::HasSubstr("neither MP4/MOV nor Matroska/WebM"));
}
TEST(BrokenClip, AnEmptyFileSaysSo) { EXPECT_THAT(Played("").error(), testing::HasSubstr("empty")); }
TEST(BrokenClip, TextIsRefused) {
  EXPECT_THAT(Played("hello, this is a video").error(), testing::HasSubstr("neither"));
}
TEST(BrokenClip, NoiseBehindAGoodStartIsAnError) {
  std::string file = make_clip({.pts = every(1, 10)}).substr(0, 40);
  Random random(5);
  for (int i = 0; i < 4000; ++i) file.push_back(static_cast<char>(random.next()));
  EXPECT_NE(Played(file).error(), "");
}

}  // namespace
}  // namespace atelier::media::picture

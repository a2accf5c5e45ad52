#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/colour.hpp"
#include "media/worker/picture/still_file.hpp"
#include "media/worker/picture/tasks.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::picture {
namespace {

constexpr Extent kFrame{180, 320};
constexpr std::array<std::uint8_t, 3> kRed = {200, 30, 40};
constexpr std::array<std::uint8_t, 3> kBlue = {20, 60, 210};

const TaskType& task(std::string_view name) {
  for (const TaskType& type : picture_tasks())
    if (type.name == name) return type;
  panic("no such task");
}

struct Picture {
  std::int32_t width = 400;
  std::int32_t height = 600;
  int bands = 3;
  const char* suffix = ".png";
  int orientation = 1;
  std::uint8_t alpha = 255;
};

// Red above, blue below, in any format libvips writes.
std::string draw(const Picture& picture) {
  EXPECT_TRUE(container::start_media_libraries());
  std::string samples;
  for (std::int32_t y = 0; y < picture.height; ++y)
    for (std::int32_t x = 0; x < picture.width; ++x) {
      for (int band = 0; band < 3; ++band)
        samples.push_back(static_cast<char>((y < picture.height / 2 ? kRed : kBlue)[static_cast<std::size_t>(band)]));
      if (picture.bands == 4) samples.push_back(static_cast<char>(picture.alpha));
    }
  VipsImage* raw = vips_image_new_from_memory(samples.data(), samples.size(), picture.width, picture.height,
                                              picture.bands, VIPS_FORMAT_UCHAR);
  VipsImage* image = nullptr;
  vips_copy(raw, &image, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  if (picture.orientation != 1) vips_image_set_int(image, VIPS_META_ORIENTATION, picture.orientation);
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  EXPECT_EQ(vips_image_write_to_buffer(image, picture.suffix, &bytes, &size_bytes, nullptr), 0) << vips_error_buffer();
  std::string file(static_cast<const char*>(bytes), size_bytes);
  g_free(bytes);
  g_object_unref(image);
  g_object_unref(raw);
  return file;
}

Result<json::Value> run_still(std::string_view file, FakeTaskContext& context) {
  context.set_parameters(json::Object{{"width", kFrame.width}, {"height", kFrame.height}});
  context.add_input("image", file);
  context.add_output("frame");
  return task("still").run(context);
}

std::string error_for(std::string_view file) {
  FakeTaskContext context;
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run_still(file, context);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << "hung";
  EXPECT_TRUE(context.output_bytes("frame").empty()) << "half-written";
  if (result) return "no error";
  EXPECT_TRUE(result.error().code == ErrorCode::invalid_argument || result.error().code == ErrorCode::too_large)
      << to_string(result.error().code);
  return result.error().message;
}

struct Sample {
  int y, u, v;
};

Sample sample_at(const StillFile& still, double x, double y) {
  const auto column = static_cast<std::int32_t>(x * still.extent().width),
             row = static_cast<std::int32_t>(y * still.extent().height);
  return {still.planes()[0].row(row)[column], still.planes()[1].row(row / 2)[column / 2],
          still.planes()[2].row(row / 2)[column / 2]};
}

void expect_colour(const Sample& actual, const std::array<std::uint8_t, 3>& rgb, int tolerance) {
  const Yuv8 expected = rgb_to_yuv(rgb[0], rgb[1], rgb[2]);
  EXPECT_NEAR(actual.y, expected.y, tolerance);
  EXPECT_NEAR(actual.u, expected.u, tolerance);
  EXPECT_NEAR(actual.v, expected.v, tolerance);
}

class StillOf : public testing::TestWithParam<const char*> {};

TEST_P(StillOf, HasThePicturesColours) {
  FakeTaskContext context;
  const auto result = run_still(draw({.suffix = GetParam()}), context);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("width"), kFrame.width * 5 / 4 / 2 * 2);
  EXPECT_EQ(result->at("height"), kFrame.height * 5 / 4 / 2 * 2);
  const auto still = StillFile::open(context.output("frame"), kFrame);
  ASSERT_TRUE(still) << still.error().message;
  expect_colour(sample_at(*still, 0.5, 0.2), kRed, 4);
  expect_colour(sample_at(*still, 0.5, 0.8), kBlue, 4);
}
INSTANTIATE_TEST_SUITE_P(Formats, StillOf, testing::Values(".png", ".jpg[Q=95]", ".webp[lossless]", ".gif", ".tif"));

TEST(Still, IsTurnedUprightAsExifSays) {
  FakeTaskContext context;
  // 180 degrees: the blue half comes to stand above.
  ASSERT_TRUE(run_still(draw({.suffix = ".jpg[Q=95]", .orientation = 3}), context));
  const auto still = StillFile::open(context.output("frame"), kFrame);
  ASSERT_TRUE(still);
  expect_colour(sample_at(*still, 0.5, 0.2), kBlue, 4);
  expect_colour(sample_at(*still, 0.5, 0.8), kRed, 4);
}

TEST(Still, StandsOnDarkWhereItIsTransparent) {
  FakeTaskContext context;
  ASSERT_TRUE(run_still(draw({.bands = 4, .alpha = 0}), context));
  const auto still = StillFile::open(context.output("frame"), kFrame);
  ASSERT_TRUE(still);
  EXPECT_LT(sample_at(*still, 0.5, 0.5).y, 45);
}

TEST(Still, ALandscapePictureStandsSharpOverItsOwnDarkBlur) {
  FakeTaskContext context;
  ASSERT_TRUE(run_still(draw({.width = 900, .height = 600}), context));
  const auto still = StillFile::open(context.output("frame"), kFrame);
  ASSERT_TRUE(still);
  const Sample in_picture = sample_at(*still, 0.5, 0.33), above = sample_at(*still, 0.5, 0.05);
  expect_colour(in_picture, kRed, 4);
  EXPECT_LT(above.y, in_picture.y - 10) << "the ground is darker";
  EXPECT_GT(above.v, 130) << "and has the picture's colour";
}

TEST(Still, GivesTheSameBytesEachTime) {
  const std::string file = draw({.width = 500, .height = 700, .suffix = ".jpg"});
  FakeTaskContext once, again;
  ASSERT_TRUE(run_still(file, once));
  ASSERT_TRUE(run_still(file, again));
  EXPECT_TRUE(once.output_bytes("frame") == again.output_bytes("frame"));
}

TEST(Still, StopsWhenToldTo) {
  FakeTaskContext context;
  context.cancel_at_progress(1);
  const auto result = run_still(draw({}), context);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

// --- what people and attackers hand in

TEST(HostileImage, TextIsNotAPicture) {
  EXPECT_THAT(error_for("This is a text file that somebody has named holiday.jpg.\n"),
              testing::HasSubstr("not in a format we read"));
}
TEST(HostileImage, AnEmptyFileSaysSo) { EXPECT_THAT(error_for(""), testing::HasSubstr("empty")); }
TEST(HostileImage, SvgIsRefused) {
  EXPECT_THAT(
      error_for("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"></svg>"),
      testing::HasSubstr("not in a format we read"));
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}
std::string png_chunk(const std::string& type, const std::string& data) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : type + data) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return big_endian(static_cast<std::uint32_t>(data.size())) + type + data + big_endian(~crc);
}
std::string png_head(std::uint32_t width, std::uint32_t height) {
  using namespace std::string_literals;
  return "\x89PNG\r\n\x1a\n"s + png_chunk("IHDR", big_endian(width) + big_endian(height) + "\x08\x02\x00\x00\x00"s) +
         png_chunk("IDAT", "x\x9c\x03\x00\x00\x00\x00\x01"s) + png_chunk("IEND", "");
}

TEST(HostileImage, AHugePngIsRefusedByItsHeader) {
  const std::string message = error_for(png_head(30'000, 30'000));
  EXPECT_THAT(message, testing::HasSubstr("30000x30000"));
  EXPECT_THAT(message, testing::HasSubstr("at most"));
  EXPECT_THAT(error_for(png_head(12'000, 12'000)), testing::HasSubstr("12000x12000")) << "more than 100 megapixels";
}
TEST(HostileImage, APngWithoutSamplesIsAnError) {
  EXPECT_THAT(error_for(png_head(400, 600)), testing::HasSubstr("PNG"));
}
TEST(HostileImage, ATruncatedJpegIsAnError) {
  const std::string whole = draw({.width = 1200, .height = 1600, .suffix = ".jpg"});
  EXPECT_THAT(error_for(whole.substr(0, whole.size() / 2)), testing::HasSubstr("cut off JPEG"));
  EXPECT_THAT(error_for(whole.substr(0, 40)), testing::HasSubstr("JPEG"));
}
TEST(HostileImage, ATruncatedPngIsAnError) {
  const std::string whole = draw({.width = 1200, .height = 1600});
  EXPECT_THAT(error_for(whole.substr(0, whole.size() / 2)), testing::HasSubstr("cut off PNG"));
}

// --- the prepared file

class StillHeader : public testing::Test {
 protected:
  void SetUp() override {
    FakeTaskContext context;
    ASSERT_TRUE(run_still(draw({}), context));
    file_ = context.output_bytes("frame");
  }
  std::string error_for_file(const std::string& bytes, Extent frame = kFrame) {
    FakeTaskContext context;
    context.add_input("background", bytes);
    const auto still = StillFile::open(context.input("background"), frame);
    return still ? "no error" : still.error().message;
  }
  std::string file_;
};

TEST_F(StillHeader, IsAcceptedAsWritten) { EXPECT_EQ(error_for_file(file_), "no error"); }
TEST_F(StillHeader, OfAnotherFrameIsRefused) {
  EXPECT_THAT(error_for_file(file_, {320, 180}), testing::HasSubstr("prepared for 180x320, not for 320x180"));
}
TEST_F(StillHeader, WithAnyByteChangedIsRefused) {
  for (std::size_t at = 0; at < 64; ++at) {
    std::string changed = file_;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    EXPECT_NE(error_for_file(changed), "no error") << at;
  }
}
TEST_F(StillHeader, CutOffAnywhereIsRefused) {
  for (const std::size_t size_bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, file_.size() - 1})
    EXPECT_NE(error_for_file(file_.substr(0, size_bytes)), "no error") << size_bytes;
}

}  // namespace
}  // namespace atelier::media::picture

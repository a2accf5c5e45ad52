// What is made of a picture for a model.
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cmath>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/tasks.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::picture {
namespace {

struct Drawn {
  std::int32_t width = 400;
  std::int32_t height = 300;
  int bands = 3;
  const char* suffix = ".jpg";
  int orientation = 1;
  int alpha = 255;  // of the left half
  bool is_noise = false;
};

// Green above, violet below; a picture that came from somewhere.
std::string draw(const Drawn& drawn) {
  EXPECT_TRUE(container::start_media_libraries());
  std::string samples;
  std::uint32_t state = 7;
  for (std::int32_t y = 0; y < drawn.height; ++y)
    for (std::int32_t x = 0; x < drawn.width; ++x) {
      const bool is_above = y < drawn.height / 2;
      for (int band = 0; band < 3; ++band) {
        state = state * 1'664'525U + 1'013'904'223U;
        const int flat = (band == 1) == is_above ? 200 : 40;
        samples.push_back(static_cast<char>(drawn.is_noise ? static_cast<int>(state >> 24) : flat));
      }
      if (drawn.bands == 4) samples.push_back(static_cast<char>(x < drawn.width / 2 ? drawn.alpha : 255));
    }
  VipsImage* raw = vips_image_new_from_memory(samples.data(), samples.size(), drawn.width, drawn.height, drawn.bands,
                                              VIPS_FORMAT_UCHAR);
  VipsImage* image = nullptr;
  vips_copy(raw, &image, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  if (drawn.orientation != 1) vips_image_set_int(image, VIPS_META_ORIENTATION, drawn.orientation);
  vips_image_set_string(image, "exif-ifd0-Make", "SecretCamera (SecretCamera, ASCII, 13 components, 13 bytes)");
  vips_image_set_string(image, "exif-ifd3-GPSLatitude", "52/1 30/1 0/1 (52, 30, 0, Rational, 3 components, 24 bytes)");
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  EXPECT_EQ(vips_image_write_to_buffer(image, drawn.suffix, &bytes, &size_bytes, nullptr), 0) << vips_error_buffer();
  std::string file(static_cast<const char*>(bytes), size_bytes);
  g_free(bytes);
  g_object_unref(image);
  g_object_unref(raw);
  return file;
}

struct Shrunk {
  Result<json::Value> result;
  std::string bytes;
  std::string text(const char* name) const { return std::string(result->at(name).as_string()); }
  std::int64_t number(const char* name) const { return result->at(name).as_int64(); }
};

Shrunk shrink(std::string_view file, std::int64_t side_max = 1'568) {
  FakeTaskContext context{json::Value{{"side_max", side_max}}};
  context.add_input("file", file);
  context.add_output("image");
  for (const TaskType& type : picture_tasks())
    if (type.name == "shrink") {
      auto result = type.run(context);
      return {std::move(result), context.output_bytes("image")};
    }
  panic("no such task");
}

// The colour at a place, or what it can be seen through by.
std::vector<double> at(const std::string& file, double x, double y) {
  VipsImage* image = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
  EXPECT_NE(image, nullptr) << vips_error_buffer();
  double* values = nullptr;
  int count = 0;
  EXPECT_EQ(vips_getpoint(image, &values, &count, static_cast<int>(x * vips_image_get_width(image)),
                          static_cast<int>(y * vips_image_get_height(image)), nullptr),
            0);
  std::vector<double> colour(values, values + count);
  g_free(values);
  g_object_unref(image);
  return colour;
}

TEST(Shrink, FitsItIntoTheSquare) {
  const Shrunk wide = shrink(draw({.width = 2'000, .height = 1'000}), 500);
  ASSERT_TRUE(wide.result) << wide.result.error().describe();
  EXPECT_EQ(wide.number("width"), 500);
  EXPECT_EQ(wide.number("height"), 250);
  EXPECT_EQ(wide.text("media_type"), "image/jpeg");
  const Shrunk tall = shrink(draw({.width = 1'000, .height = 2'000, .suffix = ".png"}), 500);
  EXPECT_EQ(tall.number("width"), 250);
  EXPECT_EQ(tall.number("height"), 500);
  EXPECT_EQ(tall.text("media_type"), "image/jpeg");
  const Shrunk small = shrink(draw({}), 500);
  EXPECT_EQ(small.number("width"), 400);
  EXPECT_EQ(small.number("height"), 300);
}

TEST(Shrink, SetsItUpright) {
  // Turned a quarter: what is stored above is seen at the right.
  const Shrunk turned = shrink(draw({.orientation = 6}));
  ASSERT_TRUE(turned.result) << turned.result.error().describe();
  EXPECT_EQ(turned.number("width"), 300);
  EXPECT_EQ(turned.number("height"), 400);
  EXPECT_GT(at(turned.bytes, 0.8, 0.5)[1], 150);
  EXPECT_LT(at(turned.bytes, 0.2, 0.5)[1], 90);
}

TEST(Shrink, TellsNothingOfWhereItWasTaken) {
  const std::string file = draw({.orientation = 6});
  ASSERT_NE(file.find("SecretCamera"), std::string::npos);
  ASSERT_NE(file.find("Exif"), std::string::npos);
  const Shrunk shrunk = shrink(file);
  EXPECT_EQ(shrunk.bytes.find("SecretCamera"), std::string::npos);
  EXPECT_EQ(shrunk.bytes.find("Exif"), std::string::npos);
  const Shrunk clear =
      shrink(draw({.width = 1'500, .height = 1'500, .bands = 4, .suffix = ".png", .alpha = 0, .is_noise = true}));
  ASSERT_EQ(clear.text("media_type"), "image/webp");
  EXPECT_EQ(clear.bytes.find("SecretCamera"), std::string::npos);
}

TEST(Shrink, KeepsWhatCanBeSeenThrough) {
  const Shrunk clear = shrink(draw({.bands = 4, .suffix = ".png", .alpha = 0}));
  ASSERT_TRUE(clear.result) << clear.result.error().describe();
  EXPECT_EQ(clear.text("media_type"), "image/png");
  EXPECT_EQ(at(clear.bytes, 0.2, 0.2)[3], 0);
  EXPECT_EQ(at(clear.bytes, 0.8, 0.2)[3], 255);
  // An alpha channel that says nothing is none.
  EXPECT_EQ(shrink(draw({.bands = 4, .suffix = ".png"})).text("media_type"), "image/jpeg");
  // Noise is the worst a PNG may have to hold.
  const Shrunk noise =
      shrink(draw({.width = 1'500, .height = 1'500, .bands = 4, .suffix = ".png", .alpha = 0, .is_noise = true}));
  EXPECT_EQ(noise.text("media_type"), "image/webp");
  EXPECT_EQ(at(noise.bytes, 0.2, 0.2)[3], 0);
}

TEST(Shrink, ReadsWhatIsRead) {
  for (const char* suffix : {".jpg", ".png", ".webp", ".gif", ".tiff"}) {
    const Shrunk shrunk = shrink(draw({.suffix = suffix}), 200);
    ASSERT_TRUE(shrunk.result) << suffix << ": " << shrunk.result.error().describe();
    EXPECT_EQ(shrunk.number("width"), 200) << suffix;
    EXPECT_GT(at(shrunk.bytes, 0.5, 0.2)[1], 150) << suffix;
    EXPECT_LT(at(shrunk.bytes, 0.5, 0.8)[1], 90) << suffix;
  }
}

TEST(Shrink, RefusesWhatIsBroken) {
  const std::string whole = draw({.is_noise = true});
  for (const std::string& file : {whole.substr(0, whole.size() / 2), whole.substr(0, 20), std::string("GIF89a"),
                                  std::string("no picture at all"), std::string("\xff\xd8\xff\xe0 and no more")}) {
    const Shrunk shrunk = shrink(file);
    ASSERT_FALSE(shrunk.result);
    EXPECT_EQ(shrunk.result.error().code, ErrorCode::invalid_argument) << shrunk.result.error().message;
    EXPECT_TRUE(shrunk.result.error().message.starts_with("the image")) << shrunk.result.error().message;
    EXPECT_EQ(shrunk.bytes, "");
  }
}

}  // namespace
}  // namespace atelier::media::picture

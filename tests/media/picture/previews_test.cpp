// What is shown of pictures and videos in place of them.
#include <gtest/gtest.h>
#include <vips/vips.h>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/tasks.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::picture {
namespace {

struct Given {
  std::int32_t width = 400;
  std::int32_t height = 300;
  int bands = 3;
  const char* suffix = ".jpg";
  int orientation = 1;
};

// Red at the left, blue at the right; of four bands, clear below.
std::string picture(const Given& given) {
  EXPECT_TRUE(container::start_media_libraries());
  std::string samples;
  for (std::int32_t y = 0; y < given.height; ++y)
    for (std::int32_t x = 0; x < given.width; ++x) {
      const bool is_left = x < given.width / 2;
      samples += {static_cast<char>(is_left ? 220 : 20), 20, static_cast<char>(is_left ? 20 : 220)};
      if (given.bands == 4) samples += static_cast<char>(y < given.height / 2 ? 255 : 0);
    }
  VipsImage* raw = vips_image_new_from_memory(samples.data(), samples.size(), given.width, given.height, given.bands,
                                              VIPS_FORMAT_UCHAR);
  VipsImage* image = nullptr;
  vips_copy(raw, &image, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  if (given.orientation != 1) vips_image_set_int(image, VIPS_META_ORIENTATION, given.orientation);
  vips_image_set_string(image, "exif-ifd0-Make", "SecretCamera (SecretCamera, ASCII, 13 components, 13 bytes)");
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  EXPECT_EQ(vips_image_write_to_buffer(image, given.suffix, &bytes, &size_bytes, nullptr), 0) << vips_error_buffer();
  std::string file(static_cast<const char*>(bytes), size_bytes);
  g_free(bytes);
  g_object_unref(image);
  g_object_unref(raw);
  return file;
}

struct Wish {
  const char* output;
  const char* fit;
  std::int64_t width;
  std::int64_t height;
  const char* media_type;
};

struct Previews {
  Result<json::Value> result;
  std::map<std::string, std::string> files;
  std::int64_t told(const std::string& output, const char* field) const {
    return result->at("pictures").at(output).at(field).to_number<std::int64_t>();
  }
};

Previews previews_of(std::string_view file, const std::vector<Wish>& wishes) {
  json::Array pictures;
  FakeTaskContext context;
  context.add_input("file", file);
  for (const Wish& wish : wishes) {
    pictures.push_back(json::Object{{"output", wish.output},
                                    {"fit", wish.fit},
                                    {"width", wish.width},
                                    {"height", wish.height},
                                    {"media_type", wish.media_type}});
    context.add_output(wish.output);
  }
  context.set_parameters(json::Object{{"pictures", std::move(pictures)}});
  for (const TaskType& type : picture_tasks())
    if (type.name == "previews") {
      Previews made{type.run(context), {}};
      for (const Wish& wish : wishes) made.files[wish.output] = context.output_bytes(wish.output);
      return made;
    }
  panic("no such task");
}

struct Seen {
  int width = 0, height = 0, bands = 0;
  std::string loader;
  std::vector<double> colour;
};

Seen look(const std::string& file, double x, double y) {
  VipsImage* image = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
  EXPECT_NE(image, nullptr) << vips_error_buffer();
  if (image == nullptr) return {};
  const char* loader = nullptr;
  vips_image_get_string(image, VIPS_META_LOADER, &loader);
  Seen seen{vips_image_get_width(image), vips_image_get_height(image), vips_image_get_bands(image), loader, {}};
  double* values = nullptr;
  int count = 0;
  EXPECT_EQ(vips_getpoint(image, &values, &count, static_cast<int>(x * seen.width), static_cast<int>(y * seen.height),
                          nullptr),
            0);
  seen.colour.assign(values, values + count);
  g_free(values);
  g_object_unref(image);
  return seen;
}

const std::vector<Wish> kUsual = {{"small", "inside", 320, 320, "image/webp"},
                                  {"middle", "inside", 640, 640, "image/webp"},
                                  {"large", "inside", 1'280, 1'280, "image/webp"},
                                  {"cover", "cover", 320, 568, "image/jpeg"}};

TEST(Previews, AreAllMadeInOnePass) {
  const Previews made = previews_of(picture({.width = 3'000, .height = 2'000}), kUsual);
  ASSERT_TRUE(made.result) << made.result.error().describe();
  const std::map<std::string, std::pair<int, int>> sizes = {
      {"small", {320, 213}}, {"middle", {640, 427}}, {"large", {1'280, 853}}, {"cover", {320, 568}}};
  for (const auto& [output, size] : sizes) {
    const Seen left = look(made.files.at(output), 0.1, 0.5), right = look(made.files.at(output), 0.9, 0.5);
    EXPECT_EQ(left.width, size.first) << output;
    EXPECT_NEAR(left.height, size.second, 1) << output;
    EXPECT_EQ(made.told(output, "width"), left.width);
    EXPECT_EQ(made.told(output, "height"), left.height);
    EXPECT_EQ(made.told(output, "size_bytes"), static_cast<std::int64_t>(made.files.at(output).size()));
    EXPECT_TRUE(left.loader.starts_with(output == "cover" ? "jpegload" : "webpload")) << left.loader;
    EXPECT_GT(left.colour[0], 180) << output;
    EXPECT_GT(right.colour[2], 180) << output;
  }
}

// Rings that grow ever finer show every mistake of a filter, and of where it puts the picture.
std::string rings(const char* suffix, int orientation = 1) {
  VipsImage *small = nullptr, *drawn = nullptr;
  EXPECT_EQ(vips_zone(&small, 88, 63, "uchar", TRUE, nullptr), 0);
  EXPECT_EQ(vips_resize(small, &drawn, 16, "kernel", VIPS_KERNEL_CUBIC, nullptr), 0);
  g_object_unref(small);
  VipsImage* bands[3] = {drawn, drawn, drawn};
  VipsImage* image = nullptr;
  EXPECT_EQ(vips_bandjoin(bands, &image, 3, nullptr), 0);
  VipsImage* coloured = nullptr;
  vips_copy(image, &coloured, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  if (orientation != 1) vips_image_set_int(coloured, VIPS_META_ORIENTATION, orientation);
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  EXPECT_EQ(vips_image_write_to_buffer(coloured, suffix, &bytes, &size_bytes, "Q", 95, nullptr), 0);
  std::string file(static_cast<const char*>(bytes), size_bytes);
  g_free(bytes);
  for (VipsImage* each : {drawn, image, coloured}) g_object_unref(each);
  return file;
}

// How much two pictures differ (a shift by half a pixel makes about 5), of 255, on average.
double difference(const std::string& file, VipsImage* other) {
  VipsImage* image = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
  EXPECT_EQ(vips_image_get_width(image), vips_image_get_width(other));
  EXPECT_EQ(vips_image_get_height(image), vips_image_get_height(other));
  VipsImage *change = nullptr, *size = nullptr;
  EXPECT_EQ(vips_subtract(image, other, &change, nullptr), 0);
  EXPECT_EQ(vips_abs(change, &size, nullptr), 0);
  double mean = 255;
  EXPECT_EQ(vips_avg(size, &mean, nullptr), 0);
  for (VipsImage* each : {image, change, size}) g_object_unref(each);
  return mean;
}

TEST(Previews, LookAsLibvipsWouldMakeThem) {
  for (const int orientation : {1, 3, 6, 8}) {
    const std::string file = rings(".jpg", orientation);
    const Previews made = previews_of(file, {{"large", "inside", 960, 960, "image/jpeg"},
                                             {"small", "inside", 480, 480, "image/jpeg"},
                                             {"cover", "cover", 320, 568, "image/jpeg"}});
    ASSERT_TRUE(made.result) << made.result.error().describe();
    struct Case {
      const char* output;
      int width, height;
      VipsInteresting crop;
    };
    for (const Case& one :
         {Case{"large", 960, 960, VIPS_INTERESTING_NONE}, Case{"small", 480, 480, VIPS_INTERESTING_NONE},
          Case{"cover", 320, 568, VIPS_INTERESTING_CENTRE}}) {
      VipsImage* expected = nullptr;
      ASSERT_EQ(vips_thumbnail_buffer(const_cast<char*>(file.data()), file.size(), &expected, one.width, "height",
                                      one.height, "crop", one.crop, nullptr),
                0);
      EXPECT_LT(difference(made.files.at(one.output), expected), 6) << one.output << " turned " << orientation;
      g_object_unref(expected);
    }
  }
}

TEST(Previews, NeverEnlargeButForACover) {
  const Previews made = previews_of(picture({.width = 200, .height = 100}), kUsual);
  ASSERT_TRUE(made.result) << made.result.error().describe();
  for (const char* output : {"small", "middle", "large"}) EXPECT_EQ(made.told(output, "width"), 200) << output;
  EXPECT_EQ(made.told("cover", "width"), 320);
  EXPECT_EQ(made.told("cover", "height"), 568);
  EXPECT_EQ(made.files.at("small"), made.files.at("large"));
}

TEST(Previews, AreUprightAndTellNothingOfTheirFile) {
  const std::string file = picture({.width = 1'000, .height = 500, .orientation = 6});
  ASSERT_NE(file.find("SecretCamera"), std::string::npos);
  const Previews made = previews_of(file, kUsual);
  ASSERT_TRUE(made.result) << made.result.error().describe();
  EXPECT_EQ(made.told("small", "width"), 160);
  EXPECT_EQ(made.told("small", "height"), 320);
  // What is stored at the left is seen above.
  EXPECT_GT(look(made.files.at("small"), 0.5, 0.1).colour[0], 180);
  EXPECT_GT(look(made.files.at("cover"), 0.5, 0.9).colour[2], 180);
  for (const auto& [output, bytes] : made.files) EXPECT_EQ(bytes.find("SecretCamera"), std::string::npos) << output;
}

TEST(Previews, KeepWhatCanBeSeenThroughExceptAsJpeg) {
  const Previews made = previews_of(picture({.bands = 4, .suffix = ".png"}), kUsual);
  ASSERT_TRUE(made.result) << made.result.error().describe();
  EXPECT_LT(look(made.files.at("small"), 0.1, 0.9).colour[3], 10);
  const Seen cover = look(made.files.at("cover"), 0.1, 0.9);
  EXPECT_EQ(cover.bands, 3);
  for (const double band : cover.colour) EXPECT_GT(band, 245);
}

TEST(Previews, AreMadeAsAvif) {
  const Previews made =
      previews_of(picture({.width = 1'600, .height = 1'200}), {{"small", "inside", 640, 640, "image/avif"}});
  ASSERT_TRUE(made.result) << made.result.error().describe();
  EXPECT_EQ(made.files.at("small").substr(4, 8), "ftypavif");
  EXPECT_EQ(made.told("small", "height"), 480);
}

TEST(Previews, AreRefusedOfWhatIsNone) {
  const std::string whole = picture({.width = 900, .height = 900});
  for (const std::string& file : {whole.substr(0, whole.size() / 2), std::string("#EXTM3U\nfile:///etc/passwd"),
                                  std::string("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")}) {
    const Previews made = previews_of(file, kUsual);
    ASSERT_FALSE(made.result);
    EXPECT_EQ(made.result.error().code, ErrorCode::invalid_argument) << made.result.error().describe();
  }
  FakeTaskContext context{json::Value{{"pictures", json::Array()}}};
  context.add_input("file", whole);
  for (const TaskType& type : picture_tasks()) {
    if (type.name == "previews") {
      EXPECT_EQ(type.run(context).error().reason, "previews_empty");
    }
  }
}

}  // namespace
}  // namespace atelier::media::picture

// Files that were made to hurt whoever shows them.
#include <gtest/gtest.h>
#include <vips/vips.h>

#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/tasks.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::picture {
namespace {

using namespace std::string_literals;

Result<json::Value> previews_of(std::string_view file) {
  FakeTaskContext context{json::Value{
      {"pictures",
       json::Array{json::Object{
           {"output", "small"}, {"fit", "inside"}, {"width", 320}, {"height", 320}, {"media_type", "image/webp"}}}}}};
  context.add_input("file", file);
  context.add_output("small");
  for (const TaskType& type : picture_tasks())
    if (type.name == "previews") return type.run(context);
  panic("no such task");
}

std::string jpeg(int width, int height, const char* options) {
  EXPECT_TRUE(container::start_media_libraries());
  VipsImage* image = nullptr;
  EXPECT_EQ(vips_gaussnoise(&image, width, height, "mean", 128.0, "sigma", 40.0, nullptr), 0);
  void* bytes = nullptr;
  std::size_t size_bytes = 0;
  EXPECT_EQ(vips_image_write_to_buffer(image, options, &bytes, &size_bytes, nullptr), 0) << vips_error_buffer();
  std::string file(static_cast<const char*>(bytes), size_bytes);
  g_free(bytes);
  g_object_unref(image);
  return file;
}

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// Claims to be of this size, in a head that is otherwise in order.
std::string jpeg_claiming(unsigned width, unsigned height) {
  std::string file = jpeg(64, 64, ".jpg");
  const std::size_t frame = file.find("\xff\xc0"s);
  EXPECT_NE(frame, std::string::npos);
  file.replace(frame + 5, 4, big_endian(height << 16 | width));
  return file;
}

TEST(HostilePreviews, OfPixelBombsAreRefusedBeforeTheyGoOff) {
  for (const auto& [width, height] : {std::pair{60'000U, 60'000U}, {65'500U, 200U}, {16'000U, 16'000U}}) {
    const auto made = previews_of(jpeg_claiming(width, height));
    ASSERT_FALSE(made) << width;
    EXPECT_TRUE(made.error().code == ErrorCode::too_large || made.error().code == ErrorCode::invalid_argument)
        << made.error().describe();
  }
  // Large and hardly any of it there, with an end: what is there is shown, as browsers do.
  const auto hollow = previews_of(jpeg_claiming(9'000, 4'500));
  ASSERT_TRUE(hollow) << hollow.error().describe();
  EXPECT_EQ(hollow->at("pictures").at("small").at("height").as_int64(), 160);
}

TEST(HostilePreviews, OfAFileOfEndlessScansAreRefused) {
  const std::string file = jpeg(256, 256, ".jpg[interlace]");
  // Its last scan, again and again: each goes over the whole picture.
  const std::size_t scan = file.rfind("\xff\xda"s), end = file.rfind("\xff\xd9"s);
  ASSERT_LT(scan, end);
  std::string many = file.substr(0, end);
  for (int i = 0; i < 2'000; ++i) many += file.substr(scan, end - scan);
  many += file.substr(end);
  const auto made = previews_of(many);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument) << made.error().describe();
}

TEST(HostilePreviews, OfTwoFilesInOneAreOfTheFirstAlone) {
  // A picture that is also an archive and a web page.
  const std::string both =
      jpeg(200, 100, ".jpg") + "<html><script>alert(1)</script></html>" + "PK\3\4" + std::string(500, 'z');
  const auto made = previews_of(both);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(made->at("pictures").at("small").at("width").as_int64(), 200);
}

TEST(HostilePreviews, OfDamagedFilesAreRefusedOrMadeAndNeverMore) {
  for (const char* options : {".jpg", ".jpg[interlace]", ".png", ".webp", ".gif"}) {
    const std::string whole = jpeg(120, 90, options);
    std::uint32_t state = 7;
    for (int round = 0; round < 60; ++round) {
      std::string damaged = whole;
      for (int i = 0; i < 1 + round / 4; ++i) {
        state = state * 1'664'525U + 1'013'904'223U;
        damaged[(state >> 8) % damaged.size()] = static_cast<char>(state >> 3);
      }
      const auto made = previews_of(damaged);
      if (made) continue;
      EXPECT_TRUE(made.error().code == ErrorCode::invalid_argument || made.error().code == ErrorCode::too_large)
          << options << " " << round << " " << made.error().describe();
    }
  }
}

TEST(HostilePreviews, OfWhatIsNoPictureAreRefusedInWords) {
  struct Case {
    const char* what;
    std::string file;
    const char* said;
  };
  for (const Case& one : std::vector<Case>{
           {"a playlist", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "playlist"},
           {"a drawing with a script", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>x()</script></svg>", "SVG"},
           {"a list for FFmpeg", "ffconcat version 1.0\nfile /etc/passwd\n", "list of files"},
           {"commands of ImageMagick", "push graphic-context\nimage over 0,0 0,0 'https://x/'\n", "text"},
           {"PostScript", "%!PS\n(/etc/passwd) run", "text"},
           {"a bitmap", "BM"s + std::string(4, 'x') + std::string(4, '\0') + "rest", "BMP"}}) {
    const auto made = previews_of(one.file);
    ASSERT_FALSE(made) << one.what;
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument) << one.what;
    EXPECT_NE(made.error().message.find(one.said), std::string::npos) << one.what << ": " << made.error().message;
  }
}

}  // namespace
}  // namespace atelier::media::picture

// Rows 55, S9 and S10 of the fault list, and what a look at good files says.
#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "media/worker/container/libraries.hpp"
#include "media/worker/container/tasks.hpp"
#include "tests/media/container/test_media.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::container {
namespace {

constexpr const char* kVideo =
    "-f lavfi -i testsrc2=size=320x180:rate=25 -frames:v 25 -c:v libx264 -preset ultrafast -pix_fmt yuv420p ";
constexpr const char* kSound = "-f lavfi -i sine=frequency=440:duration=1 ";
constexpr const char* kPicture = "-f lavfi -i testsrc2=size=320x180 -frames:v 1 ";

class Probe : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(start_media_libraries());
    folder_ = new MediaFolder;
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string make(std::string_view name, const std::string& arguments) {
    return make_media(*folder_, name, arguments);
  }
  static Result<json::Value> probe(std::string_view bytes, std::string_view name = "holiday.bin") {
    FakeTaskContext context(json::Value{{"name", name}});
    context.add_input("file", bytes);
    return container_tasks()[0].run(context);
  }
  static void expect_refused(std::string_view bytes, std::string_view reason, std::string_view says,
                             std::string_view name = "holiday.bin") {
    const auto result = probe(bytes, name);
    ASSERT_FALSE(result) << json::write(*result);
    EXPECT_EQ(result.error().reason, reason) << result.error().message;
    EXPECT_NE(result.error().message.find(says), std::string::npos) << result.error().message;
    EXPECT_TRUE(result.error().message.starts_with(name)) << result.error().message;
  }

  static MediaFolder* folder_;
};
MediaFolder* Probe::folder_ = nullptr;

TEST_F(Probe, TellsWhatAPictureIs) {
  for (const auto& [name, type] : {std::pair{"a.jpg", "image/jpeg"},
                                   {"a.png", "image/png"},
                                   {"a.webp", "image/webp"},
                                   {"a.gif", "image/gif"},
                                   {"a.tiff", "image/tiff"}}) {
    const auto result =
        probe(make(name, std::string(kPicture) + (std::string_view(name) == "a.tiff" ? "-pix_fmt rgb24" : "")));
    ASSERT_TRUE(result) << name << ": " << result.error().message;
    EXPECT_EQ(result->at("kind").as_string(), "image") << name;
    EXPECT_EQ(result->at("media_type").as_string(), type);
    EXPECT_EQ(result->at("width").as_int64(), 320);
    EXPECT_EQ(result->at("height").as_int64(), 180);
  }
}

TEST_F(Probe, TellsWhatADocumentIs) {
  const auto result = probe("%PDF-1.7", "photo.jpg");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("kind").as_string(), "document");
  EXPECT_EQ(result->at("media_type").as_string(), "application/pdf");
  FakeTaskContext poster{json::Value{{"width", 100}, {"at_frame", 0}}};
  poster.add_input("file", "%PDF-1.7");
  poster.add_output("image");
  const auto refused = container_tasks()[1].run(poster);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "media_unsupported");
}

TEST_F(Probe, TellsWhatAVideoIs) {
  for (const auto& [name, type] : {std::pair{"a.mp4", "video/mp4"},
                                   {"a.mov", "video/quicktime"},
                                   {"a.mkv", "video/x-matroska"},
                                   {"a.avi", "video/x-msvideo"},
                                   {"a.ts", "video/mp2t"}}) {
    const auto result =
        probe(make(name, "-f lavfi -i testsrc2=size=320x180:rate=25 " + std::string(kSound) +
                             "-t 1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -shortest"));
    ASSERT_TRUE(result) << name << ": " << result.error().message;
    EXPECT_EQ(result->at("kind").as_string(), "video") << name;
    EXPECT_EQ(result->at("media_type").as_string(), type);
    EXPECT_EQ(result->at("width").as_int64(), 320);
    EXPECT_EQ(result->at("codec").as_string(), "h264");
    EXPECT_TRUE(result->at("has_audio").as_bool()) << name;
    EXPECT_NEAR(result->at("fps").as_double(), 25, 0.1) << name;
    EXPECT_NEAR(static_cast<double>(result->at("duration_ms").as_int64()), 1'000, 60) << name;
  }
}

TEST_F(Probe, TellsWhatSoundIs) {
  for (const auto& [name, type] : {std::pair{"a.wav", "audio/wav"},
                                   {"a.mp3", "audio/mpeg"},
                                   {"a.flac", "audio/flac"},
                                   {"a.ogg", "audio/ogg"},
                                   {"a.m4a", "audio/mp4"},
                                   {"a.aac", "audio/aac"}}) {
    const auto result = probe(make(name, kSound));
    ASSERT_TRUE(result) << name << ": " << result.error().message;
    EXPECT_EQ(result->at("kind").as_string(), "audio") << name;
    EXPECT_EQ(result->at("media_type").as_string(), type);
    EXPECT_NEAR(static_cast<double>(result->at("duration_ms").as_int64()), 1'000, 60) << name;
  }
}

TEST_F(Probe, MeasuresAVideoThatDoesNotSayHowLongItIs) {
  const std::string bytes =
      make("live.webm", "-f lavfi -i testsrc2=size=160x90:rate=25 -t 1 -c:v libvpx -deadline realtime -f webm -live 1");
  const auto result = probe(bytes);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("media_type").as_string(), "video/webm");
  EXPECT_NEAR(static_cast<double>(result->at("duration_ms").as_int64()), 1'000, 60);
}

TEST_F(Probe, TurnsWhatIsShownTurned) {
  make("upright.mp4", kVideo);
  const std::string bytes =
      make("turned.mp4", "-i " + (*folder_ / "upright.mp4").string() + " -c copy -metadata:s:v rotate=90");
  const auto result = probe(bytes);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("width").as_int64(), 180);
  EXPECT_EQ(result->at("height").as_int64(), 320);
}

TEST_F(Probe, RefusesWhatIsNoMediaWhateverItsName) {
  expect_refused("", "media_empty", "is empty", "nothing.png");
  expect_refused("Dear diary, today I drew nothing.\n", "media_unsupported", "is text", "cover.jpg");
  expect_refused(
      "Gr\xc3\xbc\xc3\x9f"
      "e",
      "media_unsupported", "is text", "cover.jpg");
  expect_refused("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "media_unsupported", "playlist (HLS)", "clip.mp4");
  expect_refused("\xef\xbb\xbf#EXTM3U\nhttp://127.0.0.1/\n", "media_unsupported", "playlist (HLS)", "clip.avi");
  expect_refused("ffconcat version 1.0\nfile /etc/passwd\n", "media_unsupported", "list of files", "clip.mkv");
  expect_refused("<?xml version=\"1.0\"?><svg xmlns:xlink=\"x\"><image xlink:href=\"file:///etc/passwd\"/></svg>",
                 "media_unsupported", "SVG", "logo.png");
  expect_refused("<!DOCTYPE html><title>404</title>", "media_unsupported", "web page", "photo.jpg");
  expect_refused(std::string("PK\3\4") + std::string(100, 'x'), "media_unsupported", "ZIP", "photos.jpg");
  expect_refused(std::string(1'000, '\x80'), "media_unsupported", "no format", "noise.mp4");
}

TEST_F(Probe, RefusesWhatClaimsToBeTooLarge) {
  expect_refused(png_claiming(30'000, 30'000), "media_too_large", "30000x30000", "bomb.png");
  expect_refused(png_claiming(16'000, 16'000), "media_too_large", "256 megapixels");
  expect_refused(png_claiming(100'000, 1), "media_too_large", "16384");
  std::string jpeg = make("small.jpg", kPicture);
  const auto frame_header = jpeg.find("\xff\xc0");
  ASSERT_NE(frame_header, std::string::npos);
  jpeg.replace(frame_header + 5, 4, "\xff\xff\xff\xff");
  expect_refused(jpeg, "media_too_large", "65535x65535");
  expect_refused(gif_of_frames(100'000), "media_too_large", "frames");
  expect_refused(
      make("long.mp4", "-f lavfi -i testsrc2=size=160x90:rate=1/6000 -frames:v 4 -c:v libx264 -preset ultrafast"),
      "media_too_large", "hours");
  std::string maps;
  for (int i = 0; i < 17; ++i) maps += "-map 0:v ";
  make("one.mp4", kVideo);
  expect_refused(make("many.mp4", "-i " + (*folder_ / "one.mp4").string() + " -c copy " + maps), "media_too_large",
                 "16 streams");
  expect_refused(make("many.mkv", "-i " + (*folder_ / "one.mp4").string() + " -c copy " + maps), "media_too_large",
                 "streams");
}

TEST_F(Probe, AcceptsAPictureJustWithinTheLimits) {
  const auto result = probe(png_claiming(10'000, 10'000));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at("width").as_int64(), 10'000);
}

TEST_F(Probe, RefusesWhatIsCutOff) {
  const std::string late = make("late.mp4", kVideo);
  const std::string early = make("early.mp4", std::string(kVideo) + "-movflags +faststart");
  const auto half = [](const std::string& bytes) { return std::string_view(bytes).substr(0, bytes.size() / 2); };
  expect_refused(half(late), "media_truncated", "mdat", "clip.mp4");
  expect_refused(half(early), "media_truncated", "cut off", "clip.mp4");
  expect_refused(late.substr(0, 40), "media_truncated", "cut off");
  expect_refused(half(make("a.mkv", kVideo)), "media_truncated", "cut off");
  expect_refused(half(make("a.avi", kVideo)), "media_truncated", "cut off");
  expect_refused(half(make("a.wav", kSound)), "media_truncated", "cut off");
  expect_refused(wav_claiming(0xffff'ff00), "media_truncated", "4294967040");
  expect_refused(half(make("a.png", kPicture)), "media_truncated", "cut off");
  expect_refused(half(make("a.jpg", kPicture)), "media_truncated", "cut off");
  expect_refused(half(make("a.webp", kPicture)), "media_truncated", "cut off");
  expect_refused(make("a.jpg", kPicture).substr(0, 20), "media_truncated", "cut off");
}

TEST_F(Probe, RefusesAVideoWhoseSamplesAreInAnotherFile) {
  std::string bytes = make("a.mp4", kVideo);
  const auto reference = bytes.find("url ");
  ASSERT_NE(reference, std::string::npos);
  ASSERT_EQ(bytes[reference + 7], 1);
  bytes[reference + 7] = 0;
  expect_refused(bytes, "media_external_reference", "another file");
}

TEST_F(Probe, SurvivesEveryPrefixOfAVideosHead) {
  const std::string bytes = make("early.mp4", std::string(kVideo) + "-movflags +faststart");
  for (std::size_t size = 1; size < 1'500; size += 7)
    EXPECT_FALSE(probe(std::string_view(bytes).substr(0, size))) << size;
}

TEST_F(Probe, SurvivesFlippedBytes) {
  for (const auto* name : {"flip.mp4", "flip.png", "flip.gif", "flip.webp", "flip.mkv"}) {
    const std::string good =
        make(name, std::string_view(name).find(".m") != std::string_view::npos ? kVideo : kPicture);
    for (std::size_t at = 0; at < std::min<std::size_t>(good.size(), 1'200); at += 13) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0xa5);
      const auto result = probe(bad);
      EXPECT_TRUE(result || !result.error().message.empty());
    }
  }
}

TEST_F(Probe, NeedsAFileAndAName) {
  FakeTaskContext nothing(json::Value{{"name", "x"}});
  EXPECT_EQ(container_tasks()[0].run(nothing).error().code, ErrorCode::invalid_argument);
  FakeTaskContext nameless;
  EXPECT_EQ(container_tasks()[0].run(nameless).error().code, ErrorCode::invalid_argument);
}

TEST_F(Probe, PosterShowsAPictureOrAFrame) {
  const auto poster = [](std::string_view bytes, std::int64_t at_frame) {
    FakeTaskContext context(json::Value{{"width", 100}, {"at_frame", at_frame}});
    context.add_input("file", bytes);
    context.add_output("image");
    const auto result = container_tasks()[1].run(context);
    EXPECT_TRUE(result) << result.error().message;
    const std::string jpeg = context.output_bytes("image");
    const auto facts = probe(jpeg);
    EXPECT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->at("width").as_int64(), result->at("width").as_int64());
    EXPECT_EQ(facts->at("width").as_int64(), 100);
    return std::pair{jpeg, facts->at("height").as_int64()};
  };
  EXPECT_EQ(poster(make("a.png", kPicture), 0).second, 56);
  const std::string video = make("a.mp4", kVideo);
  const auto first = poster(video, 0);
  EXPECT_EQ(first.second, 56);
  EXPECT_NE(first.first, poster(video, 20).first);
  EXPECT_EQ(poster(video, 24).first, poster(video, 9'999).first);
  EXPECT_EQ(first.first, poster(video, 0).first);
}

TEST_F(Probe, PosterOfSoundIsRefused) {
  FakeTaskContext context(json::Value{{"width", 100}, {"at_frame", 0}});
  context.add_input("file", make("a.wav", kSound));
  context.add_output("image");
  EXPECT_EQ(container_tasks()[1].run(context).error().reason, "media_unsupported");
}

}  // namespace
}  // namespace atelier::media::container

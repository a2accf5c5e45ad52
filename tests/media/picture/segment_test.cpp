#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "media/worker/caption/tasks.hpp"
#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/tasks.hpp"
#include "tests/media/fake_task_context.hpp"
#include "tests/media/picture/encoded_video.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace atelier::media::picture {
namespace {

const TaskType& task(std::string_view name) {
  for (const TaskType& type : picture_tasks())
    if (type.name == name) return type;
  panic("no such task");
}

// As the worker does at its start.
const caption::Fonts& fonts() {
  static const auto opened = caption::Fonts::open();
  ensure(opened.has_value(), "the tests need Debian's Noto fonts");
  return **opened;
}

struct Scene {
  std::int32_t width = 180;
  std::int32_t height = 320;
  std::int32_t fps = 30;
  std::string kind = "waves";
  std::int64_t seed = 3;
  std::int64_t first_frame = 0;
  std::int64_t frame_count = 40;
  std::vector<std::string> words = {};  // one cue over the whole part
};

json::Value parameters_of(const Scene& scene) {
  json::Array cues;
  if (!scene.words.empty()) {
    json::Array words;
    const auto count = static_cast<std::int64_t>(scene.words.size());
    for (std::int64_t i = 0; i < count; ++i)
      words.push_back(json::Object{{"text", scene.words[static_cast<std::size_t>(i)]},
                                   {"start_frame", i * 30 / count},
                                   {"end_frame", (i + 1) * 30 / count},
                                   {"space_after", true}});
    cues.push_back(
        json::Object{{"start_frame", 0}, {"end_frame", 30}, {"lines", json::Array{json::Object{{"words", words}}}}});
  }
  return json::Object{
      {"width", scene.width},
      {"height", scene.height},
      {"fps", scene.fps},
      {"style", "spotlight"},
      {"language", "en"},
      {"background", json::Object{{"kind", scene.kind}, {"seed", scene.seed}}},
      {"part", json::Object{{"first_frame", scene.first_frame}, {"frame_count", scene.frame_count}, {"cues", cues}}}};
}

class Segment : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(container::start_media_libraries());
    caption::use_fonts(fonts());
  }

  Result<json::Value> run(const Scene& scene, FakeTaskContext& context) {
    context.set_parameters(parameters_of(scene));
    context.add_output("video");
    return task("segment").run(context);
  }
  ReadVideo render(const Scene& scene) {
    FakeTaskContext context;
    const auto result = run(scene, context);
    EXPECT_TRUE(result) << result.error().describe();
    return result ? read_video(context.output("video")) : ReadVideo();
  }
  std::string bytes_of(const Scene& scene) {
    FakeTaskContext context;
    const auto result = run(scene, context);
    EXPECT_TRUE(result) << result.error().describe();
    return context.output_bytes("video");
  }
};

TEST_F(Segment, CountsItsFramesFromZero) {
  const ReadVideo video = render({.first_frame = 60, .frame_count = 40});
  EXPECT_EQ(video.stream_count, 1);
  EXPECT_EQ(video.codec, "h264");
  // NUT chooses a finer time base, of which a frame is a whole number.
  EXPECT_EQ(video.time_base_num, 1);
  ASSERT_EQ(video.time_base_den % 30, 0);
  ASSERT_EQ(video.frames.size(), 40U);
  for (std::size_t i = 0; i < video.frames.size(); ++i)
    ASSERT_EQ(video.frames[i].pts, static_cast<std::int64_t>(i) * (video.time_base_den / 30));
}

TEST_F(Segment, IsHighProfileInBt709WithAllFourTags) {
  const ReadVideo video = render({.frame_count = 4});
  EXPECT_EQ(video.profile, FF_PROFILE_H264_HIGH);
  EXPECT_EQ(video.primaries, AVCOL_PRI_BT709);
  EXPECT_EQ(video.transfer, AVCOL_TRC_BT709);
  EXPECT_EQ(video.matrix, AVCOL_SPC_BT709);
  EXPECT_EQ(video.range, AVCOL_RANGE_MPEG);
  EXPECT_EQ(video.aspect_num, 1);
  EXPECT_EQ(video.aspect_den, 1);
  EXPECT_EQ(video.rate_num, 30 * video.rate_den);
}

// The type of a packet's first slice: 5 is IDR, 1 is any other.
std::set<int> slice_types(const std::string& annexb) {
  std::set<int> types;
  for (std::size_t i = 0; i + 3 < annexb.size(); ++i)
    if (annexb[i] == 0 && annexb[i + 1] == 0 && annexb[i + 2] == 1) {
      const int type = annexb[i + 3] & 0x1f;
      if (type == 1 || type == 5) types.insert(type);
    }
  return types;
}

class GopAtRate : public Segment, public testing::WithParamInterface<std::int32_t> {};

TEST_P(GopAtRate, IsClosedAndHalfASecondWithTwoBFrames) {
  const std::int32_t gop = GetParam() / 2;
  const ReadVideo video = render({.fps = GetParam(), .frame_count = 2 * GetParam()});
  ASSERT_EQ(video.frames.size(), static_cast<std::size_t>(2 * GetParam()));
  std::string types;
  for (const DecodedFrame& frame : video.frames) types.push_back(frame.type);
  for (std::size_t i = 0; i < types.size(); ++i)
    EXPECT_EQ(types[i] == 'I', i % static_cast<std::size_t>(gop) == 0) << types;
  EXPECT_THAT(types, testing::HasSubstr("IBBPBBP"));
  EXPECT_THAT(types, testing::Not(testing::HasSubstr("BBB")));
  // Closed: after an IDR in the stream comes nothing that is shown before it.
  std::int64_t latest_idr = -1;
  for (const ReadPacket& packet : video.packets) {
    const auto slices = slice_types(packet.bytes);
    EXPECT_EQ(slices.size(), 1U);
    if (slices.contains(5)) latest_idr = packet.pts;
    EXPECT_EQ(slices.contains(5), packet.is_key);
    EXPECT_GE(packet.pts, latest_idr);
  }
}
INSTANTIATE_TEST_SUITE_P(Rates, GopAtRate, testing::Values(24, 25, 30, 60));

TEST_F(Segment, HasStrictlyRisingDecodingTimesNotAfterPresentation) {
  const ReadVideo video = render({.frame_count = 50});
  for (std::size_t i = 0; i < video.packets.size(); ++i) {
    EXPECT_LE(video.packets[i].dts, video.packets[i].pts);
    if (i > 0) {
      EXPECT_GT(video.packets[i].dts, video.packets[i - 1].dts) << i;
    }
  }
}

// Several times: what an encoder reads before it is written is often the same by luck.
TEST_F(Segment, GivesTheSameBytesEachTime) {
  for (const Scene& scene : {Scene{.kind = "ink"}, Scene{.kind = "ink", .words = {"Again", "and", "again"}},
                             Scene{.width = 192, .kind = "ink"}}) {
    const std::string first = bytes_of(scene);
    for (int time = 0; time < 4; ++time) {
      const std::string again = bytes_of(scene);
      const auto differ = std::ranges::mismatch(first, again);
      EXPECT_TRUE(first == again) << "of " << first.size() << " and " << again.size() << " bytes the first "
                                  << differ.in1 - first.begin() << " are the same";
    }
  }
}

TEST_F(Segment, OfEveryPartHasTheSameParameterSets) {
  std::set<std::string> hashes, sets;
  for (const Scene& scene :
       {Scene{.frame_count = 15}, Scene{.kind = "ink", .seed = 9, .first_frame = 60, .frame_count = 7},
        Scene{.frame_count = 1}, Scene{.frame_count = 0}}) {
    FakeTaskContext context;
    const auto result = run(scene, context);
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->at("frame_count"), scene.frame_count);
    hashes.insert(std::string(result->at("parameter_sets").as_string()));
    if (scene.frame_count > 0) sets.insert(read_video(context.output("video")).extradata);
  }
  EXPECT_EQ(hashes.size(), 1U);
  EXPECT_EQ(hashes.begin()->size(), 64U);
  EXPECT_EQ(sets.size(), 1U);
}

TEST_F(Segment, WithoutFramesIsAnEmptyFile) { EXPECT_TRUE(bytes_of({.frame_count = 0}).empty()); }

TEST_F(Segment, OfAPartIsWhatTheWholeSceneShowsThere) {
  const ReadVideo whole = render({.kind = "dunes", .frame_count = 45});
  const ReadVideo part = render({.kind = "dunes", .first_frame = 30, .frame_count = 15});
  ASSERT_EQ(whole.frames.size(), 45U);
  ASSERT_EQ(part.frames.size(), 15U);
  double difference = 0;
  for (std::size_t i = 0; i < part.frames.size(); ++i)
    for (std::size_t at = 0; at < part.frames[i].luma.size(); ++at)
      difference += std::abs(part.frames[i].luma[at] - whole.frames[30 + i].luma[at]);
  EXPECT_LT(difference / static_cast<double>(15 * 180 * 320), 0.7)
      << "the encoders differ a little, the pictures do not";
}

TEST_F(Segment, ShowsItsCaptions) {
  const ReadVideo bare = render({.frame_count = 20});
  const ReadVideo captioned = render({.frame_count = 20, .words = {"Words", "appear"}});
  const auto brightest = [](const ReadVideo& video) {
    const auto& luma = video.frames.at(10).luma;
    return *std::max_element(luma.begin(), luma.end());
  };
  EXPECT_LT(brightest(bare), 200);
  EXPECT_GT(brightest(captioned), 215);
}

TEST_F(Segment, StopsWhenToldToAndSaysHowFarItIs) {
  FakeTaskContext context;
  context.cancel_at_progress(5);
  const auto result = run({.frame_count = 300}, context);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  ASSERT_EQ(context.progress_calls().size(), 5U);
  EXPECT_EQ(context.progress_calls().back().done, 4);
  EXPECT_EQ(context.progress_calls().back().total, 300);
}

struct WrongField {
  const char* pointer;
  json::Value value;
  const char* message;
};

TEST_F(Segment, NamesTheFieldThatIsWrong) {
  const WrongField cases[] = {{"/width", 181, "width"},
                              {"/width", 8000, "width"},
                              {"/height", "tall", "height"},
                              {"/fps", 0, "fps"},
                              {"/background/kind", "lava", "lava"},
                              {"/background/seed", -1, "seed"},
                              {"/part/frame_count", -4, "frame_count"},
                              {"/colour", "red", "colour"}};
  for (const WrongField& wrong : cases) {
    FakeTaskContext context;
    json::Value parameters = parameters_of({});
    if (const std::string_view pointer = wrong.pointer; pointer.find('/', 1) == std::string_view::npos)
      parameters.as_object()[std::string(pointer.substr(1))] = wrong.value;
    else
      parameters.at_pointer(pointer) = wrong.value;
    context.set_parameters(parameters);
    context.add_output("video");
    const auto result = task("segment").run(context);
    ASSERT_FALSE(result) << wrong.pointer;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << wrong.pointer;
    EXPECT_THAT(result.error().describe(), testing::HasSubstr(wrong.message));
    EXPECT_TRUE(context.output_bytes("video").empty()) << "half-written";
  }
}

TEST_F(Segment, OnAStillMovesIt) {
  constexpr std::int32_t kWidth = 180, kHeight = 320;
  FakeTaskContext still(json::Object{{"width", kWidth}, {"height", kHeight}});
  // A PPM is no format we read, so the picture is a preview of another scene.
  FakeTaskContext preview;
  auto parameters = parameters_of({.width = 600, .height = 1000, .kind = "bokeh"});
  parameters.as_object()["frame"] = 0;
  parameters.as_object()["preview_width"] = 600;
  preview.set_parameters(parameters);
  preview.add_output("image");
  ASSERT_TRUE(task("frame").run(preview));
  still.add_input("image", preview.output_bytes("image"));
  still.add_output("frame");
  ASSERT_TRUE(task("still").run(still));
  FakeTaskContext context;
  context.add_input("background", still.output_bytes("frame"));
  ASSERT_TRUE(run({.kind = "still", .frame_count = 30}, context));
  const ReadVideo video = read_video(context.output("video"));
  ASSERT_EQ(video.frames.size(), 30U);
  EXPECT_NE(video.frames.front().luma, video.frames.back().luma);
}

TEST_F(Segment, OnAMissingBackgroundSaysSo) {
  for (const char* kind : {"still", "clip"}) {
    FakeTaskContext context;
    const auto result = run({.kind = kind}, context);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, testing::HasSubstr("no "));
  }
}

class Preview : public Segment {};

TEST_F(Preview, IsTheVideosOwnFrame) {
  const Scene scene{.kind = "waves", .frame_count = 30, .words = {"The", "same"}};
  const ReadVideo video = render(scene);
  FakeTaskContext context;
  auto parameters = parameters_of(scene);
  parameters.as_object()["frame"] = 12;
  parameters.as_object()["preview_width"] = 180;
  context.set_parameters(parameters);
  context.add_output("image");
  const auto result = task("frame").run(context);
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(result->at("width"), 180);
  EXPECT_EQ(result->at("height"), 320);
  const std::string jpeg = context.output_bytes("image");
  ASSERT_GT(jpeg.size(), 1000U);
  const ReadVideo picture = read_video(context.output("image"), "jpeg_pipe");
  ASSERT_EQ(picture.frames.size(), 1U);
  const auto& shown = picture.frames[0].luma;  // full range, BT.601 matrix as JPEG has it
  double difference = 0;
  for (std::size_t at = 0; at < shown.size(); ++at)
    difference += std::abs((shown[at] * 219 / 255 + 16) - video.frames[12].luma[at]);
  EXPECT_LT(difference / static_cast<double>(shown.size()), 6);
}

TEST_F(Preview, IsScaledToItsWidthAndNeverEnlarged) {
  for (const auto& [asked, width, height] : {std::tuple{90, 90, 160}, std::tuple{1000, 180, 320}}) {
    FakeTaskContext context;
    auto parameters = parameters_of({});
    parameters.as_object()["frame"] = 3;
    parameters.as_object()["preview_width"] = asked;
    context.set_parameters(parameters);
    context.add_output("image");
    const auto result = task("frame").run(context);
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->at("width"), width);
    EXPECT_EQ(result->at("height"), height);
  }
}

}  // namespace
}  // namespace atelier::media::picture

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <map>
#include <sstream>

#include "media/worker/container/boxes.hpp"
#include "media/worker/container/libraries.hpp"
#include "media/worker/container/tasks.hpp"
#include "tests/media/container/test_media.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::container {
namespace {

constexpr int kFps = 30;
const std::vector<int> kSegmentFrames = {60, 45, 1, 30};
constexpr int kFrameCount = 136;

std::string segment_arguments(int frames, int offset, const std::string& more = "") {
  return "-f lavfi -i testsrc2=size=192x108:rate=30,trim=start_frame=" + std::to_string(offset) +
         ",setpts=PTS-STARTPTS -frames:v " + std::to_string(frames) +
         " -c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -g 15 -bf 2 -sc_threshold 0 -flags "
         "+global_header+cgop+bitexact "
         "-fflags +bitexact -avoid_negative_ts disabled " +
         more;
}

struct SamplePacket {
  std::int64_t pts, dts, duration, size, position;
};

class AssembledFilm : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(start_media_libraries());
    folder_ = new MediaFolder;
    segments_ = new std::vector<std::string>;
    int offset = 0;
    for (const int frames : kSegmentFrames) {
      segments_->push_back(make_media(*folder_, "segment" + std::to_string(segments_->size()) + ".nut",
                                      segment_arguments(frames, offset)));
      offset += frames;
    }
    // A whole number of packets, at least as long as the pictures: 136 frames are 217,600 samples.
    soundtrack_ = new std::string(make_media(*folder_, "sound.nut",
                                             "-f lavfi -i sine=frequency=440:sample_rate=48000,atrim=end_sample=217088 "
                                             "-ac 2 -c:a aac -flags +global_header+bitexact -fflags +bitexact"));
  }
  static void TearDownTestSuite() {
    delete soundtrack_;
    delete segments_;
    delete folder_;
  }

  static json::Value parameters(int frame_count = kFrameCount, std::size_t segment_count = kSegmentFrames.size()) {
    return {{"width", 192},
            {"height", 108},
            {"fps", kFps},
            {"frame_count", frame_count},
            {"title", "A day at the sea"},
            {"segment_count", segment_count}};
  }
  static FakeTaskContext context_of(const std::vector<std::string>& segments, std::string_view sound,
                                    json::Value value = parameters()) {
    FakeTaskContext context(std::move(value));
    for (std::size_t i = 0; i < segments.size(); ++i) context.add_input("segment" + std::to_string(i), segments[i]);
    context.add_input("soundtrack", sound);
    context.add_output("video");
    return context;
  }
  static std::string film() {
    FakeTaskContext context = context_of(*segments_, *soundtrack_);
    const auto result = container_tasks()[2].run(context);
    EXPECT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->at("frame_count").as_int64(), kFrameCount);
    EXPECT_EQ(result->at("duration_ms").as_int64(), kFrameCount * 1'000 / kFps);
    return context.output_bytes("video");
  }
  static std::string film_file() {
    const auto path = *folder_ / "film.mp4";
    write_bytes(path, film());
    return path.string();
  }
  static Error error_of_film(const std::vector<std::string>& segments, std::string_view sound,
                             json::Value value = parameters()) {
    FakeTaskContext context = context_of(segments, sound, std::move(value));
    const auto result = container_tasks()[2].run(context);
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }
  static std::vector<SamplePacket> packets(const std::string& file, const std::string& stream) {
    std::vector<SamplePacket> packets;
    for (const std::string& line :
         lines_of(run_command("ffprobe -v error -select_streams " + stream +
                              " -show_entries packet=pts,dts,duration,size,pos -of csv=p=0 " + file))) {
      std::istringstream fields(line);
      SamplePacket packet{};
      char comma = 0;
      fields >> packet.pts >> comma >> packet.dts >> comma >> packet.duration >> comma >> packet.size >> comma >>
          packet.position;
      packets.push_back(packet);
    }
    return packets;
  }

  static MediaFolder* folder_;
  static std::vector<std::string>* segments_;
  static std::string* soundtrack_;
};
MediaFolder* AssembledFilm::folder_ = nullptr;
std::vector<std::string>* AssembledFilm::segments_ = nullptr;
std::string* AssembledFilm::soundtrack_ = nullptr;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST_F(AssembledFilm, HasItsIndexFirst) {
  const std::string bytes = film();
  std::vector<std::string> types;
  ASSERT_TRUE(for_each_box(bytes_of(bytes), 0, [&](const Box& box) {
    types.emplace_back(box.type);
    return true;
  }));
  const auto at = [&](std::string_view type) { return std::find(types.begin(), types.end(), type) - types.begin(); };
  EXPECT_EQ(at("ftyp"), 0);
  EXPECT_LT(at("moov"), at("mdat"));
  EXPECT_EQ(std::count(types.begin(), types.end(), "mdat"), 1);
  EXPECT_TRUE(check_boxes(bytes_of(bytes), "film"));
}

TEST_F(AssembledFilm, HasNoEditListAndNoTimeOfMaking) {
  const std::string bytes = film();
  EXPECT_EQ(bytes.substr(0, bytes.find("mdat")).find("edts"), std::string::npos);
  EXPECT_EQ(bytes.substr(0, bytes.find("mdat")).find("elst"), std::string::npos);
  EXPECT_EQ(bytes.find("Lavf"), std::string::npos);
  const std::string facts = run_command("ffprobe -v error -show_format -show_streams " + film_file());
  EXPECT_EQ(facts.find("creation_time"), std::string::npos);
  EXPECT_NE(facts.find("TAG:title=A day at the sea"), std::string::npos);
}

TEST_F(AssembledFilm, ShowsEveryFrameOnceFromZeroOn) {
  const auto video = packets(film_file(), "v");
  ASSERT_EQ(video.size(), static_cast<std::size_t>(kFrameCount));
  std::vector<std::int64_t> shown;
  for (std::size_t i = 0; i < video.size(); ++i) {
    EXPECT_EQ(video[i].dts - video[0].dts, static_cast<std::int64_t>(i) * 512) << i;
    EXPECT_EQ(video[i].duration, 512);
    shown.push_back(video[i].pts);
  }
  std::sort(shown.begin(), shown.end());
  for (std::size_t i = 0; i < shown.size(); ++i) EXPECT_EQ(shown[i], static_cast<std::int64_t>(i) * 512) << i;
}

TEST_F(AssembledFilm, HasSoundFromZeroThatEndsWithThePictures) {
  const std::string file = film_file();
  const auto sound = packets(file, "a");
  ASSERT_FALSE(sound.empty());
  for (std::size_t i = 0; i < sound.size(); ++i) EXPECT_EQ(sound[i].dts, static_cast<std::int64_t>(i) * 1'024) << i;
  const auto sound_end = sound.back().dts + 1'024;
  EXPECT_LE(std::abs(sound_end - kFrameCount * 1'600), 1'024);
  std::map<std::string, double> durations;
  for (const std::string& line :
       lines_of(run_command("ffprobe -v error -show_entries stream=codec_type,duration -of csv=p=0 " + file)))
    durations[line.substr(0, line.find(','))] = std::stod(line.substr(line.find(',') + 1));
  EXPECT_NEAR(durations["video"], kFrameCount / 30.0, 1e-4);
  EXPECT_NEAR(durations["audio"], kFrameCount / 30.0, 1'024 / 48'000.0);
}

TEST_F(AssembledFilm, ShowsThePicturesOfItsSegments) {
  const auto pictures_of = [](const std::string& file) {
    std::vector<std::string> hashes;
    for (const std::string& line :
         lines_of(run_command("ffmpeg -nostdin -v error -i " + file + " -map 0:v -fps_mode passthrough -f framemd5 -")))
      if (!line.starts_with('#')) hashes.push_back(line.substr(line.rfind(',') + 1));
    return hashes;
  };
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < segments_->size(); ++i)
    for (std::string& hash : pictures_of((*folder_ / ("segment" + std::to_string(i) + ".nut")).string()))
      expected.push_back(std::move(hash));
  EXPECT_EQ(pictures_of(film_file()), expected);
}

TEST_F(AssembledFilm, KeepsParameterSetsOutOfItsSamples) {
  const std::string file = film_file();
  const std::string bytes = read_bytes(file);
  int slices = 0;
  for (const SamplePacket& packet : packets(file, "v")) {
    for (auto at = static_cast<std::size_t>(packet.position);
         at < static_cast<std::size_t>(packet.position + packet.size);) {
      const auto byte = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(i)));
      };
      const std::size_t size = byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
      const auto type = byte(at + 4) & 0x1f;
      EXPECT_NE(type, 7U) << at;
      EXPECT_NE(type, 8U) << at;
      slices += type == 1 || type == 5 ? 1 : 0;
      at += 4 + size;
    }
  }
  EXPECT_GE(slices, kFrameCount);
}

TEST_F(AssembledFilm, IsTaggedAsItIsAndPlaysWithoutComplaint) {
  const std::string file = film_file();
  const std::string facts = run_command("ffprobe -v error -select_streams v -show_streams " + file);
  for (const auto* fact :
       {"color_primaries=bt709", "color_transfer=bt709", "color_space=bt709", "color_range=tv", "r_frame_rate=30/1",
        "avg_frame_rate=30/1", "time_base=1/15360", "start_pts=0", "nb_frames=136"})
    EXPECT_NE(facts.find(fact), std::string::npos) << fact;
  EXPECT_EQ(run_command("ffmpeg -nostdin -v warning -i " + file + " -f null - 2>&1"), "");
}

TEST_F(AssembledFilm, IsTheSameEveryTime) { EXPECT_EQ(film(), film()); }

TEST_F(AssembledFilm, IsMadeAtEveryFrameRate) {
  for (const int fps : {24, 25, 60}) {
    std::string arguments = segment_arguments(fps, 0);
    arguments.replace(arguments.find("rate=30"), 7, "rate=" + std::to_string(fps));
    const std::string segment = make_media(*folder_, "other.nut", arguments);
    FakeTaskContext context = context_of(
        {segment}, *soundtrack_,
        {{"width", 192}, {"height", 108}, {"fps", fps}, {"frame_count", fps}, {"title", ""}, {"segment_count", 1}});
    const auto result = container_tasks()[2].run(context);
    ASSERT_TRUE(result) << result.error().message;
    write_bytes(*folder_ / "other.mp4", context.output_bytes("video"));
    const auto video = packets((*folder_ / "other.mp4").string(), "v");
    ASSERT_EQ(video.size(), static_cast<std::size_t>(fps));
    EXPECT_EQ(packets((*folder_ / "other.mp4").string(), "a").size(), 47U);
  }
}

TEST_F(AssembledFilm, ReportsProgressAndStopsWhenTold) {
  FakeTaskContext context = context_of(*segments_, *soundtrack_);
  context.cancel_at_progress(20);
  const auto result = container_tasks()[2].run(context);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(context.progress_calls().size(), 20U);
}

TEST_F(AssembledFilm, RefusesSegmentsOfAnotherEncoder) {
  auto segments = *segments_;
  segments[1] = make_media(*folder_, "alien.nut", segment_arguments(45, 0, "-refs 4 -profile:v main"));
  const Error error = error_of_film(segments, *soundtrack_);
  EXPECT_EQ(error.reason, "segment_mismatch");
  EXPECT_EQ(error.where, "segment1");
  EXPECT_NE(error.message.find("segment1"), std::string::npos);
}

TEST_F(AssembledFilm, RefusesWhatDoesNotFitTogether) {
  auto segments = *segments_;
  EXPECT_EQ(error_of_film(segments, *soundtrack_, parameters(100)).reason, "frame_count_mismatch");
  EXPECT_EQ(error_of_film(segments, *soundtrack_, parameters(kFrameCount, 5)).code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of_film(segments, (*soundtrack_).substr(0, soundtrack_->size() / 2)).reason, "media_truncated");
  const std::string short_sound = make_media(
      *folder_, "short.nut", "-f lavfi -i sine=sample_rate=48000:duration=1 -ac 2 -c:a aac -flags +global_header");
  EXPECT_EQ(error_of_film(segments, short_sound).reason, "soundtrack_too_short");
  EXPECT_EQ(error_of_film(segments, segments[0]).reason, "soundtrack_broken");
  EXPECT_EQ(error_of_film({*soundtrack_}, *soundtrack_, parameters(1, 1)).reason, "segment_broken");
  EXPECT_EQ(error_of_film({"nothing"}, *soundtrack_, parameters(1, 1)).code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of_film({""}, *soundtrack_, parameters(1, 1)).code, ErrorCode::invalid_argument);
  segments[2].resize(segments[2].size() / 2);
  EXPECT_EQ(error_of_film(segments, *soundtrack_).reason, "media_truncated");
  EXPECT_EQ(error_of_film(segments, *soundtrack_).where, "segment2");
  json::Value odd = parameters();
  odd.as_object()["fps"] = 31;
  EXPECT_NE(error_of_film(*segments_, *soundtrack_, odd).describe().find("fps"), std::string::npos);
}

}  // namespace
}  // namespace atelier::media::container

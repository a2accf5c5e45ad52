#include <algorithm>
#include <functional>
#include <limits>

#include "tests/media/sound/sound_fixture.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::int64_t kFrame = kSampleRate / 30;

struct Made {
  json::Object result;
  std::string bytes;
  Heard heard;
  double number(std::string_view name) const { return result.at(name).to_number<double>(); }
};

Result<Made> make(const Production& production) {
  const auto context = context_of(production);
  auto result = task_called("soundtrack").run(*context);
  if (!result) return error_of(result);
  return Made{result->as_object(), context->output_bytes("audio"), listen_to(context->output("audio"))};
}

Samples faded(Samples samples) {
  const std::size_t edge = std::min<std::size_t>(samples.size() / 2, 2'400);
  for (std::size_t i = 0; i < edge; ++i) {
    samples[i] *= static_cast<float>(i) / static_cast<float>(edge);
    samples[samples.size() - 1 - i] *= static_cast<float>(i) / static_cast<float>(edge);
  }
  return samples;
}

// Short loud bursts over a quiet ground: 20 dB between peak and loudness.
Samples peaky(std::size_t count, std::uint32_t seed) {
  Samples samples = noise(count, 0.25F, seed);
  for (std::size_t at = 3'000; at + 200 < count; at += 9'600)
    for (std::size_t i = 0; i < 200; ++i) samples[at + i] *= 6;
  return samples;
}

// By how many samples `part` is late in `whole` against its place; searched 20 ms to both sides.
int lag_of(const Samples& whole, const Samples& part, std::int64_t place) {
  int best_lag = std::numeric_limits<int>::max();
  double best = -1;
  const std::size_t skip = 4'800, count = std::min<std::size_t>(part.size() - 2 * skip, 24'000);
  for (int lag = -960; lag <= 960; ++lag) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      sum += static_cast<double>(part[skip + i]) * whole[static_cast<std::size_t>(place + lag) + skip + i];
    if (sum > best) {
      best = sum;
      best_lag = lag;
    }
  }
  return best_lag;
}

std::string wav_music(const Samples& samples) { return wav_of(samples); }

std::span<const float> part_of(const Samples& samples, double from_s, double to_s) {
  const auto at = [](double seconds) { return static_cast<std::size_t>(seconds * kSampleRate); };
  return std::span(samples).subspan(at(from_s), at(to_s) - at(from_s));
}

TEST(Soundtrack, EverySceneIsHeardExactlyWhereItsFirstFrameIs) {
  Production production{.frame_count = 30 * 20, .scenes = {}, .music = {}};
  const std::int64_t starts[] = {1, 95, 217, 333, 480};
  for (std::uint32_t i = 0; i < 5; ++i)
    production.scenes.push_back({faded(noise(60'000 + 777 * i, 0.3F, i + 1)), starts[i]});
  const auto made = make(production);
  ASSERT_TRUE(made) << made.error().message;
  for (const auto& scene : production.scenes)
    EXPECT_NEAR(lag_of(made->heard.left, scene.samples, scene.first_frame * kFrame), 0, 2) << scene.first_frame;
}

TEST(Soundtrack, CountsItsPacketsFromZeroWithoutAHole) {
  const auto made = make({.frame_count = 31, .scenes = {{faded(noise(40'000, 0.3F, 1)), 2}}, .music = {}});
  ASSERT_TRUE(made);
  const auto packet_count = static_cast<std::size_t>((31 * kFrame + 1'023) / 1'024);
  ASSERT_EQ(made->heard.pts.size(), packet_count);
  EXPECT_EQ(made->result.at("packet_count").to_number<std::size_t>(), packet_count);
  for (std::size_t i = 0; i < packet_count; ++i) EXPECT_EQ(made->heard.pts[i], static_cast<std::int64_t>(1'024 * i));
}

TEST(Soundtrack, IsAsLoudAsAskedUnderItsPeakAfterDecoding) {
  const Samples quiet = faded(noise(400'000, 0.02F, 3)), loud = faded(noise(400'000, 0.99F, 4)),
                hard = peaky(400'000, 5);
  for (const Samples& samples : {quiet, loud, hard}) {
    const auto made = make({.frame_count = 30 * 9, .scenes = {{samples, 5}}, .music = {}});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_NEAR(made->heard.lufs, -14, 0.5);
    EXPECT_LE(made->heard.true_peak_dbtp, -1.5);
    EXPECT_NEAR(made->number("integrated_lufs"), made->heard.lufs, 0.1);
    EXPECT_NEAR(made->number("true_peak_dbtp"), made->heard.true_peak_dbtp, 0.1);
  }
}

TEST(Soundtrack, RealSpeechWithMusicIsAsLoudAsAskedUnderItsPeak) {
  const auto speech = speak("The keeper climbed the stairs every evening, counting them aloud. Then he lit the lamp!",
                            "local/espeak-ng/en-us");
  ASSERT_TRUE(speech);
  const std::int64_t frame_count = (speech->sample_count + kFrame - 1) / kFrame;
  const auto made = make({.frame_count = frame_count + 60,
                          .scenes = {{speech->samples, 30}},
                          .music = wav_music(noise(200'000, 0.8F, 9))});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_NEAR(made->heard.lufs, -14, 0.5);
  EXPECT_LE(made->heard.true_peak_dbtp, -1.5);
}

TEST(Soundtrack, MusicIsTenDecibelsLowerWhileSomeoneSpeaks) {
  Production production{
      .frame_count = 30 * 14, .scenes = {}, .music = wav_music(tone(960'000, 0.5F, 440)), .gain_db = -12};
  production.scenes.push_back({tone(3 * kSampleRate, 0.3F, 2'900), 90});   // 3 s to 6 s
  production.scenes.push_back({tone(3 * kSampleRate, 0.3F, 2'900), 255});  // 8.5 s to 11.5 s
  const auto made = make(production);
  ASSERT_TRUE(made) << made.error().message;
  const double gap = level_db(part_of(made->heard.left, 6.5, 8.1), 440),
               speech = level_db(part_of(made->heard.left, 3.2, 5.8), 440);
  EXPECT_LE(speech, gap - 10);
  EXPECT_GE(speech, gap - 14);
  EXPECT_NEAR(level_db(part_of(made->heard.left, 1, 2.7), 440), gap, 0.5);
  EXPECT_NEAR(level_db(part_of(made->heard.left, 9, 11), 440), speech, 0.5);
}

TEST(Soundtrack, MusicIsDownWhenTheWordBeginsAndDoesNotJump) {
  Production production{
      .frame_count = 30 * 8, .scenes = {}, .music = wav_music(tone(960'000, 0.5F, 440)), .gain_db = -6};
  production.scenes.push_back({tone(3 * kSampleRate, 0.2F, 2'900), 90});
  const auto made = make(production);
  ASSERT_TRUE(made);
  const double before = level_db(part_of(made->heard.left, 2.5, 2.8), 440),
               down = level_db(part_of(made->heard.left, 3.0, 3.1), 440);
  EXPECT_LE(down, before - 10);
  // Half of the way down in the middle of the slope.
  const double middle = level_db(part_of(made->heard.left, 2.89, 2.91), 440);
  EXPECT_LT(middle, before - 2);
  EXPECT_GT(middle, down + 3);
}

TEST(Soundtrack, ShortMusicGoesOnToTheEndAndFadesOut) {
  const auto made = make({.frame_count = 30 * 12,
                          .scenes = {{Samples(4'800), 0}},
                          .music = wav_music(noise(150'000, 0.5F, 7)),
                          .gain_db = 0});
  ASSERT_TRUE(made) << made.error().message;
  const double usual = rms_db(part_of(made->heard.left, 1, 9.9));
  for (double at = 1; at < 9.8; at += 0.1) EXPECT_NEAR(rms_db(part_of(made->heard.left, at, at + 0.1)), usual, 4) << at;
  EXPECT_LT(rms_db(part_of(made->heard.left, 11.9, 11.95)), usual - 20);
}

TEST(Soundtrack, MusicInAnotherFormIsReadToo) {
  // 44.1 kHz, 16 bits, stereo.
  std::string pcm("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0data\0\0\0\0", 44);
  for (int i = 0; i < 44'100 * 4; ++i) {
    const auto value = static_cast<std::int16_t>(12'000 * std::sin(2 * M_PI * 440 * (i / 2) / 44'100.0));
    pcm.append(reinterpret_cast<const char*>(&value), 2);
  }
  const auto size = static_cast<std::uint32_t>(pcm.size() - 44), riff = size + 36;
  pcm.replace(40, 4, reinterpret_cast<const char*>(&size), 4);
  pcm.replace(4, 4, reinterpret_cast<const char*>(&riff), 4);
  const auto made = make({.frame_count = 60, .scenes = {{Samples(4'800), 0}}, .music = pcm, .gain_db = 0});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GT(level_db(part_of(made->heard.left, 0.8, 1.2), 440),
            level_db(part_of(made->heard.left, 0.8, 1.2), 404) + 30);
}

TEST(Soundtrack, IsTheSameBytesEachTime) {
  const Production production{
      .frame_count = 90, .scenes = {{peaky(90'000, 1), 10}}, .music = wav_music(noise(60'000, 0.5F, 2))};
  const auto first = make(production), second = make(production);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->bytes == second->bytes);
  EXPECT_EQ(first->bytes.find("Lavf"), std::string::npos);
  EXPECT_EQ(first->bytes.find("Lavc"), std::string::npos);
}

TEST(Soundtrack, SilenceStaysSilence) {
  const auto made = make({.frame_count = 60, .scenes = {{Samples(60'000), 0}}, .music = {}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->number("gain_db"), 0);
  EXPECT_LT(rms_db(made->heard.left), -90);
}

TEST(Soundtrack, ASingleFrameIsStillAFile) {
  const auto made = make({.frame_count = 1, .scenes = {{noise(1'000, 0.1F, 1), 0}}, .music = {}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GE(made->heard.pts.size(), 1U);
}

TEST(Soundtrack, StopsWhenCancelledInAnyPass) {
  const Production production{.frame_count = 300, .scenes = {{peaky(400'000, 1), 10}}, .music = {}};
  for (const std::size_t call : {1U, 100U, 250U, 400U}) {
    const auto context = context_of(production);
    context->cancel_at_progress(call);
    const auto result = task_called("soundtrack").run(*context);
    ASSERT_FALSE(result) << call;
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_EQ(context->progress_calls().size(), call);
  }
}

TEST(Soundtrack, ProgressNeverGoesBack) {
  const auto context = context_of({.frame_count = 300, .scenes = {{peaky(400'000, 1), 10}}, .music = {}});
  ASSERT_TRUE(task_called("soundtrack").run(*context));
  std::int64_t low = 0;
  for (const auto& call : context->progress_calls()) {
    EXPECT_GE(call.done, low);
    EXPECT_LE(call.done, call.total);
    low = call.done;
  }
  EXPECT_EQ(low, context->progress_calls().back().total);
}

struct Refused {
  const char* what;
  std::function<void(FakeTaskContext&, json::Object&)> spoil;
  const char* says;
};

TEST(Soundtrack, BadInputIsOneClearErrorAndNoOutput) {
  const Refused table[] = {
      {"no scenes", [](auto&, auto& p) { p["scenes"] = json::Array(); }, "scenes is empty"},
      {"odd rate", [](auto&, auto& p) { p["fps"] = 29; }, "fps is 29"},
      {"five hours", [](auto&, auto& p) { p["frame_count"] = 5 * 3'600 * 30; }, "longer than 4 hours"},
      {"no length", [](auto&, auto& p) { p["frame_count"] = 0; }, "frame_count"},
      {"too short for its scene", [](auto&, auto& p) { p["frame_count"] = 5; }, "scene0 has"},
      {"unknown field", [](auto&, auto& p) { p["volume"] = 3; }, "volume"},
      {"missing scene", [](auto&, auto& p) { p["scenes"].as_array()[0].as_object()["input"] = "scene7"; }, "scene7"},
      {"scene out of range", [](auto&, auto& p) { p["scenes"].as_array()[0].as_object()["first_frame"] = 60; },
       "first_frame"},
      {"scene twice", [](auto&, auto& p) { p["scenes"].as_array().push_back(p["scenes"].as_array()[0]); },
       "does not rise"},
      {"no music file", [](auto&, auto& p) { p["music"].as_object()["input"] = "tune"; }, "tune"},
      {"text as music", [](auto& c, auto&) { c.add_input("music", "This is not a song.\n"); }, "music is text"},
      {"playlist as music",
       [](auto& c, auto&) { c.add_input("music", "#EXTM3U\n#EXTINF:9,\nhttp://localhost/a.ts\n"); }, "playlist"},
      {"file list as music", [](auto& c, auto&) { c.add_input("music", "ffconcat version 1.0\nfile /etc/passwd\n"); },
       "list of files"},
      {"picture as music",
       [](auto& c, auto&) { c.add_input("music", std::string("\x89PNG\r\n\x1a\n") + std::string(100, 'x')); },
       "picture"},
      {"nothing as music", [](auto& c, auto&) { c.add_input("music", ""); }, "empty"},
      {"noise as music", [](auto& c, auto&) { c.add_input("music", "ID3" + std::string(5'000, '\x7f')); }, "music"},
  };
  for (const Refused& row : table) {
    const auto context = context_of(
        {.frame_count = 60, .scenes = {{noise(20'000, 0.2F, 1), 0}}, .music = wav_music(noise(60'000, 0.5F, 2))});
    json::Object parameters = context->parameters().as_object();
    row.spoil(*context, parameters);
    context->set_parameters(parameters);
    const auto result = task_called("soundtrack").run(*context);
    ASSERT_FALSE(result) << row.what;
    EXPECT_NE(result.error().describe().find(row.says), std::string::npos)
        << row.what << ": " << result.error().describe();
    EXPECT_NE(result.error().code, ErrorCode::internal) << row.what;
    EXPECT_EQ(context->output_bytes("audio").size(), 0U) << row.what;
  }
}

}  // namespace
}  // namespace atelier::media::sound

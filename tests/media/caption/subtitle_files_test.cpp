#include "media/worker/caption/subtitle_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/worker/caption/tasks.hpp"
#include "tests/media/caption/caption_test_support.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::caption {
namespace {

Subtitles two_scenes(const std::string& style) {
  return {"A title",
          style,
          "en",
          1080,
          1920,
          30,
          {{0, 90, {make_cue("Fish & chips|<b>", 3)}}, {90, 90, {make_cue("next {one} --> x")}}}};
}

TEST(SubtitleFiles, SrtCountsFromTheProductionsStart) {
  EXPECT_EQ(write_srt(two_scenes("plain")),
            "1\n00:00:00,100 --> 00:00:02,100\nFish & chips\n<b>\n\n"
            "2\n00:00:03,000 --> 00:00:05,000\nnext {one} --\u2060> x\n\n");
}

TEST(SubtitleFiles, VttEscapesItsMarkup) {
  EXPECT_EQ(write_vtt(two_scenes("plain")),
            "WEBVTT\n\n1\n00:00:00.100 --> 00:00:02.100\nFish &amp; chips\n&lt;b&gt;\n\n"
            "2\n00:00:03.000 --> 00:00:05.000\nnext {one} --&gt; x\n\n");
}

TEST(SubtitleFiles, TimesRiseStrictlyAtEveryFrameRate) {
  for (const int fps : {24, 25, 30, 60}) {
    Subtitles subtitles{"", "plain", "en", 1080, 1920, fps, {{0, 400, {}}}};
    for (int i = 0; i < 200; ++i) {
      Cue cue = make_cue("x", i);
      cue.end_frame = i + 1;
      subtitles.passages[0].cues.push_back(cue);
    }
    const std::string srt = write_srt(subtitles);
    std::string last;
    for (std::size_t at = srt.find(" --> "); at != std::string::npos; at = srt.find(" --> ", at + 1)) {
      const std::string start = srt.substr(at - 12, 12), end = srt.substr(at + 5, 12);
      EXPECT_LT(start, end);
      EXPECT_GE(start, last);
      last = end;
    }
  }
}

TEST(SubtitleFiles, AssHasThePicturesSizeFontAndEscapedText) {
  const auto ass = write_ass(two_scenes("plain"), test_fonts());
  ASSERT_TRUE(ass.has_value());
  EXPECT_THAT(*ass, testing::HasSubstr("PlayResX: 1080\nPlayResY: 1920\n"));
  EXPECT_THAT(*ass, testing::HasSubstr("Title: A title\n"));
  EXPECT_THAT(*ass, testing::HasSubstr("Style: plain,Noto Sans,"));
  EXPECT_THAT(*ass, testing::HasSubstr("\\{one\\}"));
  EXPECT_THAT(*ass, testing::HasSubstr("Dialogue: 0,0:00:00.08,0:00:02.08,plain,"));
}

TEST(SubtitleFiles, AssLightsOneWordAfterAnother) {
  const auto ass =
      write_ass({"", "spotlight", "en", 1080, 1920, 30, {{0, 90, {make_cue("one two three")}}}}, test_fonts());
  ASSERT_TRUE(ass.has_value());
  std::size_t count = 0;
  for (std::size_t at = ass->find("Dialogue: 2,"); at != std::string::npos; at = ass->find("Dialogue: 2,", at + 1))
    ++count;
  EXPECT_EQ(count, 3u);  // one event for each word of the top layer
  EXPECT_EQ(ass->find("Dialogue: 0,"), ass->rfind("Dialogue: 0,"));
}

TEST(SubtitleFiles, KeepEmojiWhereTheyCanBeSeenAndTheirPlaceElsewhere) {
  const Subtitles subtitles{"", "plain", "en", 1080, 1920, 30, {{0, 90, {make_cue("a 🦊 b")}}}};
  EXPECT_THAT(write_srt(subtitles), testing::HasSubstr("a 🦊 b"));
  EXPECT_THAT(write_vtt(subtitles), testing::HasSubstr("a 🦊 b"));
  const auto ass = write_ass(subtitles, test_fonts());
  ASSERT_TRUE(ass.has_value());
  EXPECT_EQ(ass->find("🦊"), std::string::npos);
  EXPECT_THAT(*ass, testing::HasSubstr("\\p1"));
}

TEST(CaptionsTask, WritesTheFilesThatAreWantedAndCountsCues) {
  use_fonts(test_fonts());
  FakeTaskContext context(
      std::string_view(R"({"title":"T","style":"plain","language":"en","width":1080,"height":1920,"fps":30,"scenes":[
    {"first_frame":30,"frame_count":60,"cues":[{"start_frame":0,"end_frame":30,"lines":[{"words":[
      {"text":"hi","start_frame":0,"end_frame":30,"space_after":true}]}]}]}]})"));
  context.add_output("srt");
  context.add_output("ass");
  const auto result = caption_tasks()[1].run(context);
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_EQ(json::write(*result), R"({"cue_count":1})");
  EXPECT_EQ(context.output_bytes("srt"), "1\n00:00:01,000 --> 00:00:02,000\nhi\n\n");
  EXPECT_THAT(context.output_bytes("ass"), testing::HasSubstr("[Events]"));
}

TEST(CaptionsTask, RefusesScenesThatOverlapAndCuesThatOutlastThem) {
  use_fonts(test_fonts());
  const auto complaint = [](std::string_view scenes) {
    const std::string parameters =
        R"({"title":"T","style":"plain","language":"en","width":1080,"height":1920,"fps":30,"scenes":)" +
        std::string(scenes) + "}";
    FakeTaskContext context{std::string_view(parameters)};
    const auto result = caption_tasks()[1].run(context);
    return result ? std::string() : result.error().describe();
  };
  EXPECT_THAT(
      complaint(R"([{"first_frame":0,"frame_count":60,"cues":[]},{"first_frame":59,"frame_count":1,"cues":[]}])"),
      testing::HasSubstr("/scenes/1/first_frame"));
  EXPECT_THAT(complaint(R"([{"first_frame":0,"frame_count":9,"cues":[{"start_frame":0,"end_frame":30,"lines":[{"words":[
      {"text":"hi","start_frame":0,"end_frame":30}]}]}]}])"),
              testing::HasSubstr("/scenes/0/cues"));
}

}  // namespace
}  // namespace atelier::media::caption

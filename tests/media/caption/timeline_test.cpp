#include "media/worker/caption/timeline.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "media/protocol/catalog.hpp"
#include "media/worker/caption/characters.hpp"
#include "media/worker/caption/layout.hpp"
#include "media/worker/caption/tasks.hpp"
#include "tests/media/caption/caption_test_support.hpp"
#include "tests/media/fake_task_context.hpp"

namespace atelier::media::caption {
namespace {

// A voice that says every space-separated word, punctuation left out of its tokens as an engine would.
Speech speak(const std::string& text, std::int64_t samples_per_word = 14'400) {
  Speech speech;
  std::int64_t now = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = text.find_first_not_of(" \n\t.,!?\"()", at);
    if (start == std::string::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \n\t.,!?\"()", start), text.size());
    speech.tokens.push_back({start, end, now, now + samples_per_word - 1000});
    now += samples_per_word;
    at = end;
  }
  speech.sample_count = now + 5000;
  return speech;
}

TimelineRequest request_for(const std::string& text, const std::string& style = "plain") {
  return {text, style, "en", 1080, 1920, 30, 60, 8, speak(text)};
}
Timeline timeline_of(const TimelineRequest& request) {
  auto made = make_timeline(request, test_fonts());
  ensure(made.has_value(), "a test's timeline could not be made");
  return std::move(*made);
}

std::string text_of(const std::vector<Cue>& cues) {
  std::string text;
  for (const Cue& cue : cues)
    for (const Line& line : cue.lines)
      for (const Word& word : line.words) text += word.text + (word.space_after ? " " : "");
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char32_t c : Characters(text)) {
    if (!is_space(c))
      append_utf8(out, c);
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}
std::vector<std::string> pages_of(const std::vector<Cue>& cues) {
  std::vector<std::string> pages;
  for (const Cue& cue : cues) {
    std::string page;
    for (const Line& line : cue.lines) {
      if (!page.empty()) page += "|";
      for (std::size_t i = 0; i < line.words.size(); ++i)
        page += line.words[i].text + (line.words[i].space_after && i + 1 < line.words.size() ? " " : "");
    }
    pages.push_back(page);
  }
  return pages;
}

void expect_sound(const Timeline& timeline, const TimelineRequest& request) {
  std::int64_t end = 0, start = -1;
  for (const Cue& cue : timeline.cues) {
    EXPECT_GT(cue.start_frame, start);
    EXPECT_GE(cue.start_frame, end);
    EXPECT_GT(cue.end_frame, cue.start_frame);
    start = cue.start_frame;
    end = cue.end_frame;
    EXPECT_LE(cue.lines.size(), 2u);
    for (const Line& line : cue.lines)
      for (const Word& word : line.words) {
        EXPECT_GE(word.start_frame, cue.start_frame);
        EXPECT_LE(word.end_frame, cue.end_frame);
        EXPECT_LE(word.start_frame, word.end_frame);
      }
  }
  EXPECT_LE(end, timeline.frame_count);
  EXPECT_EQ(text_of(timeline.cues), squeezed(request.text));
  ASSERT_EQ(timeline.parts.size(), static_cast<std::size_t>(request.part_count));
  std::int64_t next = 0;
  for (const Part& part : timeline.parts) {
    EXPECT_EQ(part.first_frame, next);
    next = part.first_frame + part.frame_count;
    if (part.frame_count > 0) {
      EXPECT_EQ(part.first_frame % request.part_frames, 0);
    }
    for (const Cue& cue : timeline.cues) {
      const bool touches = cue.start_frame < next && cue.end_frame > part.first_frame;
      EXPECT_EQ(std::ranges::count(part.cues, cue), touches && part.frame_count > 0 ? 1 : 0);
    }
  }
  EXPECT_EQ(next, timeline.frame_count);
}

TEST(CaptionTimeline, KeepsAllTextAndRisesWhateverIsSaid) {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t count) { return static_cast<std::size_t>(random()) % count; };
  const std::vector<std::string> words{"a",       "the",  "extraordinary",
                                       "fox",     "I",    "incomprehensibilities",
                                       "“quoted", "end”", "😀",
                                       "—",       "3.5",  "don't",
                                       "Ünïcode", "{x}",  "https://example.org/a/very/long/address?with=query"};
  const std::vector<std::string> ends{" ", " ", " ", ", ", ". ", "! ", "?\n\n", "  ", " (", ") "};
  for (int round = 0; round < 40; ++round) {
    std::string text;
    for (std::size_t i = 0, count = 1 + pick(40); i < count; ++i)
      text += words[pick(words.size())] + ends[pick(ends.size())];
    constexpr const char* kStyles[] = {"spotlight", "plain", "card", "headline"};
    TimelineRequest request = request_for(text, kStyles[pick(4)]);
    request.fps = frame_rates()[pick(4)];
    request.part_frames = kPartSeconds * request.fps;
    request.part_count = 1 + static_cast<std::int64_t>(pick(6));
    request.speech = speak(text, 400 + static_cast<std::int64_t>(pick(20'000)));
    SCOPED_TRACE(text);
    expect_sound(timeline_of(request), request);
  }
}

TEST(CaptionTimeline, NoLineIsWiderThanTheBox) {
  const std::string text =
      "Responsibilities internationally misunderstood, straightforwardly speaking about everything. "
      "https://example.org/some/long/path/to/a/page.html and Donaudampfschifffahrtselektrizitätenhaupt"
      "betriebswerkbauunterbeamtengesellschaft";
  for (const char* style : {"spotlight", "plain", "card", "headline"})
    for (const FrameSize& size : frame_sizes()) {
      TimelineRequest request = request_for(text, style);
      request.width = size.width;
      request.height = size.height;
      const Format format = format_of(size.width, size.height);
      Typesetter typesetter(test_fonts(), "en");
      const Timeline timeline = timeline_of(request);
      expect_sound(timeline, request);
      for (const Cue& cue : timeline.cues) {
        const PlacedPage page = place(cue, *find_style(style), format, typesetter);
        EXPECT_GE(page.ink.left, format.box.left);
        EXPECT_LE(page.ink.right, format.box.right);
        // Shrunk a little at most: longer words are cut.
        EXPECT_GT(page.em_px, find_style(style)->em_px[static_cast<int>(format.shape)] * 0.6) << pages_of({cue})[0];
      }
    }
}

TEST(CaptionTimeline, PagesEndWhereAReaderWouldPause) {
  const auto pages =
      pages_of(timeline_of(request_for("The fox came home late. Nobody saw it, so it slept well.")).cues);
  EXPECT_THAT(pages, testing::ElementsAre("The fox came|home late.", "Nobody saw it,", "so it slept well."));
}

TEST(CaptionTimeline, LeavesNoWordAlone) {
  const auto timeline = timeline_of(request_for("one two three four five. Six seven eight nine ten."));
  for (const Cue& cue : timeline.cues) {
    std::size_t words = 0;
    for (const Line& line : cue.lines) words += line.words.size();
    EXPECT_GE(words, 2u);
    EXPECT_LE(words, 5u);
  }
}

TEST(CaptionTimeline, AHeadlineShowsFewWordsAtATime) {
  const auto timeline = timeline_of(request_for("Never give up on what you love to do.", "headline"));
  for (const Cue& cue : timeline.cues) {
    std::size_t words = 0;
    for (const Line& line : cue.lines) words += line.words.size();
    EXPECT_LE(words, 3u);
  }
}

TEST(CaptionTimeline, CuesStartOnTheFrameOfTheirFirstWord) {
  const TimelineRequest request = request_for("one two three four five six seven eight nine ten eleven.");
  for (const Cue& cue : timeline_of(request).cues) {
    const Word& first = cue.lines.front().words.front();
    EXPECT_EQ(cue.start_frame, first.start_frame);
    bool is_close = false;
    for (const auto& token : request.speech.tokens)
      is_close = is_close || std::abs(token.start_sample - cue.start_frame * 1600) <= 800;
    EXPECT_TRUE(is_close);
  }
}

TEST(CaptionTimeline, ChineseIsShownInShortLinesWithoutSpaces) {
  const std::string text = "今天天气很好，我们去公园散步吧。明天也许会下雨。";
  TimelineRequest request{text, "plain", "cmn", 1080, 1920, 30, 60, 4, {}};
  std::int64_t now = 0;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const auto c = text.substr(at, 3);
    if (c == "，" || c == "。") continue;
    request.speech.tokens.push_back({at, at + 3, now, now + 9000});
    now += 9600;
  }
  request.speech.sample_count = now + 5000;
  const Timeline timeline = timeline_of(request);
  expect_sound(timeline, request);
  EXPECT_GE(timeline.cues.size(), 2u);
  for (const std::string& page : pages_of(timeline.cues)) {
    EXPECT_LE(page.size() / 3, 14u) << page;
    EXPECT_FALSE(page.starts_with("，") || page.starts_with("。")) << page;
  }
}

TEST(CaptionTimeline, PunctuationStaysWithItsWord) {
  const Speech speech = speak("“Hello,” she (softly) said — ok 🎉!");
  Speech plain = speech;
  const auto words = heard_words("“Hello,” she (softly) said — ok 🎉!", plain);
  std::string joined;
  for (const HeardWord& word : words) joined += "[" + word.text + "]";
  EXPECT_THAT(joined, testing::HasSubstr("(softly)"));
  EXPECT_THAT(joined, testing::HasSubstr("🎉!]"));
}

TEST(CaptionTimeline, SilenceAndWordlessTextAreFine) {
  TimelineRequest request = request_for("🎉🎉");
  request.speech = {48'000, {}};
  const Timeline timeline = timeline_of(request);
  ASSERT_EQ(timeline.cues.size(), 1u);
  EXPECT_EQ(timeline.frame_count, 30);
  request.text = "";
  EXPECT_TRUE(timeline_of(request).cues.empty());
}

TEST(CaptionTimeline, MorePagesThanFramesStillGetAFrameEach) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "word. ";
  TimelineRequest request = request_for(text, "headline");
  request.speech = speak(text, 40);
  const Timeline timeline = timeline_of(request);
  EXPECT_LE(static_cast<std::int64_t>(timeline.cues.size()), timeline.frame_count);
  expect_sound(timeline, request);
}

json::Value run_timeline(std::string_view parameters) {
  use_fonts(test_fonts());
  FakeTaskContext context(parameters);
  auto result = caption_tasks()[0].run(context);
  return result ? *result : json::Value(result.error().describe());
}

TEST(CaptionTimelineTask, AnswersFramesCuesAndParts) {
  const auto result = run_timeline(R"({"text":"Hello there.","style":"plain","language":"en","width":1080,"height":1920,
    "fps":30,"part_frames":60,"part_count":3,"speech":{"sample_count":100001,"words":[
    {"text":"Hello","byte_start":0,"byte_end":5,"start_sample":4800,"end_sample":20000},
    {"text":"there","byte_start":6,"byte_end":11,"start_sample":20800,"end_sample":60000}]}})");
  ASSERT_TRUE(result.is_object()) << json::write(result);
  EXPECT_EQ(result.at("frame_count").as_int64(), 63);
  EXPECT_EQ(json::write(result.at("cues")),
            R"([{"start_frame":3,"end_frame":50,"lines":[{"words":[{"text":"Hello","start_frame":3,"end_frame":13,)"
            R"("space_after":true},{"text":"there.","start_frame":13,"end_frame":38,"space_after":false}]}]}])");
  ASSERT_EQ(result.at("parts").as_array().size(), 3u);
  EXPECT_EQ(result.at("parts").at(1).at("first_frame").as_int64(), 60);
  EXPECT_EQ(result.at("parts").at(1).at("frame_count").as_int64(), 3);
  EXPECT_EQ(result.at("parts").at(2).at("frame_count").as_int64(), 0);
  // What was written can be read again.
  EXPECT_TRUE(read_cues(result.at("cues"), "/cues").has_value());
  EXPECT_TRUE(read_part(result.at("parts").at(0), "/part").has_value());
}

TEST(CaptionTimelineTask, NamesTheParameterThatIsWrong) {
  const auto complaint = [](std::string_view change, std::string_view speech = R"({"sample_count":9,"words":[]})") {
    return json::write(run_timeline(fmt::format(
        R"({{"text":"héllo","language":"en","width":1080,"height":1920,"part_frames":60,"part_count":3,"speech":{},{}}})",
        speech, change)));
  };
  EXPECT_THAT(complaint(R"("style":"disco","fps":30)"),
              testing::AllOf(testing::HasSubstr("/style"), testing::HasSubstr("disco")));
  EXPECT_THAT(complaint(R"("style":"plain","fps":29)"), testing::HasSubstr("/fps"));
  EXPECT_THAT(
      complaint(
          R"("style":"plain","fps":30)",
          R"({"sample_count":9,"words":[{"text":"x","byte_start":0,"byte_end":99,"start_sample":0,"end_sample":1}]})"),
      testing::HasSubstr("/speech/words/0/byte_end"));
  EXPECT_THAT(
      complaint(
          R"("style":"plain","fps":30)",
          R"({"sample_count":9,"words":[{"text":"x","byte_start":2,"byte_end":5,"start_sample":0,"end_sample":1}]})"),
      testing::HasSubstr("in two"));
}

}  // namespace
}  // namespace atelier::media::caption

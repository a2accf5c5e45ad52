#include "studio/produce/story.hpp"

#include <gtest/gtest.h>

namespace atelier::studio {
namespace {

Story parsed(std::string_view text) {
  auto story = parse_story(text, "story.md");
  if (!story) throw std::runtime_error(story.error().describe());
  return *story;
}

Error refused(std::string_view text) {
  auto story = parse_story(text, "story.md");
  if (story) throw std::runtime_error("the story was taken");
  return story.error();
}

TEST(Story, PlainParagraphsAreScenes) {
  const Story story = parsed("One cold\nmorning.\n\nThe ship left.\n\n\n");
  ASSERT_EQ(story.scenes.size(), 2U);
  EXPECT_EQ(story.scenes[0].text, "One cold morning.");
  EXPECT_EQ(story.scenes[1].text, "The ship left.");
  EXPECT_EQ(story.scenes[1].where.line, 4U);
}

TEST(Story, AFirstHeadingIsTheTitleAndLaterOnesSeparateScenesUnspoken) {
  const Story story = parsed("# The Lighthouse\nIt stood.\n## Night\nIt shone.\n");
  EXPECT_EQ(title_of(story), "The Lighthouse");
  ASSERT_EQ(story.scenes.size(), 2U);
  EXPECT_EQ(story.scenes[0].text, "It stood.");
  EXPECT_EQ(story.scenes[1].heading, "Night");
  EXPECT_EQ(story.scenes[1].text, "It shone.");
}

TEST(Story, MarkupIsNotSpokenButItsWordsAre) {
  const Story story = parsed(
      "A **bold** and *soft* [word](https://example.org) with `code`.\n\n---\n\n<!-- not this -->\n\n- first\n- "
      "second\n");
  ASSERT_EQ(story.scenes.size(), 2U);
  EXPECT_EQ(story.scenes[0].text, "A bold and soft word with code.");
  EXPECT_EQ(story.scenes[1].text, "first second");
}

TEST(Story, APictureIsItsScenesBackgroundAndOneThatStandsAloneBelongsToTheNext) {
  const Story story = parsed("![harbour](a%20b.jpg) It began.\n\n![](clip.mp4)\n\nThen it went on.\n\n![](end.png)\n");
  ASSERT_EQ(story.scenes.size(), 2U);
  EXPECT_EQ(story.scenes[0].background->target, "a b.jpg");
  EXPECT_EQ(story.scenes[0].text, "It began.");
  EXPECT_EQ(story.scenes[1].background->target, "clip.mp4");
}

TEST(Story, FrontMatterSetsTheProduction) {
  const Story story = parsed(
      "---\ntitle: A Day\nsize: 1920x1080\nvoice: rms\nlanguage: en\nstyle: card\nspeed: 1.2\nbackground: "
      "dunes\nmusic: song.mp3\nfps: 25\n---\nHello.\n");
  EXPECT_EQ(*story.settings.title, "A Day");
  EXPECT_EQ(*story.settings.size, "1920x1080");
  EXPECT_EQ(*story.settings.voice, "local/flite/rms");
  EXPECT_EQ(*story.settings.caption_style, "card");
  EXPECT_DOUBLE_EQ(*story.settings.speed, 1.2);
  EXPECT_EQ(*story.settings.background_kind, "dunes");
  EXPECT_EQ(story.settings.music->target, "song.mp3");
  EXPECT_EQ(*story.settings.fps, 25);
  EXPECT_EQ(story.scenes[0].where.line, 12U);
}

TEST(Story, ARuleAtTheTopIsNotFrontMatter) { EXPECT_EQ(parsed("---\n\nHello.\n").scenes.size(), 1U); }

struct Refusal {
  const char* name;
  std::string text;
  std::string reason;
  std::string where;
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class StoryRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(StoryRefusal, NamesLineAndColumn) {
  const Error error = refused(GetParam().text);
  EXPECT_EQ(error.reason, GetParam().reason) << error.message;
  EXPECT_EQ(error.where, GetParam().where) << error.message;
  EXPECT_EQ(error.message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Table, StoryRefusal,
    testing::Values(Refusal{"empty", "", "story_empty", "story.md"},
                    Refusal{"only_rules", "---\n\n***\n", "story_empty", "story.md"},
                    Refusal{"huge", std::string(1 << 20, 'a'), "story_too_large", "story.md"},
                    Refusal{"long_scene", "Fine.\n\n" + std::string(9000, 'a'), "story_scene_too_long", "story.md:3:1"},
                    Refusal{"not_utf8", "Good.\nBad \xff here.", "story_not_utf8", "story.md:2:5"},
                    Refusal{"binary", std::string("PNG\0data", 8), "story_not_text", "story.md:1:4"},
                    Refusal{"unknown_key", "---\ntitel: x\n---\nA.", "story_front_matter", "story.md:2:1"},
                    Refusal{"unknown_voice", "---\ntitle: x\nvoice: nobody-at-all\n---\nA.", "story_front_matter",
                            "story.md:3:8"},
                    Refusal{"bad_speed", "---\nspeed: 9\n---\nA.", "story_front_matter", "story.md:2:8"},
                    Refusal{"unclosed", "---\ntitle: x\nHello.", "story_front_matter", "story.md:1:1"},
                    Refusal{"bad_yaml", "---\ntitle: [x\n---\nA.", "story_front_matter", "story.md:3:1"},
                    Refusal{"web_link", "Hi.\n\n![](https://example.org/a.jpg)\n", "story_link_web", "story.md:3:1"},
                    Refusal{"two_pictures", "![](a.jpg) and ![](b.jpg)", "story_two_backgrounds", "story.md:1:16"},
                    Refusal{"not_media", "![](notes.txt) Hi.", "story_link_unknown", "story.md:1:1"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Story, AWrongKeyGetsASuggestion) {
  EXPECT_NE(refused("---\ntitel: x\n---\nA.").message.find("title"), std::string::npos);
}

TEST(Story, TheTitleOfANamelessStoryIsItsFirstWords) {
  EXPECT_EQ(title_of(parsed("When the last tram of the night had gone, the city began to sing to itself.")),
            "When the last tram of the night had gone, the…");
}

}  // namespace
}  // namespace atelier::studio

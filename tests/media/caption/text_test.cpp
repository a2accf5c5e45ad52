// What text looks like: shaping, direction, emoji, escaping.
#include <gtest/gtest.h>
#include <hb.h>

#include <cmath>

#include "media/worker/caption/ass_script.hpp"
#include "media/worker/caption/font_face.hpp"
#include "media/worker/caption/font_set.hpp"
#include "media/worker/caption/typesetter.hpp"
#include "tests/media/caption/caption_test_support.hpp"

namespace atelier::media::caption {
namespace {

std::vector<hb_codepoint_t> glyphs_of(const TextRun& run) {
  const HbBuffer buffer(hb_buffer_create());
  hb_buffer_add_utf8(buffer.get(), run.text.data(), static_cast<int>(run.text.size()), 0, -1);
  hb_buffer_guess_segment_properties(buffer.get());
  hb_shape(test_fonts().face(run.font)->font.get(), buffer.get(), nullptr, 0);
  unsigned count = 0;
  const auto* infos = hb_buffer_get_glyph_infos(buffer.get(), &count);
  std::vector<hb_codepoint_t> glyphs;
  for (unsigned i = 0; i < count; ++i) glyphs.push_back(infos[i].codepoint);
  return glyphs;
}

// Where samples are strongly coloured: no grey text gives that.
std::size_t coloured_samples(const Overlay& overlay) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < overlay.cb.size(); ++i)
    if (overlay.alpha_chroma[i] == 255 && std::abs(overlay.cb[i] - 128) + std::abs(overlay.cr[i] - 128) > 15) ++count;
  return count;
}

// Middle of what is lit in a spotlight page.
double lit_center_x(const std::string& text, const std::string& language, std::int64_t frame) {
  const auto renderer = make_renderer({make_cue(text)}, {.style = "spotlight", .language = language});
  const Overlay& overlay = *renderer->render(frame).overlay;
  double sum = 0, count = 0;
  for (int y = 0; y < overlay.height / 2; ++y)
    for (int x = 0; x < overlay.width / 2; ++x) {
      const auto at = static_cast<std::size_t>(y * (overlay.width / 2) + x);
      if (overlay.alpha_chroma[at] == 255 && overlay.cb[at] < 70) sum += overlay.x + 2 * x, count += 1;
    }
  return count > 0 ? sum / count : -1;
}

TEST(CaptionText, EveryScriptOfOurVoicesHasAFontWithAllItsGlyphs) {
  const std::pair<const char*, const char*> texts[] = {
      {"en", "The fjord’s “café”…"},
      {"ar", "السلام عليكم، كيف"},
      {"he", "שלום עולם"},
      {"hi", "क्षत्रिय हिन्दी।"},
      {"th", "สวัสดีน้ำ"},
      {"cmn", "今天天气很好，"},
      {"ja", "「カレー」です。"},
      {"ko", "안녕하세요"},
      {"vi", "Nguyễn Ấm ức"},
      {"ru", "Съешь ещё"},
      {"el", "Καλημέρα"},
      {"ta", "வணக்கம்"},
      {"bn", "নমস্কার"},
      {"ka", "გამარჯობა"},
      {"hy", "Բարեւ"},
      {"am", "ሰላም"},
      {"fa", "سلام دنیا پژ"},
      {"ur", "ہیلو دنیا ٹ"},
  };
  for (const auto& [language, text] : texts) {
    Typesetter typesetter(test_fonts(), language);
    const SetWord& word = typesetter.set(text);
    std::string kept;
    for (const TextRun& run : word.runs) {
      kept += run.text;
      for (const auto glyph : glyphs_of(run)) EXPECT_NE(glyph, 0u) << language << " " << run.text;
    }
    EXPECT_EQ(kept, text);
    EXPECT_GT(word.width, 1);
  }
}

TEST(CaptionText, ArabicLettersAreJoined) {
  Typesetter typesetter(test_fonts(), "ar");
  const auto joined = glyphs_of(typesetter.set("ببب").runs.at(0));
  const auto apart = glyphs_of(typesetter.set("ب ب ب").runs.at(0));
  ASSERT_EQ(joined.size(), 3u);
  EXPECT_NE(joined[1], joined[0]);  // a medial form between two others
  EXPECT_NE(apart[0], joined[1]);
  // And on the page: the joined word is one stretch of ink, narrower than its letters side by side.
  const auto width = [](const std::string& text) {
    const Bounds bounds = bounds_of(draw(text, {.language = "ar"}), 128);
    return bounds.right - bounds.left;
  };
  EXPECT_LT(width("ببب"), width("ب ب ب") * 0.8);
}

TEST(CaptionText, MeasuredWidthIsTheDrawnWidth) {
  for (const auto& [language, text] : {std::pair{"en", "Measured as drawn"},
                                       {"cmn", "今天天气很好"},
                                       {"ar", "كان الثعلب البني"},
                                       {"th", "สวัสดีชาวโลก"}}) {
    const Cue cue = make_cue(text);
    const SceneOptions options{.style = "plain", .language = language};
    Typesetter typesetter(test_fonts(), language);
    const PlacedPage page = place(cue, *find_style("plain"), format_of(1080, 1920), typesetter);
    const Bounds bounds = bounds_of(draw(text, options), 200);
    const double edge = 2 * 0.07 * page.em_px;
    EXPECT_NEAR(bounds.right - bounds.left - edge, page.ink.width(), page.em_px * 0.2) << text;
    EXPECT_NEAR((bounds.right + bounds.left) / 2.0, 540, page.em_px * 0.1) << text;
    EXPECT_NEAR(bounds.top + edge / 2, page.ink.top, page.em_px * 0.06) << text;
    EXPECT_NEAR(bounds.bottom - edge / 2, page.ink.bottom, page.em_px * 0.06) << text;
  }
}

TEST(CaptionText, TheSpokenWordWandersInReadingDirection) {
  EXPECT_LT(lit_center_x("one two three", "en", 5), lit_center_x("one two three", "en", 15));
  EXPECT_LT(lit_center_x("one two three", "en", 15), lit_center_x("one two three", "en", 25));
  EXPECT_GT(lit_center_x("שלום עולם טוב", "he", 5), lit_center_x("שלום עולם טוב", "he", 15));
  EXPECT_GT(lit_center_x("كان الثعلب يقفز", "ar", 5), lit_center_x("كان الثعلب يقفز", "ar", 15));
  EXPECT_GT(lit_center_x("كان الثعلب يقفز", "ar", 15), lit_center_x("كان الثعلب يقفز", "ar", 25));
}

TEST(CaptionText, LightingAWordMovesNoLetter) {
  for (const auto& [language, text] : {std::pair{"ar", "كان الثعلب يقفز"}, {"en", "AVAV To. fi"}}) {
    const auto renderer = make_renderer({make_cue(text)}, {.style = "spotlight", .language = language});
    const auto first = renderer->render(5).overlay->alpha;
    EXPECT_EQ(renderer->render(15).overlay->alpha, first) << language;
    EXPECT_EQ(renderer->render(25).overlay->alpha, first) << language;
  }
}

TEST(CaptionEmoji, AreDrawnInColourWhateverTheyAreMadeOf) {
  const std::size_t none = coloured_samples(draw("plain text", {.style = "plain"}));
  EXPECT_EQ(none, 0u);
  for (const char* emoji : {"🦊", "❤️", "🇩🇪", "👍🏽", "1️⃣", "👩‍🚀", "🏳️‍🌈"}) {
    const Overlay overlay = draw(std::string("so ") + emoji, {.style = "plain"});
    EXPECT_GT(coloured_samples(overlay), 100u) << emoji;
  }
}

TEST(CaptionEmoji, OfSeveralCharactersIsOnePicture) {
  Typesetter typesetter(test_fonts(), "en");
  for (const char* emoji : {"👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "1️⃣", "🏳️‍🌈"}) {
    const SetWord& word = typesetter.set(emoji);
    ASSERT_EQ(word.runs.size(), 1u) << emoji;
    EXPECT_EQ(word.runs[0].emoji_glyphs.size(), 1u) << emoji;
  }
}

TEST(CaptionEmoji, SignsThatAreTextStayText) {
  Typesetter typesetter(test_fonts(), "en");
  for (const char* sign : {"★", "✓", "→", "½", "♫", "☎\ufe0e", "©", "7", "#"}) {
    const SetWord& word = typesetter.set(sign);
    ASSERT_EQ(word.runs.size(), 1u) << sign;
    EXPECT_TRUE(word.runs[0].emoji_glyphs.empty()) << sign;
    for (const auto glyph : glyphs_of(word.runs[0])) EXPECT_NE(glyph, 0u) << sign;
  }
}

TEST(CaptionText, WhatNoFontHasIsLeftOutAndNeverABox) {
  Typesetter typesetter(test_fonts(), "en");
  EXPECT_TRUE(typesetter.set("\U000F0000\U0010FFFD").runs.empty());
  EXPECT_EQ(hash_of(draw("one\U000F0000 two", {})), hash_of(draw("one two", {})));
}

TEST(CaptionText, BracesAndBackslashesAreLettersAndNeverTags) {
  const Overlay wide = draw("{\\fscx500}a", {});
  const Overlay plain = draw("a", {});
  EXPECT_GT(wide.width, plain.width * 3);
  // A tag that took effect would hide the text or break the line.
  const Bounds one_line = bounds_of(draw("a\\Nb\\hc{\\alpha&HFF&}", {}), 200),
               reference = bounds_of(draw("ab{}|", {}), 200);
  EXPECT_LT(one_line.bottom - one_line.top, (reference.bottom - reference.top) * 1.4);
  EXPECT_EQ(escape_ass("{x}"), "\\{x\\}");
}

TEST(CaptionFonts, DigestIsStableAndAMissingSetIsNamed) {
  EXPECT_EQ(test_fonts().digest().size(), 64u);
  EXPECT_EQ((*Fonts::open())->digest(), test_fonts().digest());
  const std::filesystem::path nowhere[] = {"/nonexistent"};
  const auto none = Fonts::open(nowhere);
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().message.find("NotoSans-Bold.ttf"), std::string::npos);
  EXPECT_NE(none.error().message.find("fonts-noto-core"), std::string::npos);
}

TEST(CaptionFonts, RegionDecidesTheFormOfSharedCharacters) {
  EXPECT_NE(han_font("ja"), han_font("cmn"));
  EXPECT_NE(han_font("zh-TW"), han_font("zh"));
  EXPECT_NE(han_font("yue"), han_font("zh-Hant"));
  EXPECT_NE(hash_of(draw("直", {.language = "ja"})), hash_of(draw("直", {.language = "cmn"})));
}

}  // namespace
}  // namespace atelier::media::caption

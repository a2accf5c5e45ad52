#include "media/worker/caption/renderer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/media/caption/caption_test_support.hpp"

namespace atelier::media::caption {
namespace {

struct Sample {
  const char* name;
  const char* language;
  const char* text;
};
constexpr Sample kSamples[] = {
    {"latin", "en", "Quickly jumping|(gypsy) fjord"},
    {"arabic", "ar", "كان الثعلب|يقفز فوق الكلب"},
    {"hebrew", "he", "שלום עולם|כתוביות לקצר"},
    {"hindi", "hi", "यह क्षत्रिय|हिन्दी कथा"},
    {"thai", "th", "สวัสดี~ชาวโลก|น้ำ~ปู่~กตัญญู"},
    {"chinese", "cmn", "今天~天气~很好，|我们~去~公园。"},
    {"japanese", "ja", "「今日は~いい|天気」~ですね。"},
    {"korean", "ko", "안녕하세요|세상 여러분!"},
    {"vietnamese", "vi", "Ấm ức Ễnh|Nguyễn gỹ"},
    {"long_word", "de", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"},
    {"four_lines", "en", "gypsy|query|jog|Ågy"},
};

struct Place {
  int width, height;
  Bounds box;
};
constexpr Place kPlaces[] = {
    {1080, 1920, {108, 384, 960, 1248}},
    {1920, 1080, {240, 520, 1680, 972}},
    {1080, 1080, {86, 460, 994, 972}},
};

class CaptionBounds : public testing::TestWithParam<const char*> {};

TEST_P(CaptionBounds, InkNeverLeavesThePlatformsFreeAreaNorIsCut) {
  for (const Place& place : kPlaces)
    for (const Sample& sample : kSamples) {
      SCOPED_TRACE(std::string(sample.name) + " at " + std::to_string(place.width) + "x" +
                   std::to_string(place.height));
      const Overlay overlay = draw(sample.text, {GetParam(), sample.language, place.width, place.height});
      const Bounds all = bounds_of(overlay, 1);
      EXPECT_GE(all.left, place.box.left);
      EXPECT_GE(all.top, place.box.top);
      EXPECT_LE(all.right, place.box.right);
      EXPECT_LE(all.bottom, place.box.bottom);
      // What is solid keeps away from the border: nothing was cut off there.
      const Bounds solid = bounds_of(overlay, 160);
      EXPECT_GT(solid.left, place.box.left + 2);
      EXPECT_GT(solid.top, place.box.top + 2);
      EXPECT_LT(solid.right, place.box.right - 2);
      EXPECT_LT(solid.bottom, place.box.bottom - 2);
      EXPECT_GT(solid.right - solid.left, 100);
    }
}
INSTANTIATE_TEST_SUITE_P(Styles, CaptionBounds, testing::Values("spotlight", "plain", "card", "headline"),
                         [](const auto& named) { return std::string(named.param); });

TEST(CaptionOverlay, IsPremultipliedWithEvenEdgesAndHalvedChroma) {
  for (const char* style : {"spotlight", "plain", "card", "headline"}) {
    const Overlay overlay = draw("Hello 🦊|there", {.style = style});
    ASSERT_FALSE(overlay.is_empty());
    EXPECT_EQ((overlay.x | overlay.y | overlay.width | overlay.height) & 1, 0);
    const auto size = static_cast<std::size_t>(overlay.width * overlay.height);
    ASSERT_EQ(overlay.luma.size(), size);
    ASSERT_EQ(overlay.alpha.size(), size);
    ASSERT_EQ(overlay.cb.size(), size / 4);
    ASSERT_EQ(overlay.alpha_chroma.size(), size / 4);
    for (std::size_t i = 0; i < size; ++i) ASSERT_LE(overlay.luma[i], overlay.alpha[i]);
    for (std::size_t i = 0; i < size / 4; ++i) {
      ASSERT_LE(overlay.cb[i], overlay.alpha_chroma[i]);
      ASSERT_LE(overlay.cr[i], overlay.alpha_chroma[i]);
    }
  }
}

TEST(CaptionOverlay, WhiteTextHasNeutralChromaAndFullLuma) {
  const Overlay overlay = draw("IIIIII", {.style = "plain"});
  EXPECT_EQ(*std::ranges::max_element(overlay.luma), 235);
  for (std::size_t i = 0; i < overlay.cb.size(); ++i)
    if (overlay.alpha_chroma[i] == 255) {
      ASSERT_NEAR(overlay.cb[i], 128, 2);
    }
}

TEST(CaptionOverlay, IsEmptyBetweenCuesAndOutsideTheScene) {
  const auto renderer = make_renderer({make_cue("one", 10), make_cue("two", 100)}, {});
  for (const std::int64_t frame : {-5, 0, 9, 60, 5000})
    EXPECT_TRUE(renderer->render(frame).overlay->is_empty()) << frame;
  EXPECT_FALSE(renderer->render(10).overlay->is_empty());
  EXPECT_FALSE(renderer->render(110).overlay->is_empty());
}

TEST(CaptionOverlay, FirstFrameOfACueAlreadyShowsIt) {
  const auto renderer = make_renderer({make_cue("Hello there", 10)}, {.style = "headline"});
  const auto view = renderer->render(10);
  EXPECT_GT(*std::ranges::max_element(view.overlay->alpha), 80);
}

TEST(CaptionGeneration, ChangesWithThePictureAlone) {
  const auto renderer = make_renderer({make_cue("one two three")}, {.style = "spotlight"});
  const auto at = [&](std::int64_t frame) { return renderer->render(frame).generation; };
  const auto settled = at(5);
  EXPECT_EQ(at(6), settled);
  EXPECT_EQ(at(9), settled);
  const auto second = at(10);
  EXPECT_NE(second, settled);
  EXPECT_EQ(at(19), second);
  EXPECT_NE(at(20), second);
  const auto gone = at(60);
  EXPECT_EQ(at(61), gone);
}

TEST(CaptionGeneration, StaysWhileWordsPassInAStyleWithoutHighlight) {
  const auto renderer = make_renderer({make_cue("one two three")}, {.style = "plain"});
  const auto settled = renderer->render(5).generation;
  EXPECT_EQ(renderer->render(25).generation, settled);
}

TEST(CaptionDeterminism, AFrameLooksTheSameWhateverWasDrawnBefore) {
  for (const char* style : {"spotlight", "plain", "card", "headline"}) {
    const std::vector<Cue> cues{make_cue("Hello 🦊|there friend"), make_cue("second page", 100)};
    const auto forwards = make_renderer(cues, {.style = style}), backwards = make_renderer(cues, {.style = style});
    std::vector<std::string> first, second;
    constexpr std::array<std::int64_t, 8> kFrames{0, 1, 2, 5, 15, 25, 101, 115};
    for (const auto frame : kFrames) first.push_back(hash_of(*forwards->render(frame).overlay));
    for (std::size_t i = kFrames.size(); i-- > 0;) second.push_back(hash_of(*backwards->render(kFrames[i]).overlay));
    std::ranges::reverse(second);
    EXPECT_EQ(first, second) << style;
  }
}

TEST(CaptionDeterminism, APartDrawsWhatTheWholeSceneDraws) {
  const std::vector<Cue> cues{make_cue("first page"), make_cue("second page", 100), make_cue("third", 200)};
  const auto whole = make_renderer(cues, {.style = "spotlight"});
  const auto part = make_renderer({cues[1]}, {.style = "spotlight"});
  for (const std::int64_t frame : {100, 101, 105, 115})
    EXPECT_EQ(hash_of(*whole->render(frame).overlay), hash_of(*part->render(frame).overlay));
}

TEST(CaptionScene, ThatCannotBeDrawnIsAnErrorThatSaysWhy) {
  const auto error_of_scene = [](Scene scene) {
    auto made = Renderer::make(std::move(scene), test_fonts());
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(error_of_scene(make_scene({}, {.style = "disco"})), testing::HasSubstr("disco"));
  EXPECT_THAT(error_of_scene(make_scene({}, {.width = 31})), testing::HasSubstr("31x1920"));
  EXPECT_THAT(error_of_scene(make_scene({make_cue("b", 100), make_cue("a")}, {})), testing::HasSubstr("out of order"));
}

}  // namespace
}  // namespace atelier::media::caption

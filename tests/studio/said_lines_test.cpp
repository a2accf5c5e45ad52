#include "studio/chat/said_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SaidLines, ArePlain) {
  for (const char* said :
       {"A quiet harbour", "\"A quiet harbour\"", "**A quiet harbour**", "# A quiet harbour",
        "  \n\n- A quiet harbour\nand more", "“A quiet harbour”", "1. `A quiet harbour`", "> *A  quiet\tharbour*",
        "```\nA quiet harbour\n```", "<think>What?\nHm.</think>\nA quiet harbour", "«A quiet harbour»"})
    EXPECT_THAT(said_lines(said, 1, 80), ElementsAre("A quiet harbour")) << said;
}

TEST(SaidLines, KeepWhatBelongsToThem) {
  EXPECT_THAT(said_lines("2001: A Space Odyssey", 1, 80), ElementsAre("2001: A Space Odyssey"));
  EXPECT_THAT(said_lines("C# or C++?", 1, 80), ElementsAre("C# or C++?"));
  EXPECT_THAT(said_lines("灯台とは何ですか", 1, 80), ElementsAre("灯台とは何ですか"));
  EXPECT_THAT(said_lines("-5 degrees", 1, 80), ElementsAre("-5 degrees"));
}

TEST(SaidLines, AreAtMostSoManyAndDifferent) {
  EXPECT_THAT(said_lines("1. One\n2. Two\n2. Two\n\n---\n3. Three\n4. Four", 3, 80),
              ElementsAre("One", "Two", "Three"));
}

TEST(SaidLines, OfNothingThereAreNone) {
  for (const char* said : {"", " \n ", "***", "\"\"", "```", "<think>for ever", "#", "- "})
    EXPECT_THAT(said_lines(said, 3, 80), IsEmpty()) << said;
}

TEST(SaidLines, AreCutBetweenWordsAndWithinNoCharacter) {
  const std::vector<std::string> cut = said_lines("a lighthouse at the end of the long quay", 1, 24);
  EXPECT_THAT(cut, ElementsAre("a lighthouse at the…"));
  for (std::size_t bytes = 8; bytes < 40; ++bytes) {
    const std::vector<std::string> lines = said_lines("灯台灯台灯台灯台灯台灯台灯台灯台", 1, bytes);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_LE(lines.front().size(), bytes);
    EXPECT_TRUE(is_valid_utf8(lines.front()));
  }
}

}  // namespace
}  // namespace atelier::studio

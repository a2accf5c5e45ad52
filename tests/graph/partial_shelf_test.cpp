#include "graph/node/partial_shelf.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace atelier::graph {
namespace {

using testing::HasSubstr;

// A picture by its first bytes, of that size.
std::string png(std::size_t size_bytes, char what = 'x') {
  std::string bytes = "\x89PNG\r\n\x1a\n";
  bytes.resize(size_bytes, what);
  return bytes;
}

class PartialShelfTest : public testing::Test {
 protected:
  static constexpr std::size_t kBytesMax = 1'000;
  static PartialShelf::Place place(UserId owner, std::string node = "generate") {
    return {.owner = owner, .run = RunId::make(), .node = std::move(node)};
  }
  std::int64_t number_at(const PartialShelf::Place& at) const {
    const auto picture = shelf_.find(at);
    return picture ? picture->number : 0;
  }
  Metrics metrics_;
  PartialShelf shelf_{metrics_, kBytesMax};
  const UserId ada_ = UserId::make(), bob_ = UserId::make();
};

TEST_F(PartialShelfTest, HasTheNewestOfEachStepUntilItIsDropped) {
  const auto one = place(ada_);
  PartialShelf::Place beside = one;
  beside.node = "another";
  EXPECT_EQ(number_at(one), 0);
  ASSERT_TRUE(shelf_.put(one, 1, png(100, 'a')));
  ASSERT_TRUE(shelf_.put(beside, 1, png(100, 'b')));
  ASSERT_TRUE(shelf_.put(one, 2, png(200, 'c')));
  EXPECT_EQ(number_at(one), 2);
  EXPECT_EQ(shelf_.find(one)->bytes, png(200, 'c'));
  EXPECT_EQ(shelf_.find(beside)->bytes, png(100, 'b'));
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_partial_pictures_bytes 300\n"));
  const auto held = shelf_.find(one);
  shelf_.drop(one.run, one.node);
  EXPECT_EQ(number_at(one), 0);
  EXPECT_EQ(held->bytes, png(200, 'c')) << "who is being sent it has it to the end";
  EXPECT_EQ(number_at(beside), 1);
  shelf_.drop(beside.run, beside.node);
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_partial_pictures_bytes 0\n"));
}

TEST_F(PartialShelfTest, HasNothingForSomebodyElse) {
  PartialShelf::Place mine = place(ada_);
  ASSERT_TRUE(shelf_.put(mine, 1, png(100)));
  PartialShelf::Place theirs = mine;
  theirs.owner = bob_;
  EXPECT_EQ(shelf_.find(theirs), nullptr);
  EXPECT_NE(shelf_.find(mine), nullptr);
}

TEST_F(PartialShelfTest, KeepsNoMoreThanItsBoundAndLosesWhatWasWrittenLongestAgo) {
  const auto first = place(ada_), second = place(bob_), third = place(ada_);
  ASSERT_TRUE(shelf_.put(first, 1, png(400)));
  ASSERT_TRUE(shelf_.put(second, 1, png(400)));
  ASSERT_TRUE(shelf_.put(first, 2, png(400)));
  ASSERT_TRUE(shelf_.put(third, 1, png(400)));
  EXPECT_EQ(number_at(second), 0);
  EXPECT_EQ(number_at(first), 2);
  EXPECT_EQ(number_at(third), 1);
  EXPECT_FALSE(shelf_.put(second, 2, png(kBytesMax + 1)));
  EXPECT_EQ(number_at(first), 2) << "nothing goes for what does not fit alone";
  ASSERT_TRUE(shelf_.put(second, 3, png(kBytesMax)));
  EXPECT_EQ(number_at(first), 0);
  EXPECT_EQ(number_at(third), 0);
}

TEST_F(PartialShelfTest, TakesOnlyPicturesThatBrowsersShow) {
  const auto at = place(ada_);
  for (const std::string_view bytes :
       {"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "<html>", "GIF89a", "RIFF\1\1\1\1WAVEfmt ", "\x89PNG", ""})
    EXPECT_FALSE(shelf_.put(at, 1, std::string(bytes))) << bytes;
  EXPECT_EQ(shelf_.find(at), nullptr);
  ASSERT_TRUE(shelf_.put(at, 1, "\xff\xd8\xff\xe0"));
  EXPECT_EQ(shelf_.find(at)->media_type, "image/jpeg");
  ASSERT_TRUE(shelf_.put(at, 2, "RIFF\1\1\1\1WEBPVP8 "));
  EXPECT_EQ(shelf_.find(at)->media_type, "image/webp");
  ASSERT_TRUE(shelf_.put(at, 3, png(60)));
  EXPECT_EQ(shelf_.find(at)->media_type, "image/png");
}

}  // namespace
}  // namespace atelier::graph

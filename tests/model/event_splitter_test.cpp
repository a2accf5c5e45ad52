#include "model/call/event_splitter.hpp"

#include <gmock/gmock.h>

#include <random>

namespace atelier::model {
namespace {

struct Seen {
  std::string bytes, type, data;
  bool has_data;
};

std::vector<Seen> split(const std::vector<std::string>& pieces, std::string* rest = nullptr) {
  EventSplitter splitter;
  std::vector<Seen> seen;
  for (const std::string& piece : pieces) {
    splitter.feed(piece);
    for (;;) {
      auto block = splitter.next();
      EXPECT_TRUE(block);
      if (!block || !*block) break;
      seen.push_back(
          {std::string((*block)->bytes), std::string((*block)->type), std::string((*block)->data), (*block)->has_data});
    }
  }
  if (rest) *rest = splitter.rest();
  return seen;
}

std::vector<std::pair<std::string, std::string>> told(const std::vector<Seen>& seen) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const Seen& one : seen)
    if (one.has_data) found.emplace_back(one.type, one.data);
  return found;
}

TEST(EventSplitter, KeepsEveryByte) {
  const std::string text = ": hi\n\nevent: a\ndata: 1\n\ndata:2\r\n\r\ndata: 3\ndata: 4\r\rrest";
  std::string rest, joined;
  for (const Seen& one : split({text}, &rest)) joined += one.bytes;
  EXPECT_EQ(joined + rest, text);
  EXPECT_EQ(rest, "rest");
}

TEST(EventSplitter, ReadsTypesAndData) {
  const auto seen = split({": hi\n\nevent: a\ndata: 1\n\ndata:2\r\n\r\ndata: 3\ndata: 4\r\r"});
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_FALSE(seen[0].has_data);
  EXPECT_EQ(told(seen), (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"", "2"}, {"", "3\n4"}}));
}

TEST(EventSplitter, DropsAByteOrderMarkAndHoldsTheUnfinished) {
  std::string rest;
  const auto seen = split({"\xEF\xBB",
                           "\xBF"
                           "data: a\n\ndata: b\n"},
                          &rest);
  EXPECT_EQ(told(seen), (std::vector<std::pair<std::string, std::string>>{{"", "a"}}));
  EXPECT_EQ(rest, "data: b\n");
}

TEST(EventSplitter, AMarkAfterTheFirstBlockIsAByteLikeAnyOther) {
  const std::string mark = "\xEF\xBB\xBF";
  for (const std::vector<std::string>& pieces :
       {std::vector<std::string>{"\n", mark + "data: a\n\n"}, {"\n" + mark + "data: a\n\n"}}) {
    std::string joined;
    for (const Seen& one : split(pieces)) joined += one.bytes;
    EXPECT_EQ(joined, "\n" + mark + "data: a\n\n");
  }
}

TEST(EventSplitter, IsTheSameForAnyPieces) {
  std::mt19937 random(7);
  for (const std::string& end : {std::string("\n"), std::string("\r\n"), std::string("\r")}) {
    std::string text;
    for (int i = 0; i < 20; ++i) {
      if (i % 3 == 0) text += ": ping" + end + end;
      if (i % 4 == 0) text += "event: e" + std::to_string(i) + end;
      text += "data: {\"n\":" + std::to_string(i) + "}" + end;
      if (i % 5 == 0) text += "data: more" + end;
      text += end;
    }
    text += "data: last" + end;
    const auto whole = told(split({text}));
    ASSERT_EQ(whole.size(), 20U);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::string> pieces;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = round == 0 ? 1 : 1 + random() % 30;
        pieces.push_back(text.substr(at, size));
        at += size;
      }
      EXPECT_EQ(told(split(pieces)), whole);
    }
  }
}

TEST(EventSplitter, RefusesAnEndlessBlock) {
  EventSplitter splitter;
  const std::string piece(1 << 20, 'x');
  bool is_refused = false;
  for (int i = 0; i < 80 && !is_refused; ++i) {
    splitter.feed(piece);
    is_refused = !splitter.next();
  }
  EXPECT_TRUE(is_refused);
}

}  // namespace
}  // namespace atelier::model

#include "model/call/kept_events.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace atelier::model {
namespace {

std::string token(int number) {
  return fmt::format(
      R"(data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[{{"index":0,"delta":{{"content":" word{}"}},"finish_reason":null}}]}})"
      "\n\n",
      number);
}

std::vector<std::string> read_all(const KeptEvents& kept) {
  std::vector<std::string> events;
  kept.read([&](std::string_view event) { events.emplace_back(event); });
  return events;
}

TEST(KeptEvents, EveryByteComesBackInOrder) {
  KeptEvents kept(1 << 20);
  const std::vector<std::string> events = {"data: a\n\n", "data: a\n\n",  "data: ab\n\n",  ": comment\n\n",
                                           "\n",          "data: aa\n\n", "data: aaa\n\n", "data: a\n\n"};
  for (const std::string& event : events) kept.add(event);
  EXPECT_TRUE(kept.is_all());
  EXPECT_EQ(read_all(kept), events);
}

// Few letters and short lengths, so that beginnings and ends overlap in every way.
TEST(KeptEvents, AnyBytesComeBack) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    KeptEvents kept(1 << 20);
    std::vector<std::string> events;
    for (int i = 0; i < 50; ++i) {
      std::string event(1 + random() % 40, 'x');
      for (char& letter : event) letter = static_cast<char>('a' + random() % 2);
      kept.add(event);
      events.push_back(std::move(event));
    }
    ASSERT_EQ(read_all(kept), events);
  }
}

TEST(KeptEvents, ALongStreamOfTokensTakesATenthOfItsBytes) {
  KeptEvents kept(1 << 20);
  std::size_t sent_bytes = 0;
  for (int i = 0; i < 10'000; ++i) {
    kept.add(token(i));
    sent_bytes += token(i).size();
  }
  EXPECT_TRUE(kept.is_all());
  EXPECT_LT(kept.held_bytes(), sent_bytes / 10);
  EXPECT_EQ(read_all(kept).back(), token(9'999));
}

TEST(KeptEvents, AGiantEventIsHeldOnceAndThoseAfterItComeBack) {
  KeptEvents kept(2 << 20);
  const std::string giant(1 << 20, 'g');
  kept.add(giant);
  kept.add(token(1));
  EXPECT_LT(kept.held_bytes(), giant.size() + 1'000);
  EXPECT_EQ(read_all(kept), (std::vector<std::string>{giant, token(1)}));
}

TEST(KeptEvents, WhatFitsStaysWhenMoreDoesNot) {
  KeptEvents kept(300);
  kept.add(token(1));
  kept.add(std::string(400, 'g'));
  kept.add(token(2));
  EXPECT_FALSE(kept.is_all());
  EXPECT_EQ(read_all(kept), (std::vector<std::string>{token(1)}));
}

}  // namespace
}  // namespace atelier::model

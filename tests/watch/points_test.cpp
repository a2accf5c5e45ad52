// Points of a figure, packed: near what they were, and nothing that was not packed is read.
#include "watch/history/points.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace atelier::watch {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

void expect_near(const std::vector<float>& read, const std::vector<float>& written) {
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (std::isnan(written[i]))
      EXPECT_TRUE(std::isnan(read[i])) << i;
    else
      EXPECT_NEAR(read[i], written[i], std::abs(written[i]) * 0.004) << i;
  }
}

TEST(Points, AreReadAsTheyWereWritten) {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<float> points(1 + random() % 300);
    float last = 0;
    for (float& point : points) {
      if (const auto kind = random() % 8; kind == 0)
        last = kNone;
      else if (kind < 4)
        last = std::ldexp(static_cast<float>(random() % 1'000), static_cast<int>(random() % 60) - 30);
      point = last;
    }
    const Bytes packed = pack_points(points);
    EXPECT_LE(packed.size(), 2 * points.size() + points.size() / 2 + 4);
    auto read = unpack_points(packed, points.size());
    ASSERT_TRUE(read);
    expect_near(*read, points);
  }
}

TEST(Points, OfWhatNeverChangesTakeNoRoom) {
  EXPECT_LE(pack_points(std::vector<float>(60, 42.5F)).size(), 3U);
  EXPECT_TRUE(pack_points(std::vector<float>(60, kNone)).empty());
  const float most = std::numeric_limits<float>::max();
  auto read = unpack_points(pack_points(std::vector<float>{most, -most, INFINITY}), 3);
  ASSERT_TRUE(read);
  for (const float point : *read) EXPECT_TRUE(std::isfinite(point));
}

TEST(Points, WhatWasNotWrittenIsRefused) {
  const Bytes whole = pack_points(std::vector<float>{1, 2, 3, 3, 3, 4});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    auto cut = unpack_points(BytesView(whole).substr(0, size), 6);
    if (cut) {
      EXPECT_TRUE(std::isnan(cut->back())) << size;
    }
  }
  EXPECT_FALSE(unpack_points(whole, 5)) << "more points than there are";
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    Bytes noise(random() % 40, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    if (auto read = unpack_points(noise, 60)) {
      EXPECT_EQ(read->size(), 60U);
    }
  }
}

}  // namespace
}  // namespace atelier::watch

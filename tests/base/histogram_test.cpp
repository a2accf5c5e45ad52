// Quantiles against the exact ones, and what is counted by many threads at once.
#include "base/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <thread>

namespace atelier {
namespace {

struct Shape {
  const char* name;
  std::function<double(std::mt19937_64&)> draw;
};

class Quantiles : public testing::TestWithParam<Shape> {};

TEST_P(Quantiles, AreRightToFivePercent) {
  constexpr std::size_t kCount = 1'000'000;
  std::mt19937_64 random(20261122);
  std::vector<double> values;
  values.reserve(kCount);
  Histogram histogram;
  double sum = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    values.push_back(GetParam().draw(random));
    histogram.observe(values.back());
    sum += values.back();
  }
  std::ranges::sort(values);
  const Histogram::Snapshot all = histogram.snapshot();
  EXPECT_EQ(all.count(), kCount);
  EXPECT_NEAR(all.sum(), sum, sum * 1e-9);
  for (const double q : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999}) {
    const double exact = values[static_cast<std::size_t>(std::ceil(q * kCount)) - 1];
    EXPECT_NEAR(all.quantile(q), exact, exact * 0.05) << GetParam().name << " at " << q;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Histogram, Quantiles,
    testing::Values(
        Shape{"uniform", [](auto& random) { return std::uniform_real_distribution<>(0.001, 2)(random); }},
        Shape{"exponential", [](auto& random) { return std::exponential_distribution<>(20)(random) + 1e-5; }},
        Shape{"lognormal", [](auto& random) { return std::lognormal_distribution<>(-3, 1.5)(random); }},
        Shape{
            "pareto",
            [](auto& random) { return 0.002 / std::pow(1 - std::uniform_real_distribution<>(0, 1)(random), 1 / 1.2); }},
        Shape{"two_peaks",
              [](auto& random) {
                const bool is_hit = std::bernoulli_distribution(0.7)(random);
                return std::abs(std::normal_distribution<>(is_hit ? 0.0008 : 4.0, is_hit ? 0.0001 : 0.5)(random)) +
                       1e-6;
              }}),
    [](const auto& shape) { return std::string(shape.param.name); });

TEST(Histogram, WhatIsNoneCountsAsNothingAndWhatIsTooLargeAsTheLargest) {
  Histogram histogram;
  for (const double value : {0.0, -1.0, std::nan(""), 1e-9}) histogram.observe(value);
  EXPECT_EQ(histogram.snapshot().quantile(1), 0);
  histogram.observe(std::numeric_limits<double>::infinity());
  histogram.observe(1e300);
  const Histogram::Snapshot all = histogram.snapshot();
  EXPECT_EQ(all.count(), 6U);
  EXPECT_GT(all.quantile(1), std::ldexp(1.0, 43));
  EXPECT_EQ(Histogram().snapshot().quantile(0.5), 0);
}

TEST(Histogram, CountsUpToAPowerOfTwoExactly) {
  Histogram histogram;
  for (int i = 1; i <= 1'000; ++i) histogram.observe(i + 0.5);
  const Histogram::Snapshot all = histogram.snapshot();
  EXPECT_EQ(all.count_to(0), 0U);
  EXPECT_EQ(all.count_to(1), 1U);  // 1.5
  EXPECT_EQ(all.count_to(9), 511U);
  EXPECT_EQ(all.count_to(44), 1'000U);
}

TEST(Histogram, WhatCameBetweenTwoSnapshotsIsTheirDifference) {
  Histogram histogram;
  for (int i = 0; i < 100; ++i) histogram.observe(0.01);
  const Histogram::Snapshot before = histogram.snapshot();
  for (int i = 0; i < 10; ++i) histogram.observe(3);
  Histogram::Snapshot between = histogram.snapshot().since(before);
  EXPECT_EQ(between.count(), 10U);
  EXPECT_NEAR(between.quantile(0.01), 3, 0.1);
  between.add(before);
  EXPECT_EQ(between.count(), 110U);
  EXPECT_NEAR(between.quantile(0.5), 0.01, 0.0005);
  EXPECT_NEAR(between.sum(), histogram.snapshot().sum(), 1e-9);
}

TEST(Histogram, ThreadsLoseNothing) {
  Histogram histogram;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50'000; ++i) histogram.observe(std::ldexp(1.0, (i + thread) % 60 - 18));
    });
  threads.clear();
  EXPECT_EQ(histogram.snapshot().count(), 400'000U);
}

TEST(Exemplars, AreTheNewestOfTheirSize) {
  Histogram histogram;
  EXPECT_FALSE(histogram.exemplar(0));
  TraceContext first = make_trace(true), second = make_trace(true), quick = make_trace(true), slow = make_trace(true);
  histogram.exemplify(0.7, first, 1'000);
  histogram.exemplify(0.9, second, 2'000);
  histogram.exemplify(1e-9, quick, 3'000);
  histogram.exemplify(1e9, slow, 4'000);
  const auto newest = histogram.exemplar(0);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->value, 0.9);
  EXPECT_EQ(newest->trace_low, second.low);
  EXPECT_EQ(newest->time_ms, 2'000);
  EXPECT_EQ(histogram.exemplar(-11)->trace_low, quick.low) << "with the smallest";
  EXPECT_EQ(histogram.exemplar(7)->trace_low, slow.low) << "with the largest";
  EXPECT_FALSE(histogram.exemplar(3));
}

}  // namespace
}  // namespace atelier

// What every Cache must do, whatever is behind it.
#include <gtest/gtest.h>

#include "store/cache.hpp"
#include "tests/store/support.hpp"

namespace atelier::store {
namespace {

using namespace std::chrono_literals;

struct Backend {
  const char* name;
  std::unique_ptr<Cache> (*make)(std::size_t size_bytes_max, const Clock& clock);
};

class CacheContract : public testing::TestWithParam<Backend> {
 protected:
  std::optional<Bytes> get(const std::string& key) {
    auto value = run(cache_->get(key));
    EXPECT_TRUE(is_ok(value));
    return value ? *value : std::nullopt;
  }
  void put(const std::string& key, Bytes value, std::chrono::seconds time_to_live = 60s) {
    EXPECT_TRUE(is_ok(run(cache_->put(key, std::move(value), time_to_live))));
  }
  ManualClock clock_;
  std::unique_ptr<Cache> cache_ = GetParam().make(1 << 20, clock_);
};

TEST_P(CacheContract, WhatWasPutComesBack) {
  put("a", "one");
  put("b", Bytes("\0\xff", 2));
  EXPECT_EQ(get("a"), "one");
  EXPECT_EQ(get("b"), Bytes("\0\xff", 2));
  EXPECT_EQ(get("c"), std::nullopt);
}

TEST_P(CacheContract, ALaterPutReplaces) {
  put("a", "one");
  put("a", "two");
  EXPECT_EQ(get("a"), "two");
}

TEST_P(CacheContract, ARemovedEntryIsAMiss) {
  put("a", "one");
  EXPECT_TRUE(is_ok(run(cache_->remove("a"))));
  EXPECT_TRUE(is_ok(run(cache_->remove("never there"))));
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(CacheContract, AnEntryPastItsTimeToLiveIsAMiss) {
  put("a", "one", 5s);
  clock_.advance(4'999ms);
  EXPECT_EQ(get("a"), "one");
  clock_.advance(1ms);
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(CacheContract, AnEndlessTimeToLiveDoesNotOverflow) {
  put("a", "one", std::chrono::seconds::max());
  clock_.advance(24h * 365);
  EXPECT_EQ(get("a"), "one");
}

TEST_P(CacheContract, ItStaysWithinItsBytes) {
  for (int i = 0; i < 5'000; ++i) put("key" + std::to_string(i), Bytes(1'000, 'x'));
  const CacheStatistics statistics = cache_->statistics();
  EXPECT_LE(statistics.size_bytes, std::size_t{1} << 20);
  EXPECT_GT(statistics.entry_count, 500U);
  EXPECT_GT(statistics.evicted_count, 3'000U);
}

TEST_P(CacheContract, AValueTooLargeToKeepReplacesTheOldOneWithNothing) {
  put("a", "one");
  put("a", Bytes(200'000, 'x'));
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(CacheContract, HitsAndMissesAreCounted) {
  put("a", "one");
  get("a");
  get("b");
  EXPECT_EQ(cache_->statistics().hit_count, 1U);
  EXPECT_EQ(cache_->statistics().miss_count, 1U);
}

TEST_P(CacheContract, ManyThreadsMayUseIt) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string key = std::to_string((i * 7 + t) % 50);
        EXPECT_TRUE(is_ok(run(cache_->put(key, key, 60s))));
        auto value = run(cache_->get(key));
        EXPECT_TRUE(value && (!*value || **value == key));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(Backends, CacheContract, testing::Values(Backend{"memory", make_memory_cache}),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(MemoryCache, WhatIsUsedAgainSurvivesAScanOfWhatIsNot) {
  ManualClock clock;
  const auto cache = make_memory_cache(1 << 20, clock);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_ok(run(cache->put("hot" + std::to_string(i), Bytes(1'000, 'h'), 1h))));
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 100; ++i) (void)run(cache->get("hot" + std::to_string(i)));
  for (int i = 0; i < 5'000; ++i)
    EXPECT_TRUE(is_ok(run(cache->put("scan" + std::to_string(i), Bytes(1'000, 's'), 1h))));
  int kept_count = 0;
  for (int i = 0; i < 100; ++i)
    if (run(cache->get("hot" + std::to_string(i)))->has_value()) ++kept_count;
  EXPECT_EQ(kept_count, 100);
}

}  // namespace
}  // namespace atelier::store

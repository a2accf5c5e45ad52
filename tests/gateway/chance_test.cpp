#include <fmt/format.h>

#include <map>
#include <set>

#include "tests/gateway/house.hpp"

// A fifth of all attempts fails at random, at either of two candidates.
namespace atelier::gateway {
namespace {

constexpr std::size_t kCalls = 10'000;
constexpr std::size_t kAtOnce = 64;

TEST(Chance, OfTenThousandCallsAtTwoCandidatesThatFailAFifthOfTheTimeAlmostNoneFails) {
  const ProviderDouble provider({.seen_max = 4 * kCalls});
  model::Route route;
  route.name = "r";
  route.targets = {{"a", "m@random=0.2"}, {"b", "m@random=0.2"}};
  std::map<Wire, std::size_t> by_face;
  House house(
      {provider_of(Wire::openai_chat, "a", provider, 10s, 10s), provider_of(Wire::anthropic, "b", provider, 10s, 10s)},
      {route});
  std::vector<Order> orders;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const Wire face = kFaces[i % std::size(kFaces)];
    const Delivery delivery = i / std::size(kFaces) % 2 == 0 ? Delivery::streamed : Delivery::whole;
    orders.push_back(order_of(face, delivery, "r", fmt::format("[marker c{}] one two three four five six", i)));
    orders.back().patience = 60s;
  }
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Outcome> outcomes = house.call_all(std::move(orders), kAtOnce);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);

  std::size_t good = 0, failed = 0, attempts = 0, failed_attempts = 0, joined = 0, answered_twice = 0;
  std::map<std::string, std::size_t> failures;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const Outcome& outcome = outcomes[i];
    ASSERT_TRUE(outcome.is_whole_answer() || outcome.is_one_error()) << outcome.describe() << "\n" << outcome.bytes;
    ASSERT_EQ(outcome.told_count, 1U);
    attempts += outcome.report.attempts.size();
    for (const model::AttemptReport& attempt : outcome.report.attempts) failed_attempts += attempt.fault ? 1 : 0;
    if (!outcome.is_whole_answer()) {
      if (++failed <= 3) fmt::print("{}\n", outcome.describe());
      ++failures[outcome.report.error ? std::string(outcome.report.error->stable_code()) : "untold"];
      continue;
    }
    ++good;
    EXPECT_EQ(outcome.heard.text, fmt::format("Echo: [marker c{}] one two three four five six", i));
    if (outcome.attempts_unseen < outcome.report.attempts.size()) ++joined;
    // What providers gave whole: once for each call, or it was paid for twice.
    if (provider.marker(fmt::format("c{}", i)).answered != 1) ++answered_twice;
  }
  std::string told;
  for (const auto& [reason, count] : failures) told += fmt::format(" {}: {}", reason, count);
  fmt::print(
      "{} calls in {} ms: {} answered, {} attempts of which {} failed, {} answers of two attempts joined, {} answered "
      "other than once; errors:{}\n",
      kCalls, took.count(), good, attempts, failed_attempts, joined, answered_twice, told);
  EXPECT_GE(good, kCalls * 999 / 1000) << told;
  EXPECT_EQ(answered_twice, 0U);
  EXPECT_GT(failed_attempts, kCalls / 10) << "the fault struck";
}

}  // namespace
}  // namespace atelier::gateway

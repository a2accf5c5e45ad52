#include "model/route/candidate.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

using namespace std::chrono_literals;

void attempts(CandidateRecord& record, int count, bool is_good) {
  for (int i = 0; i < count; ++i) record.attempt_ended(is_good, std::nullopt, 10ms);
}

TEST(CandidateRecord, OneThatNeverAnsweredHasNoSuccessHoweverOftenItWasAsked) {
  CandidateRecord record;
  for (int i = 0; i < 120; ++i) {
    attempts(record, 1, false);
    ASSERT_EQ(record.snapshot().success_rate, 0) << i;
  }
  EXPECT_EQ(record.snapshot().failures, 120U);
}

TEST(CandidateRecord, OfFewAttemptsEachCountsAlike) {
  CandidateRecord record;
  EXPECT_EQ(record.snapshot().success_rate, 1);
  attempts(record, 30, false);
  attempts(record, 10, true);
  EXPECT_NEAR(record.snapshot().success_rate, 0.25, 1e-9);
}

TEST(CandidateRecord, OfManyTheLastHundredOrSoCount) {
  CandidateRecord record;
  attempts(record, 1'000, false);
  attempts(record, 200, true);
  EXPECT_GT(record.snapshot().success_rate, 0.95);
  attempts(record, 200, false);
  EXPECT_LT(record.snapshot().success_rate, 0.05);
}

}  // namespace
}  // namespace atelier::model

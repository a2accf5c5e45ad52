#include "model/provider/retry_after.hpp"

#include <gmock/gmock.h>

namespace atelier::model {
namespace {

using testing::Eq;
using testing::Optional;

constexpr std::int64_t kNowMs = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

std::optional<std::int64_t> wait(std::vector<std::pair<std::string, std::string>> headers) {
  return retry_after_of({.status = 429, .headers = std::move(headers)}, kNowMs);
}

TEST(RetryAfter, ReadsSecondsAlsoFractional) {
  EXPECT_THAT(wait({{"retry-after", "2"}}), Optional(2000));
  EXPECT_THAT(wait({{"retry-after", " 0.25 "}}), Optional(250));
  EXPECT_THAT(wait({{"retry-after", "0"}}), Optional(0));
  EXPECT_THAT(wait({{"retry-after", "34.4s"}}), Optional(34'400));
}

TEST(RetryAfter, PrefersMilliseconds) {
  EXPECT_THAT(wait({{"retry-after", "2"}, {"retry-after-ms", "1500"}}), Optional(1500));
  EXPECT_THAT(wait({{"retry-after", "2"}, {"retry-after-ms", "soon"}}), Optional(2000));
}

TEST(RetryAfter, ReadsADate) {
  EXPECT_THAT(wait({{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}), Optional(60'000));
  EXPECT_THAT(wait({{"retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"}}), Optional(0));
}

TEST(RetryAfter, StaysBetweenNothingAndADay) {
  EXPECT_THAT(wait({{"retry-after", "-5"}}), Optional(0));
  EXPECT_THAT(wait({{"retry-after", "1000000000000000000000"}}), Optional(86'400'000));
  EXPECT_THAT(wait({{"retry-after", "Sun, 06 Nov 2044 08:50:37 GMT"}}), Optional(86'400'000));
}

TEST(RetryAfter, IsNothingWhereItCannotBeRead) {
  EXPECT_THAT(wait({}), Eq(std::nullopt));
  for (const char* text : {"", "soon", "1e3", "inf", "nan", "0x10", "1 2", "12:30", "--1", "1.2.3", "Sun, 06 Nov 1994"})
    EXPECT_THAT(wait({{"retry-after", text}}), Eq(std::nullopt)) << text;
}

TEST(RetryAfter, WithoutAClockADateCountsFromTheAnswersOwn) {
  HttpHead head{.status = 503, .headers = {{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}};
  EXPECT_THAT(retry_after_of(head), Eq(std::nullopt));
  head.headers.emplace_back("date", "Sun, 06 Nov 1994 08:50:07 GMT");
  EXPECT_THAT(retry_after_of(head), Optional(30'000));
}

TEST(ParseWait, SumsUnits) {
  EXPECT_THAT(parse_wait("6m0s"), Optional(360'000));
  EXPECT_THAT(parse_wait("2m59.56s"), Optional(179'560));
  EXPECT_THAT(parse_wait("12ms"), Optional(12));
  EXPECT_THAT(parse_wait("1h"), Optional(3'600'000));
  EXPECT_THAT(parse_wait("9d"), Eq(std::nullopt));
}

}  // namespace
}  // namespace atelier::model

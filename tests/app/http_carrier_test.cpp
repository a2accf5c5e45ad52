// When webhooks are sent again.
#include "app/http_carrier.hpp"

#include <gmock/gmock.h>

#include "net/conditional.hpp"
#include "studio/webhook/schedule.hpp"

namespace atelier::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr UnixMs kNowMs = 1'767'225'600'000;

TEST(WebhookPauses, AreThoseThatReceiversAreTold) {
  const auto pauses = studio::webhook_pauses();
  milliseconds all{0};
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    all += pauses[i];
    EXPECT_GT(pauses[i], i > 0 ? pauses[i - 1] : 0ms);
  }
  EXPECT_EQ(pauses.front(), 5s);
  EXPECT_GT(all, 75h);
  EXPECT_LT(all, 76h);
}

TEST(WebhookPauses, DifferALittle) {
  EXPECT_EQ(studio::with_jitter(10s, 0), 8s);
  EXPECT_EQ(studio::with_jitter(10s, 2'000), 10s);
  EXPECT_EQ(studio::with_jitter(10s, 4'000), 12s);
  EXPECT_EQ(studio::with_jitter(10s, 4'001), 8s);
  EXPECT_EQ(studio::with_jitter(1ms, ~std::uint64_t{0}), 1ms);
}

TEST(WebhookPauses, OfAnEndpointThatFailsBecomeLonger) {
  EXPECT_EQ(studio::rest_after(0), 0ms);
  EXPECT_EQ(studio::rest_after(1), 0ms);
  EXPECT_EQ(studio::rest_after(2), 1s);
  EXPECT_EQ(studio::rest_after(5), 8s);
  EXPECT_EQ(studio::rest_after(1'000'000), 60s);
}

TEST(RetryAfter, IsSecondsOrADateAndADayAtMost) {
  EXPECT_EQ(retry_after_of("120", kNowMs), 120s);
  EXPECT_EQ(retry_after_of(" 0 ", kNowMs), 0s);
  EXPECT_EQ(retry_after_of("-5", kNowMs), 0s);
  EXPECT_EQ(retry_after_of("9223372036854775807", kNowMs), 24h);
  EXPECT_EQ(retry_after_of(net::format_http_date(kNowMs / 1'000 + 90), kNowMs), 90s);
  EXPECT_EQ(retry_after_of(net::format_http_date(kNowMs / 1'000 - 90), kNowMs), 0s);
  EXPECT_EQ(retry_after_of(net::format_http_date(kNowMs / 1'000 + 900'000), kNowMs), 24h);
  EXPECT_EQ(retry_after_of("soon", kNowMs), std::nullopt);
  EXPECT_EQ(retry_after_of("", kNowMs), std::nullopt);
}

}  // namespace
}  // namespace atelier::app

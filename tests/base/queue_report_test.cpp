#include "base/queue_report.hpp"

#include <gtest/gtest.h>

#include "tests/base/queue_report.hpp"

namespace atelier {
namespace {

using namespace std::chrono_literals;

TEST(QueueReports, QueuesOfOneNameAreToldTogether) {
  const auto now = std::chrono::steady_clock::now();
  ToldQueue first("mail"), second("mail"), other("post");
  first.set({.count = 2, .since = now - 5s});
  second.set({.count = 3, .since = now - 90s});
  const QueueReport mail = queue_report_of("mail");
  EXPECT_EQ(mail.count, 5U);
  EXPECT_GE(mail.oldest_seconds, 90);
  EXPECT_LT(mail.oldest_seconds, 600);
  EXPECT_EQ(queue_report_of("post").name, "post") << "an empty queue is one";
  EXPECT_EQ(queue_report_of("post").oldest_seconds, 0);
  second.set({});
  EXPECT_EQ(queue_report_of("mail").count, 2U);
  EXPECT_LT(queue_report_of("mail").oldest_seconds, 90);
}

TEST(QueueReports, AQueueThatIsGoneIsNotTold) {
  {
    const ReportedQueue queue("short-lived", [] { return Waiting{.count = 1}; });
    EXPECT_EQ(queue_report_of("short-lived").count, 1U);
  }
  EXPECT_TRUE(queue_report_of("short-lived").name.empty());
}

}  // namespace
}  // namespace atelier

#include "watch/alert/mailer.hpp"

#include <gmock/gmock.h>

// What a mail of alerts says. How it is sent: smtp_test.cpp, and tests/api/alerts_test.cpp for all of it.
namespace atelier::watch {
namespace {

using testing::HasSubstr;
using testing::Not;

Alert alert(AlertSeverity severity, std::string cause) {
  Alert one;
  one.kind = AlertKind::loop_stall;
  one.severity = severity;
  one.state = AlertState::firing;
  one.cause = std::move(cause);
  return one;
}

TEST(MailText, SaysHowUrgentItIsAndWhatToDo) {
  const std::string text =
      mail_text_of({.fired = {alert(AlertSeverity::page, "It is down."), alert(AlertSeverity::ticket, "It is slow.")}},
                   "https://studio.example.org");
  EXPECT_THAT(text, HasSubstr("It is down.\n  look now (loop_stall); first seen "));
  EXPECT_THAT(text, HasSubstr("It is slow.\n  look today (loop_stall); first seen "));
  EXPECT_THAT(text, HasSubstr("what to do: https://studio.example.org/help/operations#alert-"));
  EXPECT_THAT(text, HasSubstr("All alerts: https://studio.example.org/performance\n"));
}

TEST(MailText, OfWhatIsOverSaysNotWhatToDo) {
  Alert over = alert(AlertSeverity::page, "It was down.");
  over.state = AlertState::resolved;
  const std::string text = mail_text_of({.resolved = {over}, .more_count = 3}, "https://studio.example.org");
  EXPECT_THAT(text, HasSubstr("Well again:\n\nIt was down."));
  EXPECT_THAT(text, Not(HasSubstr("what to do")));
  EXPECT_THAT(text, HasSubstr("And 3 more"));
}

}  // namespace
}  // namespace atelier::watch

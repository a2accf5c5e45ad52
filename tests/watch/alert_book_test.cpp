// Which alerts there are and what is told of them: windows, coming back, and never a storm.
#include "watch/alert/book.hpp"

#include <gtest/gtest.h>

#include "watch/alert/noticer.hpp"

namespace atelier::watch {
namespace {

using std::chrono::seconds;

class AlertBookTest : public testing::Test {
 protected:
  // A second passes, after which this holds.
  std::vector<Alert> pass(const std::vector<Condition>& conditions, int count = 1) {
    std::vector<Alert> changed;
    for (int i = 0; i < count; ++i) {
      clock_.advance(seconds(1));
      for (Alert& alert : book_.look(now(), conditions)) changed.push_back(std::move(alert));
    }
    return changed;
  }
  AlertBook::Now now() const { return {.steady = clock_.now(), .wall_ms = clock_.wall_ms()}; }
  static Condition descriptors() { return {.kind = AlertKind::descriptors, .cause = "900 of 1000 are open."}; }
  static Condition stall(std::string loop) { return {.kind = AlertKind::loop_stall, .subject = std::move(loop)}; }

  ManualClock clock_;
  AlertBook book_;
};

TEST_F(AlertBookTest, FiresOnceItHeldForItsWindowAndIsResolvedOnceItWasGoneForIts) {
  const auto& info = info_of(AlertKind::descriptors);
  ASSERT_EQ(info.hold, seconds(15));
  EXPECT_TRUE(pass({descriptors()}, 15).empty());
  ASSERT_EQ(book_.open().size(), 1);
  EXPECT_EQ(book_.open().front().state, AlertState::pending);
  const auto fired = pass({descriptors()});
  ASSERT_EQ(fired.size(), 1);
  EXPECT_EQ(fired.front().state, AlertState::firing);
  EXPECT_EQ(fired.front().cause, "900 of 1000 are open.");
  EXPECT_TRUE(pass({descriptors()}, 100).empty()) << "it fires once";
  EXPECT_TRUE(pass({}, 59).empty());
  const auto resolved = pass({}, 2);
  ASSERT_EQ(resolved.size(), 1);
  EXPECT_EQ(resolved.front().state, AlertState::resolved);
  EXPECT_EQ(resolved.front().id, fired.front().id);
  EXPECT_TRUE(book_.open().empty());
}

TEST_F(AlertBookTest, WhatComesAndGoesWithinItsWindowsNeitherFiresNorFlaps) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(pass({descriptors()}, 10).empty());
    EXPECT_TRUE(pass({}).empty());
  }
  EXPECT_EQ(pass({descriptors()}, 16).size(), 1);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(pass({}, 30).empty());
    EXPECT_TRUE(pass({descriptors()}).empty());
  }
}

TEST_F(AlertBookTest, OneThatComesBackWithinAnHourGoesOnAndIsAnotherLater) {
  const auto first = pass({stall("loop 1")});
  ASSERT_EQ(first.size(), 1);
  EXPECT_EQ(first.front().count, 1);
  EXPECT_EQ(pass({}, 121).size(), 1);
  const auto again = pass({stall("loop 1")});
  ASSERT_EQ(again.size(), 1);
  EXPECT_EQ(again.front().id, first.front().id);
  EXPECT_EQ(again.front().count, 2);
  EXPECT_EQ(again.front().story.size(), 3);
  EXPECT_EQ(pass({}, 121).size(), 1);
  clock_.advance(std::chrono::minutes(61));
  (void)pass({});
  const auto later = pass({stall("loop 1")});
  ASSERT_EQ(later.size(), 1);
  EXPECT_NE(later.front().id, first.front().id);
  EXPECT_EQ(later.front().count, 1);
}

TEST_F(AlertBookTest, SubjectsOfAKindAreAlertsOfTheirOwn) {
  EXPECT_EQ(pass({stall("loop 0"), stall("loop 1"), stall("loop 1")}).size(), 2);
}

TEST_F(AlertBookTest, ResolvedByHandItComesBackOnlyOnceItWasGone) {
  const auto fired = pass({descriptors()}, 16);
  ASSERT_EQ(fired.size(), 1);
  EXPECT_TRUE(book_.resolve(fired.front().id, "Ada", now()));
  EXPECT_FALSE(book_.resolve(fired.front().id, "Ada", now()));
  EXPECT_EQ(book_.find(fired.front().id)->story.back().who, "Ada");
  EXPECT_TRUE(pass({descriptors()}, 300).empty()) << "it still holds, and nobody wants to hear of it";
  EXPECT_TRUE(pass({}, 61).empty());
  const auto again = pass({descriptors()}, 16);
  ASSERT_EQ(again.size(), 1);
  EXPECT_EQ(again.front().id, fired.front().id);
}

TEST_F(AlertBookTest, ARestartGoesOnWithWhatFired) {
  const Alert fired = pass({descriptors()}, 16).front();
  AlertBook after;
  after.restore(fired, now());
  std::vector<Alert> changed;
  for (int i = 0; i < 161; ++i) {
    clock_.advance(seconds(1));
    const std::vector<Condition> found = i < 100 ? std::vector{descriptors()} : std::vector<Condition>();
    for (Alert& alert : after.look(now(), found)) changed.push_back(std::move(alert));
    EXPECT_TRUE(changed.empty() || i >= 159);
  }
  ASSERT_EQ(changed.size(), 1);
  EXPECT_EQ(changed.front().state, AlertState::resolved);
  EXPECT_EQ(changed.front().id, fired.id);
}

TEST_F(AlertBookTest, HoldsNoMoreThanItsBound) {
  std::vector<Condition> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(stall(std::to_string(i)));
  EXPECT_EQ(pass(many).size(), AlertBook::Options().open_max);
  EXPECT_EQ(book_.open().size(), AlertBook::Options().open_max);
}

class NoticerTest : public testing::Test {
 protected:
  static Alert alert(AlertKind kind, std::string subject, AlertState state = AlertState::firing) {
    Alert one;
    one.id = AlertId::make();
    one.kind = kind;
    one.subject = std::move(subject);
    one.cause = "It is so.";
    one.state = state;
    return one;
  }
  std::vector<Notice> after(std::chrono::milliseconds time) {
    clock_.advance(time);
    return noticer_.take_due(clock_.now(), clock_.wall_ms());
  }
  ManualClock clock_;
  Noticer noticer_;
};

TEST_F(NoticerTest, ThoseOfAGroupAreToldTogetherWithinSeconds) {
  for (int i = 0; i < 3; ++i) noticer_.add(alert(AlertKind::breaker_open, std::to_string(i)), clock_.now());
  noticer_.add(alert(AlertKind::disk_full, ""), clock_.now());
  EXPECT_TRUE(after(std::chrono::milliseconds(500)).empty());
  const auto told = after(std::chrono::milliseconds(1'500));
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[0].fired.size(), 1);
  EXPECT_EQ(told[1].fired.size(), 3);
  EXPECT_EQ(headline_of(told[1]), "Alert: It is so. (and 2 more)");
}

TEST_F(NoticerTest, WhatIsOverTheBoundIsCountedAndToldOnceThereIsRoom) {
  std::size_t told = 0;
  for (int i = 0; i < 200; ++i) {
    noticer_.add(alert(AlertKind::loop_stall, std::to_string(i)), clock_.now());
    told += after(seconds(10)).size();
  }
  EXPECT_EQ(told, Noticer::Options().per_hour_max);
  const auto later = after(std::chrono::minutes(61));
  ASSERT_EQ(later.size(), 1);
  EXPECT_EQ(later.front().more_count, 180);
  EXPECT_TRUE(later.front().fired.empty());
  EXPECT_TRUE(after(std::chrono::minutes(61)).empty());
}

TEST_F(NoticerTest, ThousandsAtOnceAreOneNoticeOfFew) {
  for (int i = 0; i < 5'000; ++i) noticer_.add(alert(AlertKind::loop_stall, std::to_string(i)), clock_.now());
  const auto told = after(seconds(2));
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told.front().fired.size(), Noticer::Options().alerts_max);
  EXPECT_EQ(told.front().more_count, 5'000 - 20);
}

}  // namespace
}  // namespace atelier::watch

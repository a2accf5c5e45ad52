// What is kept of what pages report: nothing that was typed.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <regex>
#include <sstream>

#include "store/migrations.hpp"
#include "tests/store/support.hpp"
#include "watch/page/page_error.hpp"
#include "watch/page/page_figures.hpp"
#include "watch/page/page_name.hpp"
#include "watch/page/report_gate.hpp"

namespace atelier::watch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(PageError, ABrowsersOwnTextsAreKept) {
  for (const std::string_view text : {"Cannot read properties of undefined (reading 'id')", "x.y is not a function",
                                      "Maximum call stack size exceeded", "can't access property \"id\", run is null"})
    EXPECT_EQ(known_message(text), text);
  EXPECT_EQ(known_message("Unexpected token 'T', \"Tell me a s\"... is not valid JSON"), "Unexpected token ");
}

TEST(PageError, WhatWasTypedIsNot) {
  for (const std::string_view text :
       {"Tell me of the canary", "the canary song is not a function",
        "Cannot read properties of null (reading 'a canary')", "sk-canaryabcdefghijklmnop is not defined"})
    EXPECT_EQ(known_message(text), "") << text;
  const Occurrence kept =
      occurrence_of({.name = "the canary",
                     .message = "write of the canary",
                     .stack = "Error: write of the canary\n    at canary song (https://h/canary.js:1:2)\n"
                              "    at load (https://h/_app/chat-1a.js?the=canary:3:4)",
                     .path = "/c/canary?q=canary",
                     .request_id = "the canary"},
                    1'000);
  std::string all = kept.detail() + kept.message + kept.code + kept.place + kept.route + kept.request_id;
  EXPECT_THAT(all, Not(HasSubstr("canary")));
  EXPECT_EQ(kept.code, "Error");
  EXPECT_EQ(kept.route, "chat");
  EXPECT_EQ(kept.place, "/_app/chat-1a.js:3:4");
}

TEST(PageError, StacksOfAllBrowsersAreRead) {
  EXPECT_THAT(read_page_stack("TypeError: x\n    at Runs.apply (http://h:1/_app/runs-a_b.js:10:20)\n"
                              "    at async http://h:1/_app/app.js:1:2\n    at <anonymous>"),
              ElementsAre("Runs.apply (/_app/runs-a_b.js:10:20)", "(anonymous) (/_app/app.js:1:2)"));
  EXPECT_THAT(read_page_stack("apply@http://h:1/_app/runs.js:10:20\n@http://h:1/_app/app.js:1:2\nx@debugger eval:1:2"),
              ElementsAre("apply (/_app/runs.js:10:20)", "(anonymous) (/_app/app.js:1:2)"));
}

TEST(PageName, KnowsEveryPageThereIs) {
  std::ifstream file(std::string(ATELIER_SOURCE_DIR) + "/ui/src/app/routes.ts");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string routes = text.str();
  const std::regex path("path: '([^']+)'");
  std::size_t count = 0;
  for (auto one = std::sregex_iterator(routes.begin(), routes.end(), path); one != std::sregex_iterator();
       ++one, ++count)
    if ((*one)[1] != "/invite") {
      EXPECT_NE(page_name((*one)[1].str()), "other") << (*one)[1];
    }
  EXPECT_GT(count, 10U);
  EXPECT_EQ(page_name("/chat"), "other");
  EXPECT_EQ(page_name("c"), "other");
  EXPECT_EQ(page_name(""), "other");
}

class PageFiguresTest : public testing::Test {
 protected:
  PageFiguresTest() { open(); }
  // As at a start.
  void open(PageWindows::Options options = {}) {
    figures_.reset();
    windows_.reset();
    database_.reset();
    auto opened =
        store::open_sqlite({.path = folder_ / "telemetry.db", .is_rebuildable = true}, store::telemetry_migrations());
    ASSERT_TRUE(store::is_ok(opened));
    database_ = std::move(*opened);
    windows_ = std::make_unique<PageWindows>(*database_, metrics_, clock_, options);
    figures_ = std::make_unique<PageFigures>(metrics_, *windows_);
  }
  void paint(double value_ms, int times = 1) {
    for (int i = 0; i < times; ++i)
      ASSERT_TRUE(figures_->add({.name = "LCP", .value = value_ms, .path = "/c/x", .device = "phone"}));
  }
  void write() { ASSERT_TRUE(store::is_ok(store::run(windows_->write()))); }
  std::vector<PageFigures::Summary> told(PageWindows::Window window) {
    auto all = store::run(figures_->summaries(window));
    EXPECT_TRUE(store::is_ok(all));
    return all ? *all : std::vector<PageFigures::Summary>();
  }
  std::vector<std::uint64_t> counts() {
    std::vector<std::uint64_t> all;
    for (const auto window : {PageWindows::Window::day, PageWindows::Window::week, PageWindows::Window::month}) {
      const auto rows = told(window);
      all.push_back(rows.empty() ? 0 : rows.front().count);
    }
    return all;
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<PageWindows> windows_;
  std::unique_ptr<PageFigures> figures_;
};

TEST_F(PageFiguresTest, AreHistogramsOfClosedNames) {
  for (int i = 1; i <= 100; ++i)
    ASSERT_TRUE(
        figures_->add({.name = "LCP", .value = i * 10.0, .path = "/c/x", .device = "phone", .element = "main>h1.big"}));
  ASSERT_TRUE(figures_->add(
      {.name = "CLS", .value = .3, .path = "/nowhere", .device = "toaster", .element = "the canary song"}));
  ASSERT_TRUE(figures_->add({.name = "heap", .value = 5e7, .path = "/", .device = "desktop"}));
  EXPECT_FALSE(figures_->add({.name = "canary", .value = 1, .path = "/", .device = "desktop"}));
  EXPECT_FALSE(figures_->add({.name = "LCP", .value = -1, .path = "/", .device = "desktop"}));
  EXPECT_FALSE(figures_->add({.name = "LCP", .value = 1e9, .path = "/", .device = "desktop"}));
  const auto all = told(PageWindows::Window::day);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].metric, "LCP");
  EXPECT_EQ(all[0].page, "chat");
  EXPECT_EQ(all[0].device, "phone");
  EXPECT_NEAR(all[0].p75, .75, .75 * .05);
  EXPECT_EQ(all[0].element, "main>h1.big");
  EXPECT_EQ(all[1].page, "other");
  EXPECT_EQ(all[1].device, "desktop");
  EXPECT_EQ(all[1].element, "");
  EXPECT_NEAR(all[1].p75, .3, .3 * .03);
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_page_lcp_seconds_count{page=\"chat\",device=\"phone\"} 100"));
}

TEST_F(PageFiguresTest, AreToldOfADayAWeekAndFourWeeks) {
  using std::chrono::hours;
  paint(8'000, 4);
  write();
  EXPECT_THAT(counts(), ElementsAre(4, 4, 4));
  clock_.advance(hours(24 * 2));
  paint(1'000, 3);
  write();
  clock_.advance(hours(24 * 2));
  paint(500);  // not written yet
  EXPECT_THAT(counts(), ElementsAre(1, 8, 8));
  EXPECT_NEAR(told(PageWindows::Window::day).front().p75, .5, .02);
  EXPECT_NEAR(told(PageWindows::Window::week).front().p75, 8, .3);
  clock_.advance(hours(24 * 8));
  EXPECT_THAT(counts(), ElementsAre(0, 0, 8));
  clock_.advance(hours(24 * 30));
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0));
}

// A clock that ran ahead for a while leaves figures of days that are to come: they are in no window until then.
TEST_F(PageFiguresTest, FiguresOfDaysToComeAreInNoWindow) {
  clock_.step_wall(std::chrono::hours(24 * 400));
  paint(1'000, 5);
  write();
  paint(1'000);  // not written yet
  clock_.step_wall(-std::chrono::hours(24 * 400));
  paint(1'000, 2);
  EXPECT_THAT(counts(), ElementsAre(2, 2, 2));
}

TEST_F(PageFiguresTest, OutliveARestartAndAreDeletedWhenTheyAreOld) {
  paint(1'000, 5);
  write();
  write();
  open();
  paint(1'000, 2);
  write();
  EXPECT_THAT(counts(), ElementsAre(7, 7, 7)) << "the same bucket, of two processes";
  clock_.advance(std::chrono::hours(24 * 3));
  ASSERT_TRUE(store::is_ok(store::run(windows_->trim())));
  EXPECT_EQ(store::run(database_->read({"SELECT count(*) FROM page_figures WHERE tier = 0"}))->integer(0, 0), 0);
  EXPECT_THAT(counts(), ElementsAre(0, 7, 7));
  clock_.advance(std::chrono::hours(24 * 30));
  ASSERT_TRUE(store::is_ok(store::run(windows_->trim())));
  EXPECT_EQ(store::run(database_->read({"SELECT count(*) FROM page_figures"}))->integer(0, 0), 0);
}

TEST_F(PageFiguresTest, AreBoundedInMemoryAndOnDisk) {
  open({.waiting_max = 10, .rows_max = 20});
  for (int i = 0; i < 100; ++i) paint(std::exp2(i % 16));
  EXPECT_THAT(metrics_.render(), HasSubstr("atelier_page_figures_dropped_total 36\n"));
  write();
  for (int hour = 0; hour < 5; ++hour) {
    clock_.advance(std::chrono::hours(1));
    for (int i = 0; i < 4; ++i) paint(std::exp2(i));
    write();
  }
  ASSERT_TRUE(store::is_ok(store::run(windows_->trim())));
  const auto rows = store::run(database_->read({"SELECT count(*) FROM page_figures WHERE tier = 0"}));
  EXPECT_LE(rows->integer(0, 0), 10);
  EXPECT_GT(rows->integer(0, 0), 0) << "the newest stay";
}

TEST_F(PageFiguresTest, ADatabaseThatIsGoneCostsNoFigures) {
  paint(1'000, 3);
  database_->close();
  EXPECT_FALSE(store::run(windows_->write()));
  EXPECT_FALSE(store::run(windows_->write()));
  EXPECT_FALSE(store::run(figures_->summaries(PageWindows::Window::day)));
}

TEST(ReportGate, LetsFewThrough) {
  ManualClock clock;
  ReportGate gate(clock);
  const UserId who = UserId::make();
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += gate.admits(who) ? 1 : 0;
  EXPECT_EQ(admitted, 20);
  clock.advance(std::chrono::seconds(7));
  EXPECT_TRUE(gate.admits(who));
  EXPECT_TRUE(gate.admits(who));
  EXPECT_FALSE(gate.admits(who));
}

}  // namespace
}  // namespace atelier::watch

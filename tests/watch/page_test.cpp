// What is kept of what pages report: nothing that was typed.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <sstream>

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

TEST(PageFigures, AreHistogramsOfClosedNames) {
  Metrics metrics;
  PageFigures figures(metrics);
  for (int i = 1; i <= 100; ++i)
    ASSERT_TRUE(
        figures.add({.name = "LCP", .value = i * 10.0, .path = "/c/x", .device = "phone", .element = "main>h1.big"}));
  ASSERT_TRUE(
      figures.add({.name = "CLS", .value = .3, .path = "/nowhere", .device = "toaster", .element = "the canary song"}));
  ASSERT_TRUE(figures.add({.name = "heap", .value = 5e7, .path = "/", .device = "desktop"}));
  EXPECT_FALSE(figures.add({.name = "canary", .value = 1, .path = "/", .device = "desktop"}));
  EXPECT_FALSE(figures.add({.name = "LCP", .value = -1, .path = "/", .device = "desktop"}));
  EXPECT_FALSE(figures.add({.name = "LCP", .value = 1e9, .path = "/", .device = "desktop"}));
  const auto all = figures.summaries();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].metric, "LCP");
  EXPECT_EQ(all[0].page, "chat");
  EXPECT_EQ(all[0].device, "phone");
  EXPECT_NEAR(all[0].p75, .75, .75 * .05);
  EXPECT_EQ(all[0].element, "main>h1.big");
  EXPECT_EQ(all[1].page, "other");
  EXPECT_EQ(all[1].device, "desktop");
  EXPECT_EQ(all[1].element, "");
  EXPECT_THAT(metrics.render(), HasSubstr("atelier_page_lcp_seconds_count{page=\"chat\",device=\"phone\"} 100"));
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

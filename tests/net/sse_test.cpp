#include "net/sse.hpp"

#include <gtest/gtest.h>

#include <random>

namespace atelier::net {
namespace {

std::string describe(const std::vector<SseEvent>& events) {
  std::string out;
  for (const SseEvent& event : events) out += "[" + event.id + "|" + event.type + "|" + event.data + "]";
  return out;
}

std::string parse(std::string_view bytes) {
  SseParser parser;
  auto events = parser.feed(bytes);
  return events ? describe(*events) : events.error().message;
}

TEST(SseParser, FollowsTheSpecification) {
  EXPECT_EQ(parse("data: a\n\n"), "[||a]");
  EXPECT_EQ(parse("data:a\r\n\r\ndata:b\r\rdata:c\n\n"), "[||a][||b][||c]");
  EXPECT_EQ(parse("data:  a\n\n"), "[|| a]");
  EXPECT_EQ(parse("data: a\ndata\ndata: b\n\n"), "[||a\n\nb]");
  EXPECT_EQ(parse("data\n\n"), "[||]");
  EXPECT_EQ(parse("event: x\ndata: a\n\ndata: b\n\n"), "[|x|a][||b]");
  EXPECT_EQ(parse("id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"), "[7||a][7||b][||c]");
  EXPECT_EQ(parse(": comment\nunknown: x\ndata: a\n\n"), "[||a]");
  EXPECT_EQ(parse("event: x\n\n"), "");
  EXPECT_EQ(parse("data: unfinished\n"), "");
  EXPECT_EQ(parse("\xef\xbb\xbf"
                  "data: a\n\n\xef\xbb\xbf"
                  "data: b\n\n"),
            "[||a]");
  EXPECT_EQ(parse(std::string_view("id: a\0b\ndata: x\n\n", 17)), "[||x]");
}

TEST(SseParser, AnEventWithoutDataStillSetsTheLastId) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("id: 5\n\n"));
  EXPECT_EQ(parser.last_event_id(), "5");
  ASSERT_TRUE(parser.feed("id: 6\ndata: x\n"));
  EXPECT_EQ(parser.last_event_id(), "5");
}

TEST(SseParser, AnyChunkingGivesTheSameEvents) {
  std::mt19937 random(7);
  const std::string_view pieces[] = {"data: a", "data:b", "event: t", "id: 9",        ": c",  "\n", "\r",
                                     "\r\n",    "\n\n",   "\r\n\r\n", "\xef\xbb\xbf", "data", "\0x"};
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    for (int i = 0; i < 30; ++i) bytes += pieces[random() % std::size(pieces)];
    SseParser parser;
    std::vector<SseEvent> events;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + random() % 4;
      auto got = parser.feed(std::string_view(bytes).substr(at, size));
      ASSERT_TRUE(got);
      events.insert(events.end(), got->begin(), got->end());
      at += size;
    }
    EXPECT_EQ(describe(events), parse(bytes));
  }
}

TEST(SseParser, ReadsWhatIsWritten) {
  for (const std::string& data : {std::string("one"), std::string("two\nlines"), std::string(), std::string("\n"),
                                  std::string(" lead"), std::string(": x")}) {
    const std::string written = write_sse({.id = "e-1", .type = "t", .data = data});
    EXPECT_EQ(parse(sse_comment("ping") + sse_retry(500) + written), "[e-1|t|" + data + "]");
  }
  EXPECT_EQ(parse(write_sse({.id = "", .type = "", .data = "a\r\nb\rc"})), "[||a\nb\nc]");
}

TEST(SseParser, RefusesLinesAndEventsOverTheLimits) {
  SseParser line;
  Result<std::vector<SseEvent>> result = line.feed("data: ");
  const std::string block(64 * 1024, 'x');
  for (int i = 0; i < 17 && result; ++i) result = line.feed(block);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, "sse_line_too_long");
  SseParser event;
  result = event.feed("");
  for (int i = 0; i < 200 && result; ++i) result = event.feed("data: " + block + "\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, "sse_event_too_long");
}

}  // namespace
}  // namespace atelier::net

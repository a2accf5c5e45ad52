#include "net/conditional.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/text.hpp"

namespace atelier::net {
namespace {

std::string describe(const RangeAnswer& answer) {
  if (answer.kind == RangeAnswer::Kind::whole) return "whole";
  if (answer.kind == RangeAnswer::Kind::outside) return "outside";
  std::string out;
  for (const ByteRange& range : answer.ranges)
    out += (out.empty() ? "" : " ") + std::to_string(range.first) + "-" + std::to_string(range.last);
  return out;
}

TEST(Range, IsReadAsTheTableSays) {
  std::ifstream file(ATELIER_SOURCE_DIR "/tests/data/net/range.case");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t first = line.find('|'), second = line.find('|', first + 1);
    const std::string_view text = line;
    EXPECT_EQ(describe(parse_range(trim(text.substr(0, first)), std::stoull(line.substr(first + 1)))),
              trim(text.substr(second + 1)))
        << line;
    ++count;
  }
  EXPECT_GT(count, 30);
}

TEST(Range, NeverReachesBeyondTheFile) {
  for (std::uint64_t size = 0; size < 6; ++size)
    for (int first = -1; first < 7; ++first)
      for (int last = -1; last < 7; ++last) {
        const std::string field =
            "bytes=" + (first < 0 ? "" : std::to_string(first)) + "-" + (last < 0 ? "" : std::to_string(last));
        for (const ByteRange& range : parse_range(field, size).ranges) {
          EXPECT_LE(range.first, range.last) << field;
          EXPECT_LT(range.last, size) << field;
        }
      }
}

Conditions get() { return {}; }

constexpr Representation kFile{"\"abc\"", "Sun, 06 Nov 1994 08:49:37 GMT", 10};

TEST(Preconditions, IfNoneMatchComparesWeaklyAndBeatsIfModifiedSince) {
  Conditions conditions = get();
  conditions.if_none_match = "\"x\", W/\"abc\"";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::not_modified);
  conditions.if_none_match = "*";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::not_modified);
  conditions.if_none_match = "\"x\"";
  conditions.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::send);
  conditions.if_none_match = "\"abc\"";
  conditions.method = Method::put;
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::precondition_failed);
}

TEST(Preconditions, IfMatchComparesStronglyAndComesFirst) {
  Conditions conditions = get();
  conditions.if_match = "W/\"abc\"";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::precondition_failed);
  conditions.if_match = "\"x\" , \"abc\"";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::send);
  conditions.if_match = "\"x\"";
  conditions.if_none_match = "\"abc\"";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::precondition_failed);
}

TEST(Preconditions, DatesAreComparedToTheSecond) {
  Conditions conditions = get();
  conditions.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::not_modified);
  conditions.if_modified_since = "Sun, 06 Nov 1994 08:49:36 GMT";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::send);
  conditions.if_modified_since = "yesterday";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::send);
  conditions.if_modified_since.reset();
  conditions.if_unmodified_since = "Sun, 06 Nov 1994 08:49:36 GMT";
  EXPECT_EQ(check_preconditions(conditions, kFile), Outcome::precondition_failed);
}

TEST(Preconditions, MalformedTagsMatchNothing) {
  for (const std::string_view list : {"", "abc", "\"abc", ",,,", "\"", "W/"})
    EXPECT_FALSE(matches_weak(list, "\"abc\"")) << list;
}

TEST(IfRange, HoldsForTheSameStrongTagOrDateOnly) {
  Conditions conditions = get();
  conditions.range = "bytes=1-2";
  const auto kind_with = [&](std::optional<std::string> if_range) {
    conditions.if_range = std::move(if_range);
    return choose_range(conditions, kFile).kind;
  };
  EXPECT_EQ(kind_with(std::nullopt), RangeAnswer::Kind::partial);
  EXPECT_EQ(kind_with("\"abc\""), RangeAnswer::Kind::partial);
  EXPECT_EQ(kind_with("Sun, 06 Nov 1994 08:49:37 GMT"), RangeAnswer::Kind::partial);
  EXPECT_EQ(kind_with("W/\"abc\""), RangeAnswer::Kind::whole);
  EXPECT_EQ(kind_with("\"x\""), RangeAnswer::Kind::whole);
  EXPECT_EQ(kind_with("Sun, 06 Nov 1994 08:49:38 GMT"), RangeAnswer::Kind::whole);
  conditions.if_range.reset();
  conditions.method = Method::head;
  EXPECT_EQ(choose_range(conditions, kFile).kind, RangeAnswer::Kind::whole);
}

TEST(HttpDate, IsWrittenAndReadBack) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{951782400}, std::int64_t{4102444800}})
    EXPECT_EQ(parse_http_date(format_http_date(time)), time);
  for (const std::string_view text :
       {"", "Sun, 31 Feb 2021 00:00:00 GMT", "Sun, 06 Nov 1994 25:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

}  // namespace
}  // namespace atelier::net

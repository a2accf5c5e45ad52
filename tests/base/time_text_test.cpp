#include <gtest/gtest.h>

#include "base/time_text.hpp"

namespace atelier {
namespace {

TEST(TimeText, ReadsWhatItWrites) {
  for (const UnixMs time : {UnixMs{0}, UnixMs{1'795'277'985'000}, UnixMs{951'782'400'000}})
    EXPECT_EQ(parse_rfc3339(format_rfc3339(time)), time);
}

TEST(TimeText, KnowsFractionsAndZones) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T02:00:00.25+02:00"), 250);
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:30:01.0019-00:30"), 1001);
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2027-01-31", "2027-02-30T00:00:00Z", "2027-01-31T24:00:00Z", "2027-01-31T00:00:00",
                           "2027-01-31T00:00:00.Z", "2027-01-31T00:00:00+2:00", "2027-01-31T00:00:00Z ",
                           "2027-01--1T00:00:00Z", "2027-13-01T00:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(TimeText, ReadsDays) {
  EXPECT_EQ(parse_day("1970-01-02"), 1);
  EXPECT_FALSE(parse_day("1970-1-2"));
  EXPECT_FALSE(parse_day("1970-00-02"));
}

}  // namespace
}  // namespace atelier

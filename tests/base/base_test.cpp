#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"

namespace atelier {
namespace {

TEST(Ulid, RisesAndSurvivesItsText) {
  Ulid last;
  for (int i = 0; i < 10'000; ++i) {
    const Ulid id = Ulid::make();
    EXPECT_LT(last, id);
    EXPECT_LT(last.to_string(), id.to_string());
    last = id;
  }
  EXPECT_EQ(*Ulid::parse(last.to_string()), last);
}

TEST(Ulid, RefusesWhatIsNone) {
  EXPECT_FALSE(Ulid::parse(""));
  EXPECT_FALSE(Ulid::parse("0123456789abcdefghjkmnpqr"));
  EXPECT_FALSE(Ulid::parse("0123456789abcdefghjkmnpqri"));
  EXPECT_FALSE(Ulid::parse("8zzzzzzzzzzzzzzzzzzzzzzzzz"));
}

TEST(Hash, Sha256AndHmacGiveTheKnownAnswers) {
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 piecewise;
  piecewise.update("a");
  piecewise.update("bc");
  EXPECT_EQ(piecewise.finish(), sha256("abc"));
  EXPECT_EQ(hmac_sha256("key", "The quick brown fox jumps over the lazy dog").hex(),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  EXPECT_EQ(*Digest::parse(sha256("abc").hex()), sha256("abc"));
  EXPECT_FALSE(Digest::parse("ba78"));
  EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Utf8, KnowsWellFormedText) {
  EXPECT_TRUE(is_valid_utf8("Grüße, 世界 🌧️"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80", "\xf0\x80\x80\x80"})
    EXPECT_FALSE(is_valid_utf8(bad));
}

TEST(Utf8, TruncatingNeverSplitsACharacter) {
  const std::string text = "aé世🌧";
  for (std::size_t size = 0; size <= text.size(); ++size) EXPECT_TRUE(is_valid_utf8(truncate_utf8(text, size))) << size;
}

TEST(Text, PrintableHidesEscapesAndLineBreaks) { EXPECT_EQ(printable("a\n\x1b[31mb"), "a\\x0a\\x1b[31mb"); }

TEST(Text, SuggestsOnlyWhatIsClose) {
  const std::string_view names[] = {"spotlight", "plain", "card"};
  EXPECT_EQ(suggest("spotligth", names), "spotlight");
  EXPECT_EQ(suggest("something-else-entirely", names), std::nullopt);
}

TEST(Clock, WritesRfc3339) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(1'700'000'000'123), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Metrics, RenderAsPrometheusText) {
  static constexpr std::string_view kLabels[] = {"method"};
  static constexpr Metric kRequests{"requests_total", MetricKind::counter, "Requests", kLabels};
  static constexpr Metric kSeconds{"wait_seconds", MetricKind::histogram, "Waiting"};
  static constexpr Metric kOpen{"open_files", MetricKind::gauge, "Open"};
  Metrics metrics;
  metrics.counter(kRequests, {"GE\"T"}).add(3);
  for (const double value : {0.0001, 0.9, 1.5, 9.5, 100.5}) metrics.histogram(kSeconds).observe(value);
  auto reader = metrics.read_from(kOpen, [] { return 7.0; });
  const std::string text = metrics.render();
  EXPECT_TRUE(text.starts_with(
      "# HELP open_files Open\n# TYPE open_files gauge\nopen_files 7\n"
      "# HELP requests_total Requests\n# TYPE requests_total counter\nrequests_total{method=\"GE\\\"T\"} 3\n"
      "# HELP wait_seconds Waiting\n# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"0.00048828125\"} 1\n"))
      << text;
  EXPECT_TRUE(
      text.ends_with("wait_seconds_bucket{le=\"64\"} 4\nwait_seconds_bucket{le=\"+Inf\"} 5\n"
                     "wait_seconds_sum 112.4001\nwait_seconds_count 5\n"))
      << text;
  for (const char* line : {"{le=\"0.5\"} 1\n", "{le=\"1\"} 2\n", "{le=\"2\"} 3\n", "{le=\"16\"} 4\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  reader.reset();
  EXPECT_EQ(metrics.render().find("open_files 7"), std::string::npos);
}

// A page's memory is of millions of bytes: were its bounds those of seconds, all would be beyond the last.
TEST(Metrics, BoundsAreOfTheUnit) {
  static constexpr Metric kBytes{"heap_bytes", MetricKind::histogram, "Memory"};
  static constexpr Metric kRate{"tokens_per_second", MetricKind::histogram, "Rate"};
  Metrics metrics;
  for (const double value : {1e3, 50e6, 70e6, 300e6}) metrics.histogram(kBytes).observe(value);
  for (const double value : {5.0, 100.0, 900.0}) metrics.histogram(kRate).observe(value);
  const std::string text = metrics.render();
  for (const char* line : {"heap_bytes_bucket{le=\"65536\"} 1\n", "heap_bytes_bucket{le=\"67108864\"} 2\n",
                           "heap_bytes_bucket{le=\"134217728\"} 3\n", "heap_bytes_bucket{le=\"+Inf\"} 4\n",
                           "tokens_per_second_bucket{le=\"8\"} 1\n", "tokens_per_second_bucket{le=\"128\"} 2\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(Metrics, OpenMetricsHasExemplars) {
  static constexpr std::string_view kLabels[] = {"route"};
  static constexpr Metric kCalls{"calls_total", MetricKind::counter, "Calls"};
  static constexpr Metric kDone{"done", MetricKind::counter, "Done"};
  static constexpr Metric kSeconds{"call_seconds", MetricKind::histogram, "Time of calls", kLabels};
  Metrics metrics;
  metrics.counter(kCalls).add(2);
  metrics.counter(kDone).add(1);
  Histogram& seconds = metrics.histogram(kSeconds, {"/x"});
  seconds.observe(0.4);
  const TraceContext trace = make_trace(true);
  seconds.exemplify(0.4, trace, 1'800'000'000'012);
  const std::string text = metrics.render_open();
  EXPECT_NE(text.find("# TYPE calls counter\ncalls_total 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE done counter\ndone_total 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("call_seconds_bucket{route=\"/x\",le=\"0.5\"} 1 # {trace_id=\"" + trace.id() +
                      "\"} 0.4 1800000000.012\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
  EXPECT_EQ(metrics.render().find("trace_id"), std::string::npos) << "Prometheus' own form has none";
}

TEST(Error, ErrnoBecomesWhatTheCallerShouldDo) {
  const Result<> full = fail_errno(ENOSPC, "cannot write");
  EXPECT_EQ(full.error().code, ErrorCode::storage_full);
  EXPECT_EQ(Result<>(fail_errno(EIO, "x")).error().code, ErrorCode::storage_failed);
  EXPECT_EQ(parse_error_code(to_string(ErrorCode::rate_limited)), ErrorCode::rate_limited);
}

}  // namespace
}  // namespace atelier

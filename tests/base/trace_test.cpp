#include "base/trace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace atelier {
namespace {

constexpr std::string_view kId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kHeader = "00-" + std::string(kId) + "-00f067aa0ba902b7-01";

TEST(Traceparent, NamesTraceAndSpan) {
  const auto trace = parse_traceparent(kHeader);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->id(), kId);
  EXPECT_EQ(trace->span, 0x00f067aa0ba902b7U);
  EXPECT_TRUE(trace->is_sampled);
  EXPECT_FALSE(trace->is_kept) << "a caller does not say what is recorded here";
  EXPECT_FALSE(parse_traceparent("00-" + std::string(kId) + "-00f067aa0ba902b7-00")->is_sampled);
  const auto later = parse_traceparent("01-" + std::string(kId) + "-00f067aa0ba902b7-03-more");
  ASSERT_TRUE(later) << "a later version says more";
  EXPECT_EQ(later->id(), kId);
}

TEST(Traceparent, IsNoneWhereItIsNotValid) {
  const std::string upper = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
  const std::string no_id = "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01",
                    no_parent = "00-" + std::string(kId) + "-0000000000000000-01";
  for (const std::string& wrong :
       {std::string(), std::string("00"), kHeader.substr(0, 54), kHeader + "-x", kHeader + "x",
        "ff" + kHeader.substr(2), "0g" + kHeader.substr(2), upper, no_id, no_parent, "01" + kHeader.substr(2) + "x",
        kHeader.substr(0, 53) + "zz", "00_" + kHeader.substr(3), kHeader + "\r\nx: y"})
    EXPECT_FALSE(parse_traceparent(wrong)) << wrong;
}

TEST(Traceparent, IsWrittenAsItIsRead) {
  EXPECT_EQ(write_traceparent(*parse_traceparent(kHeader)), kHeader);
  TraceContext made = make_trace(true);
  EXPECT_FALSE(made.is_none());
  EXPECT_NE(made.id(), make_trace(true).id());
  const auto read = parse_traceparent(write_traceparent(made));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id(), made.id());
  EXPECT_NE(read->span, 0U) << "somebody is always the parent";
  made.is_sampled = false;
  EXPECT_FALSE(parse_traceparent(write_traceparent(made))->is_sampled);
  EXPECT_EQ(parse_span_id(span_id_text(0x1234)), SpanId{0x1234});
  EXPECT_FALSE(parse_span_id("12"));
  EXPECT_EQ(TraceContext().id(), "");
}

TEST(Trace, RecordsWhatIsKeptOrFailed) {
  (void)trace::take();
  TraceContext kept = make_trace(true), passed = make_trace(false);
  {
    trace::Span outer(kept, "outer");
    trace::Span inner(outer.context(), "inner", trace::SpanKind::client);
    inner.fact("n", "1");
    trace::Span quiet(passed, "quiet");
    trace::Span failed(passed, "failed");
    failed.fail("unavailable");
    trace::Span moved = std::move(inner);
    const trace::Span nothing(TraceContext(), "nothing");
  }
  auto spans = trace::take();
  std::ranges::sort(spans, {}, &trace::SpanRecord::name);
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].name, "failed");
  EXPECT_EQ(spans[0].fault, "unavailable");
  EXPECT_EQ(spans[1].name, "inner");
  EXPECT_EQ(spans[1].kind, trace::SpanKind::client);
  ASSERT_EQ(spans[1].facts.size(), 1U);
  EXPECT_EQ(spans[2].name, "outer");
  EXPECT_EQ(spans[1].parent, spans[2].context.span);
  EXPECT_EQ(spans[1].context.id(), kept.id());
  EXPECT_GE(spans[1].started, spans[2].started);
  EXPECT_LE(spans[1].ended, spans[2].ended);
  EXPECT_TRUE(trace::take().empty());
}

TEST(Trace, IsBoundedAndCountsWhatItDrops) {
  (void)trace::take();
  const auto before = trace::dropped_count();
  const TraceContext kept = make_trace(true);
  std::thread([&] {
    for (std::size_t i = 0; i < trace::kWaitingMax; ++i) const trace::Span span(kept, "one");
  }).join();
  const std::size_t held = trace::take().size();
  EXPECT_LT(held, trace::kWaitingMax);
  EXPECT_EQ(trace::dropped_count() - before, trace::kWaitingMax - held);
}

TEST(Trace, KeepsSoManyASecondOfAThread) {
  trace::keep_per_second(3);
  int wanted = 0;
  std::thread([&] {
    for (int i = 0; i < 100; ++i) wanted += trace::wants_another() ? 1 : 0;
  }).join();
  EXPECT_GE(wanted, 3);
  EXPECT_LE(wanted, 6) << "a second may have begun on the way";
  std::thread([] {
    for (int i = 0; i < 100; ++i) (void)trace::wants_another(trace::Intent::reads);
    EXPECT_TRUE(trace::wants_another(trace::Intent::changes)) << "reads take none from changes";
  }).join();
  trace::keep_per_second(0);
  std::thread([&] { EXPECT_FALSE(trace::wants_another()); }).join();
  trace::keep_per_second(20);
}

}  // namespace
}  // namespace atelier

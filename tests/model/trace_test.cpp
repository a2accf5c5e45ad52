#include "model/call/trace.hpp"

#include <gtest/gtest.h>

namespace atelier::model {
namespace {

TEST(PutTrace, LeavesTheOperatorsHeaderAlone) {
  TraceContext trace = make_trace(false);
  trace.span = make_span_id();
  WireRequest request{.url = {}, .headers = {{"traceparent", "theirs"}}, .body = {}};
  put_trace(request, trace);
  EXPECT_EQ(request.headers, (std::vector<std::pair<std::string, std::string>>{{"traceparent", "theirs"}}));
  WireRequest plain{.url = {}, .headers = {}, .body = {}};
  put_trace(plain, TraceContext());
  EXPECT_TRUE(plain.headers.empty());
  put_trace(plain, trace);
  ASSERT_EQ(plain.headers.size(), 1U);
  const auto told = parse_traceparent(plain.headers[0].second);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->id(), trace.id());
  EXPECT_EQ(told->span, trace.span) << "the provider's parent is the attempt";
}

}  // namespace
}  // namespace atelier::model

#include "model/call/trace.hpp"

#include <gtest/gtest.h>

namespace atelier::model {
namespace {

constexpr std::string_view kId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kHeader = "00-" + std::string(kId) + "-00f067aa0ba902b7-01";

bool is_made(const Trace& trace) {
  return trace.id.size() == 32 && trace.id != kId &&
         trace.id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

TEST(Trace, IsTheCallersWhereTheyHaveOne) {
  const Trace trace = trace_of(kHeader);
  EXPECT_EQ(trace.id, kId);
  EXPECT_TRUE(trace.is_sampled);
  EXPECT_FALSE(trace_of("00-" + std::string(kId) + "-00f067aa0ba902b7-00").is_sampled);
  EXPECT_EQ(trace_of("01-" + std::string(kId) + "-00f067aa0ba902b7-03-more").id, kId) << "a later version says more";
}

TEST(Trace, IsMadeWhereThereIsNoneThatIsValid) {
  EXPECT_TRUE(is_made(trace_of({})));
  EXPECT_NE(trace_of({}).id, trace_of({}).id);
  const std::string upper = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
  const std::string no_id = "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01",
                    no_parent = "00-" + std::string(kId) + "-0000000000000000-01";
  for (const std::string& wrong :
       {std::string(), std::string("00"), kHeader.substr(0, 54), kHeader + "-x", kHeader + "x",
        "ff" + kHeader.substr(2), "0g" + kHeader.substr(2), upper, no_id, no_parent, "01" + kHeader.substr(2) + "x",
        kHeader.substr(0, 53) + "zz", "00_" + kHeader.substr(3), kHeader + "\r\nx: y"})
    EXPECT_TRUE(is_made(trace_of(wrong))) << wrong;
}

TEST(Trace, GoesOnWithAnIdForEachRequest) {
  const Trace trace = trace_of(kHeader);
  const std::string first = write_traceparent(trace), second = write_traceparent(trace);
  EXPECT_EQ(first.size(), kHeader.size());
  EXPECT_EQ(first.substr(0, 36), kHeader.substr(0, 36));
  EXPECT_NE(first, kHeader) << "the parent is who sends it";
  EXPECT_NE(first, second);
  EXPECT_EQ(trace_of(first).id, kId);
  EXPECT_FALSE(trace_of(write_traceparent({.id = std::string(kId), .is_sampled = false})).is_sampled);
}

TEST(Trace, LeavesTheOperatorsHeaderAlone) {
  WireRequest request{.url = {}, .headers = {{"traceparent", "theirs"}}, .body = {}};
  put_trace(request, trace_of(kHeader));
  EXPECT_EQ(request.headers, (std::vector<std::pair<std::string, std::string>>{{"traceparent", "theirs"}}));
  WireRequest plain{.url = {}, .headers = {}, .body = {}};
  put_trace(plain, Trace());
  EXPECT_TRUE(plain.headers.empty());
  put_trace(plain, trace_of(kHeader));
  ASSERT_EQ(plain.headers.size(), 1U);
  EXPECT_EQ(trace_of(plain.headers[0].second).id, kId);
}

}  // namespace
}  // namespace atelier::model
